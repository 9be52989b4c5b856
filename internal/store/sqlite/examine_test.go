package sqlite

import (
	"testing"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

// severities returns how bad each finding is.
func severities(findings []store.Finding) map[string]store.Severity {
	all := map[string]store.Severity{}
	for _, f := range findings {
		all[f.Check] = f.Severity
	}
	return all
}

func TestExamine(t *testing.T) {
	s := openHere(t)
	got := s.Examine(t.Context())
	for _, check := range []string{"store", "durability", "disk"} {
		if severities(got)[check] != store.OK && check != "disk" {
			t.Errorf("%s of a new store: %+v", check, got)
		}
		if severities(got)[check] == "" {
			t.Errorf("nothing is said about %s: %+v", check, got)
		}
	}
	if write := severities(got)["write"]; write != store.OK && write != store.Warn { // which a busy machine may be
		t.Errorf("a new store can't be written to: %+v", got)
	}
	for _, pragma := range []string{"synchronous = NORMAL", "query_only = 1"} {
		if _, err := s.writer.conn.ExecContext(t.Context(), "PRAGMA "+pragma); err != nil {
			t.Fatal(err)
		}
	}
	spoiled := severities(s.Examine(t.Context()))
	if spoiled["durability"] != store.Fail || spoiled["write"] != store.Fail || spoiled["store"] != store.OK {
		t.Errorf("a store that does not wait for the disk and can't be written to: %v", spoiled)
	}
}

func TestFoundRoom(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, tt := range []struct {
		room, size int64
		want       store.Severity
	}{
		{10 * gib, mib, store.OK}, {10 * gib, 11 * gib, store.Warn}, {gib / 2, mib, store.Warn}, {mib, mib, store.Fail},
	} {
		if got := foundRoom(tt.room, tt.size); got.Severity != tt.want || (got.Advice == "") != (tt.want == store.OK) {
			t.Errorf("%d bytes are free beside %d: got %+v, want %s", tt.room, tt.size, got, tt.want)
		}
	}
}

func TestFoundWrite(t *testing.T) {
	for took, want := range map[time.Duration]store.Severity{time.Millisecond: store.OK, time.Second: store.Warn} {
		if got := store.FoundWrite(took, nil); got.Severity != want {
			t.Errorf("a commit of %s: got %+v, want %s", took, got, want)
		}
	}
}
