package storetest

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testPast(t *testing.T, open Open) {
	t.Helper()
	t.Run("version at a time", func(t *testing.T) { testVersionAt(t, open(t)) })
	t.Run("what is kept", func(t *testing.T) { testHistory(t, open(t)) })
	t.Run("of no organization", func(t *testing.T) { testNoPast(t, open(t)) })
}

// at makes a change at a time.
func at(t *testing.T, s store.Store, at roster.Time, ops ...roster.Op) {
	t.Helper()
	_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
		return roster.Change{At: at, Ops: ops}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testVersionAt(t *testing.T, s store.Store) {
	t.Helper()
	at(t, s, 1000, creations(org(1))...)
	for n, made := range []roster.Time{1000, 2000, 2000, 2000, 5000} {
		at(t, s, made, creations(user(n))...)
	}
	mustCommit(t, s, id(2), creations(org(2))...)
	for when, want := range map[roster.Time]roster.Version{
		-1: 0, 0: 0, 999: 0, 1000: 2, 1999: 2, 2000: 5, 4999: 5, 5000: 6, 1 << 60: 6,
	} {
		got, err := s.VersionAt(t.Context(), id(1), when)
		if err != nil || got != want {
			t.Errorf("version at %d: got %d, %v, want %d", when, got, err, want)
		}
	}
}

func testHistory(t *testing.T, s store.Store) {
	t.Helper()
	at(t, s, 1000, creations(org(1), user(1))...)
	bytes := int64(0)
	for n := range 3 {
		at(t, s, 2000, creations(user(2+n))...)
		info := history(t, s)
		want := roster.HistoryInfo{
			Oldest: 1, OldestAt: 1000, Version: roster.Version(n + 2), Changes: int64(n + 2), Bytes: info.Bytes,
		}
		if diff := cmp.Diff(want, info); diff != "" || info.Bytes <= bytes {
			t.Errorf("history of %d bytes after %d (-want +got):\n%s", info.Bytes, bytes, diff)
		}
		bytes = info.Bytes
	}
	wantSince(t, s, 0)
}

func history(t *testing.T, s store.Store) roster.HistoryInfo {
	t.Helper()
	info, err := s.History(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func wantSince(t *testing.T, s store.Store, want roster.Version) {
	t.Helper()
	if got, err := s.Since(t.Context(), id(1)); err != nil || got != want {
		t.Errorf("since: got %d, %v, want %d", got, err, want)
	}
}

func testNoPast(t *testing.T, s store.Store) {
	t.Helper()
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"Since":     func() error { _, err := s.Since(ctx, id(1)); return err },
		"VersionAt": func() error { _, err := s.VersionAt(ctx, id(1), 5); return err },
		"History":   func() error { _, err := s.History(ctx, id(1)); return err },
	} {
		wantCode(t, fmt.Sprint(name, " of no organization"), call(), roster.NotFound)
	}
}
