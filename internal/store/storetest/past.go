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
	t.Run("trimmed", func(t *testing.T) { testTrim(t, open(t)) })
	t.Run("trimmed in steps", func(t *testing.T) { testTrimLarge(t, open(t)) })
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
		"Trim":      func() error { _, err := s.Trim(ctx, id(1), 5); return err },
	} {
		wantCode(t, fmt.Sprint(name, " of no organization"), call(), roster.NotFound)
	}
}

// testTrim trims a history in which every kind of op stands, step by step: what is left can be verified, and nothing of
// it can be altered unseen.
func testTrim(t *testing.T, s store.Store) {
	t.Helper()
	written(t, s, roster.Change{
		At: 1000, Ops: creations(org(1), user(1), user(2)), Entries: []roster.Entry{entry(0, 2), entry(2, 3)},
	})
	active := changed(user(1), func(u *roster.User) { u.LastLoginAt = 5 })
	at(t, s, 2000, roster.Op{Before: user(1), After: active}) // which has no entry
	written(t, s, roster.Change{
		At: 3000, Ops: []roster.Op{{Before: active}, {After: user(3)}}, Entries: []roster.Entry{entry(0, 2)},
	})
	written(t, s, roster.Change{At: 4000, Ops: creations(user(4)), Entries: []roster.Entry{entry(0, 1)}})
	before, whole := verify(t, s), history(t, s)
	found, _ := entries(t, s, roster.EntryQuery{Limit: 10})
	for _, upTo := range []roster.Version{0, 2, 1, 3, 3} {
		trim(t, s, upTo)
		after, _ := entries(t, s, roster.EntryQuery{Limit: 10})
		if diff := cmp.Diff(found, after); diff != "" {
			t.Errorf("entries after a trim to %d (-want +got):\n%s", upTo, diff)
		}
		if diff := cmp.Diff(before, verify(t, s)); diff != "" {
			t.Errorf("verify after a trim to %d (-want +got):\n%s", upTo, diff)
		}
	}
	changes, err := s.Changes(t.Context(), id(1), 0, 10)
	if err != nil || len(changes) != 1 || changes[0].Version != 4 {
		t.Errorf("after version 0 there are the changes %+v, %v, want that to version 4 alone", changes, err)
	}
	info := history(t, s)
	want := roster.HistoryInfo{Oldest: 3, OldestAt: 3000, Version: 4, Changes: 1, Bytes: info.Bytes}
	if diff := cmp.Diff(want, info); diff != "" || info.Bytes <= 0 || info.Bytes >= whole.Bytes {
		t.Errorf("history of %d bytes, %d before (-want +got):\n%s", info.Bytes, whole.Bytes, diff)
	}
	_, ops := entries(t, s, roster.EntryQuery{Limit: 10, Ops: true})
	var shown []string
	for _, list := range ops {
		for _, op := range list {
			shown = append(shown, fmt.Sprint(op.Verb(), " ", op.Key().Type, " ", op.IsErased()))
		}
	}
	wantOps := []string{
		"create user false", "delete user true", "create user true", "create user true", "create organization true",
		"create user true",
	}
	if diff := cmp.Diff(wantOps, shown); diff != "" {
		t.Errorf("what entries show (-want +got):\n%s", diff)
	}
	wantContent(t, s, id(1), 4, org(1), user(2), user(3), user(4))
	if got, err := s.VersionAt(t.Context(), id(1), 1500); err != nil || got != 1 {
		t.Errorf("version at 1500: got %d, %v, want 1", got, err)
	}
}

// trim trims the history up to a version, in as many steps as it takes.
func trim(t *testing.T, s store.Store, upTo roster.Version) {
	t.Helper()
	for {
		before, err := s.Since(t.Context(), id(1))
		if err != nil {
			t.Fatal(err)
		}
		since, err := s.Trim(t.Context(), id(1), upTo)
		if err != nil {
			t.Fatal(err)
		}
		wantSince(t, s, since)
		if since == before {
			break
		}
	}
	if since, err := s.Since(t.Context(), id(1)); err != nil || since < upTo {
		t.Errorf("trimmed to %d, %v, want %d", since, err, upTo)
	}
}

// testTrimLarge trims more than one step takes, beyond the present version.
func testTrimLarge(t *testing.T, s store.Store) {
	t.Helper()
	written(t, s, roster.Change{At: 1, Ops: creations(org(1)), Entries: []roster.Entry{entry(0, 1)}})
	for n := range 700 {
		e := []roster.Entry{entry(0, 1)}
		written(t, s, roster.Change{At: 2, Ops: creations(user(n)), Entries: e})
	}
	before := verify(t, s)
	if since, err := s.Trim(t.Context(), id(1), 1000); err != nil || since < 1 || since > 701 {
		t.Fatalf("trimmed to %d, %v", since, err)
	}
	trim(t, s, 701)
	if diff := cmp.Diff(before, verify(t, s)); diff != "" || before.Entries != 701 {
		t.Errorf("verify (-want +got):\n%s", diff)
	}
	written(t, s, roster.Change{At: 3, Ops: creations(user(701)), Entries: []roster.Entry{entry(0, 1)}})
	if got := verify(t, s); got.Entries != 702 || got.Fault != nil {
		t.Errorf("verify after one more: %+v", got)
	}
}
