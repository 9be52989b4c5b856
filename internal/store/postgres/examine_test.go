package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

func TestExamine(t *testing.T) {
	t.Parallel()
	s := openNew(t, options{})
	var checks []string
	for _, f := range s.Examine(t.Context()) {
		checks = append(checks, f.Check)
		if f.Severity == store.Fail {
			t.Errorf("of a new database: %+v", f)
		}
		if strings.Contains(f.Found, "secret") || f.Found == "" {
			t.Errorf("%s says %q", f.Check, f.Found)
		}
	}
	if got := strings.Join(checks, " "); got != "store durability write clock connections servers" {
		t.Errorf("it looks at %s", got)
	}
}

// Of a database that can't be asked everything says so.
func TestExamineGone(t *testing.T) {
	t.Parallel()
	s := openNew(t, options{})
	s.writers.Close()
	s.readers.Close()
	for _, f := range s.Examine(t.Context()) {
		if f.Severity != store.Fail || f.Advice == "" {
			t.Errorf("got %+v, want a failure", f)
		}
	}
}

func TestFoundSkew(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ahead, wrong time.Duration
		want         store.Severity
	}{
		{0, 0, store.OK},
		{900 * time.Millisecond, 0, store.OK},
		{2 * time.Second, 0, store.Warn},
		{-2 * time.Second, 0, store.Warn},
		{2 * time.Second, 1500 * time.Millisecond, store.OK},
		{-time.Hour, time.Second, store.Fail},
	} {
		if got := foundSkew(tt.ahead, tt.wrong); got.Severity != tt.want || (got.Advice == "") != (tt.want == store.OK) {
			t.Errorf("%s ahead, or wrong by %s: got %+v, want %s", tt.ahead, tt.wrong, got, tt.want)
		}
	}
}

func TestFoundConnections(t *testing.T) {
	t.Parallel()
	for needs, want := range map[int]store.Severity{27: store.OK, 100: store.Warn} {
		if got := foundConnections(needs, 97, 3, "16 to write"); got.Severity != want {
			t.Errorf("%d of 97: got %+v, want %s", needs, got, want)
		}
	}
}
