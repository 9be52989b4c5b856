package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// inState runs fn with the state of an organization and commits nothing.
func inState(t *testing.T, s store.Store, org roster.ID, fn func(roster.State)) {
	t.Helper()
	_, err := s.Update(t.Context(), org, func(state roster.State) (roster.Change, error) {
		fn(state)
		return roster.Change{}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func testState(t *testing.T, open Open) {
	t.Helper()
	t.Run("get and find", func(t *testing.T) { testFind(t, open(t)) })
	t.Run("find all", func(t *testing.T) { testFindAll(t, open(t)) })
	t.Run("find nothing", func(t *testing.T) { testFindNothing(t, open(t)) })
	t.Run("find follows changes", func(t *testing.T) { testFindFollows(t, open(t)) })
	t.Run("each", func(t *testing.T) { testEach(t, open(t)) })
	t.Run("organization has its version", func(t *testing.T) {
		s := open(t)
		mustCommit(t, s, id(1), creations(org(1))...)
		mustCommit(t, s, id(1), creations(user(1))...)
		want := roster.Entity(changed(org(1), func(o *roster.Organization) { o.Version, o.Next.User = 2, 2 }))
		inState(t, s, id(1), func(state roster.State) {
			if state.Version() != 2 {
				t.Errorf("state at version %d, want 2", state.Version())
			}
			wantRecord(t, "get", want)(state.Get(roster.TypeOrganization, id(1)))
			wantRecord(t, "get another", nil)(state.Get(roster.TypeOrganization, id(2)))
			wantRecord(t, "by number", want)(state.Find(roster.TypeOrganization, roster.Keys{Number: 1}))
			wantRecord(t, "by slug", want)(state.Find(roster.TypeOrganization, roster.Keys{Identifier: "org-1"}))
			wantRecord(t, "by another slug", nil)(state.Find(roster.TypeOrganization, roster.Keys{Identifier: "org-2"}))
			err := state.Each(roster.TypeOrganization, func(e roster.Entity) error {
				wantRecord(t, "each", want)(e, nil)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
}

// wantRecord returns a function that holds what a State returned against a record, nil for none.
func wantRecord(t *testing.T, what string, want roster.Entity) func(roster.Entity, error) {
	t.Helper()
	return func(got roster.Entity, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func testFind(t *testing.T, s store.Store) {
	t.Helper()
	boss := changed(user(3), func(u *roster.User) {
		u.Owner, u.Identifier, u.Email = true, "BÄRBEL", "Bärbel@Example.com"
	})
	role := &roster.Role{ID: id(5), Number: 3, Handle: "user1", Name: "A handle like a user's identifier"}
	mustCommit(t, s, id(1), creations(org(1), user(1), user(2), boss, role, token(1))...)
	mustCommit(t, s, id(2), creations(org(2), user(4))...)
	inState(t, s, id(1), func(state roster.State) {
		for _, e := range []roster.Entity{user(1), user(2), boss, role, token(1)} {
			wantRecord(t, "get", e)(state.Get(e.Key().Type, e.Key().ID))
			for _, unique := range store.Uniques(e) {
				wantRecord(t, "find by "+unique.Field, e)(state.Find(e.Key().Type, unique.Keys))
			}
		}
	})
}

// testFindAll holds a state that looks many records up at once to what it finds one by one.
func testFindAll(t *testing.T, s store.Store) {
	t.Helper()
	const users = 300 // more than any driver asks for at once
	records := []roster.Entity{org(1), changed(user(users+1), func(u *roster.User) { u.Email = "" })}
	for n := range users {
		records = append(records, user(n+1))
	}
	group := &roster.Group{ID: user(1).ID, Number: 1, Name: "g"}
	mustCommit(t, s, id(1), creations(append(records, group)...)...)
	mustCommit(t, s, id(2), creations(org(2), user(users+2))...)
	inState(t, s, id(1), func(state roster.State) {
		wantAll(t, state, roster.TypeUser, 1, users+5)
		wantAll(t, state, roster.TypeUser, 7, 7)
		wantAll(t, state, roster.TypeUser, 1, 0)
		wantAll(t, state, roster.TypeGroup, 1, 200)
	})
}

// wantAll looks for the users of some numbers, or other records with the same keys: a quarter of them by each key.
func wantAll(t *testing.T, state roster.State, typ roster.Type, first, last int) {
	t.Helper()
	finder, ok := state.(store.Finder)
	if !ok {
		return
	}
	var ids []roster.ID
	var keys []roster.Keys
	want := map[roster.ID]roster.Entity{}
	note := func(e roster.Entity, err error) {
		if err != nil {
			t.Error(err)
		} else if e != nil {
			want[e.Key().ID] = e
		}
	}
	for n := first; n <= last; n++ {
		if n%4 == 0 {
			ids = append(ids, user(n).ID)
			note(state.Get(typ, user(n).ID))
			continue
		}
		k := store.Uniques(user(n))[n%4-1].Keys
		keys = append(keys, k)
		note(state.Find(typ, k))
	}
	found, err := finder.FindAll(typ, ids, keys)
	if err != nil {
		t.Fatal(err)
	}
	got := map[roster.ID]roster.Entity{}
	for _, e := range found {
		got[e.Key().ID] = e
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%d to %d of type %s (-one by one +at once):\n%s", first, last, typ, diff)
	}
}

func testFindNothing(t *testing.T, s store.Store) {
	t.Helper()
	look := func(state roster.State) {
		wantRecord(t, "get", nil)(state.Get(roster.TypeUser, user(4).ID))
		for _, unique := range store.Uniques(changed(user(4), func(u *roster.User) { u.Owner = true })) {
			wantRecord(t, "find by "+unique.Field, nil)(state.Find(roster.TypeUser, unique.Keys))
		}
		wantRecord(t, "find by no key", nil)(state.Find(roster.TypeUser, roster.Keys{}))
		wantRecord(t, "find an unknown type", nil)(state.Find("x", roster.Keys{Number: 1}))
		err := state.Each(roster.TypeUser, func(e roster.Entity) error { return errors.New(e.Key().String()) })
		if err != nil {
			t.Errorf("each: got %v, want nothing", err)
		}
	}
	inState(t, s, id(1), func(state roster.State) {
		if state.Version() != 0 {
			t.Errorf("no organization at version %d, want 0", state.Version())
		}
		wantRecord(t, "get the organization", nil)(state.Get(roster.TypeOrganization, id(1)))
		look(state)
	})
	mustCommit(t, s, id(1), creations(org(1), &roster.Group{ID: user(4).ID, Number: 4, Name: "g"})...)
	mustCommit(t, s, id(2), creations(org(2), user(4))...)
	inState(t, s, id(1), look)
}

func testFindFollows(t *testing.T, s store.Store) {
	t.Helper()
	moved := changed(user(1), func(u *roster.User) { u.Number, u.Email, u.Identifier, u.Owner = 9, "", "moved", true })
	mustCommit(t, s, id(1), creations(org(1), user(1), user(2))...)
	mustCommit(t, s, id(1), roster.Op{Before: user(1), After: moved}, roster.Op{Before: user(2)})
	inState(t, s, id(1), func(state roster.State) {
		for _, unique := range store.Uniques(moved) {
			wantRecord(t, "find by new "+unique.Field, moved)(state.Find(roster.TypeUser, unique.Keys))
		}
		for _, u := range []*roster.User{user(1), user(2)} {
			for _, unique := range store.Uniques(u) {
				wantRecord(t, "find by old "+unique.Field, nil)(state.Find(roster.TypeUser, unique.Keys))
			}
		}
		wantRecord(t, "get", moved)(state.Get(roster.TypeUser, moved.ID))
		wantRecord(t, "get what is deleted", nil)(state.Get(roster.TypeUser, user(2).ID))
	})
}

func testEach(t *testing.T, s store.Store) {
	t.Helper()
	const users = 1500 // more than any driver reads at once
	records := []roster.Entity{org(1), token(1)}
	for n := range users {
		records = append(records, user(n+1))
	}
	mustCommit(t, s, id(1), creations(records...)...)
	mustCommit(t, s, id(2), creations(org(2), user(users+1))...)
	stop := errors.New("stop")
	inState(t, s, id(1), func(state roster.State) {
		seen := map[roster.ID]roster.Entity{}
		err := state.Each(roster.TypeUser, func(e roster.Entity) error {
			seen[e.Key().ID] = e
			return nil
		})
		if err != nil || len(seen) != users {
			t.Errorf("got %d users, %v, want %d", len(seen), err, users)
		}
		wantRecord(t, "one of each", user(700))(seen[user(700).ID], nil)
		calls := 0
		err = state.Each(roster.TypeUser, func(roster.Entity) error { calls++; return stop })
		if !errors.Is(err, stop) || calls != 1 {
			t.Errorf("got %v after %d calls, want %v after 1", err, calls, stop)
		}
	})
}
