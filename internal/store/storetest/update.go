package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testUpdate(t *testing.T, open Open) {
	t.Helper()
	t.Run("create, update, delete", func(t *testing.T) { testLifecycle(t, open(t)) })
	t.Run("callback fails", func(t *testing.T) {
		s, stop := open(t), errors.New("stop")
		mustCommit(t, s, id(1), creations(org(1))...)
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			return roster.Change{Ops: creations(user(1))}, stop
		})
		if !errors.Is(err, stop) {
			t.Errorf("got %v, want %v", err, stop)
		}
		wantContent(t, s, id(1), 1, org(1))
		mustCommit(t, s, id(1), creations(user(1))...)
		wantContent(t, s, id(1), 2, org(1), user(1))
	})
	t.Run("callback panics", func(t *testing.T) { testPanic(t, open(t)) })
	t.Run("no ops", func(t *testing.T) { testNoOps(t, open(t)) })
	t.Run("missing record", func(t *testing.T) { testMissing(t, open(t)) })
	t.Run("wrong shape", func(t *testing.T) {
		s := open(t)
		mustCommit(t, s, id(1), creations(org(1), user(1))...)
		for name, ops := range map[string][]roster.Op{
			"another organization": creations(user(2), org(2)),
			"two ops on a record":  {{After: user(2)}, {Before: user(2)}},
			"no record":            {{After: user(2)}, {}},
			"another record":       {{After: user(2)}, {Before: user(1), After: user(3)}},
		} {
			_, err := commit(t.Context(), s, id(1), ops...)
			wantCode(t, name, err, roster.Internal)
		}
		wantContent(t, s, id(1), 1, org(1), user(1))
	})
	t.Run("delete the organization", func(t *testing.T) { testDeleteOrg(t, open(t)) })
}

func testLifecycle(t *testing.T, s store.Store) {
	t.Helper()
	meta := roster.Change{At: 1_700_000_000_000, Actor: id(77)}
	steps := [][]roster.Op{
		creations(org(1), user(1), user(2), token(1)),
		{{Before: user(1), After: changed(user(1), func(u *roster.User) { u.Name = "New" })}},
		{{Before: user(2)}, {After: user(3)}},
		{{Before: org(1), After: changed(org(1), func(o *roster.Organization) { o.Slug, o.Name = "new", "New" })}},
		{{Before: token(1), After: changed(token(1), func(t *roster.Token) { t.RevokedAt = 5 })}},
	}
	for i, ops := range steps {
		want := roster.Change{Org: id(1), Version: roster.Version(i + 1), At: meta.At, Actor: meta.Actor, Ops: ops}
		got, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			return roster.Change{At: meta.At, Actor: meta.Actor, Ops: ops}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("update (-want +got):\n%s", diff)
		}
	}
	wantContent(t, s, id(1), 5, steps[3][0].After, steps[1][0].After, user(3), steps[4][0].After)
}

func testPanic(t *testing.T, s store.Store) {
	t.Helper()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic of a callback was swallowed")
			}
		}()
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) { panic("a bug") })
		t.Errorf("update returned after a panic, with %v", err)
	}()
	mustCommit(t, s, id(1), creations(org(1))...)
	wantContent(t, s, id(1), 1, org(1))
}

func testNoOps(t *testing.T, s store.Store) {
	t.Helper()
	for version := range roster.Version(3) {
		got := mustCommit(t, s, id(1))
		if diff := cmp.Diff(roster.Change{Org: id(1), Version: version}, got); diff != "" {
			t.Errorf("change without ops (-want +got):\n%s", diff)
		}
		record := roster.Entity(user(int(version)))
		if version == 0 {
			record = org(1)
		}
		mustCommit(t, s, id(1), creations(record)...)
	}
	changes, err := s.Changes(t.Context(), id(1), 0, 10)
	if err != nil || len(changes) != 3 {
		t.Errorf("got %d changes, %v, want 3", len(changes), err)
	}
}

func testMissing(t *testing.T, s store.Store) {
	t.Helper()
	_, err := commit(t.Context(), s, id(1), creations(user(1))...)
	wantCode(t, "first change without an organization", err, roster.NotFound)
	_, err = commit(t.Context(), s, id(1), roster.Op{Before: org(1)})
	wantCode(t, "deletion of no organization", err, roster.NotFound)
	mustCommit(t, s, id(1), creations(org(1), user(1))...)
	mustCommit(t, s, id(2), creations(org(2), user(2))...)
	renamed := changed(user(2), func(u *roster.User) { u.Identifier = "x" })
	for what, op := range map[string]roster.Op{
		"deletion":        {Before: user(2)},
		"update":          {Before: user(2), After: user(2)},
		"update of a key": {Before: user(2), After: renamed},
	} {
		_, err := commit(t.Context(), s, id(1), op)
		wantCode(t, what+" of no user", err, roster.NotFound)
		_, err = commit(t.Context(), s, id(1), roster.Op{After: user(3)}, op)
		wantCode(t, what+" of no user beside a creation", err, roster.NotFound)
	}
	wantContent(t, s, id(1), 1, org(1), user(1))
	wantContent(t, s, id(2), 1, org(2), user(2))
}

func testDeleteOrg(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), user(1), token(1))...)
	mustCommit(t, s, id(2), creations(org(2), user(1))...)
	if got := mustCommit(t, s, id(1), roster.Op{Before: org(1)}).Version; got != 2 {
		t.Errorf("deletion made version %d, want 2", got)
	}
	_, err := load(t.Context(), s, id(1))
	wantCode(t, "load", err, roster.NotFound)
	_, err = s.TokenOrg(t.Context(), token(1).Hash)
	wantCode(t, "organization of the token", err, roster.NotFound)
	if changes, err := s.Changes(t.Context(), id(1), 0, 10); err != nil || len(changes) != 0 {
		t.Errorf("got %d changes, %v, want none", len(changes), err)
	}
	wantContent(t, s, id(2), 1, org(2), user(1))
	again := changed(org(1), func(o *roster.Organization) { o.ID = id(3) })
	mustCommit(t, s, id(3), creations(again)...)
	mustCommit(t, s, id(3), roster.Op{Before: again})
	mustCommit(t, s, id(1), creations(org(1))...)
	wantContent(t, s, id(1), 1, org(1))
}
