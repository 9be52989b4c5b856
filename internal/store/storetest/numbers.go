package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// testNumbers: the numbers that are free follow from the records that there were, and no document has them.
func testNumbers(t *testing.T, open Open) {
	t.Helper()
	s := open(t)
	given := changed(org(1), func(o *roster.Organization) { o.Next = roster.Numbers{Space: 5} })
	mustCommit(t, s, id(1), creations(given, user(6), &roster.Role{ID: id(3), Number: 2, Handle: "a", Name: "A"})...)
	wantNumbers(t, s, roster.Numbers{Role: 3, Space: 5, User: 7})
	mustCommit(t, s, id(1), creations(user(3), &roster.Group{ID: id(4), Number: 1, Name: "g"})...)
	wantNumbers(t, s, roster.Numbers{Group: 2, Role: 3, Space: 5, User: 7})

	_, err := commit(t.Context(), s, id(1), creations(user(40), user(3))...)
	wantTaken(t, "a change that fails", err, "id")
	wantNumbers(t, s, roster.Numbers{Group: 2, Role: 3, Space: 5, User: 7})

	renamed := changed(org(1), func(o *roster.Organization) { o.Name = "Renamed" })
	mustCommit(t, s, id(1), roster.Op{Before: org(1), After: renamed}, roster.Op{Before: user(6)})
	wantNumbers(t, s, roster.Numbers{Group: 2, Role: 3, Space: 5, User: 7})
	changes, err := s.Changes(t.Context(), id(1), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		for _, op := range change.Ops {
			if o, ok := op.After.(*roster.Organization); ok && o.Next != (roster.Numbers{}) {
				t.Errorf("version %d tells of the numbers %+v", change.Version, o.Next)
			}
		}
	}
}

// wantNumbers holds the numbers that are free, as everything tells that hands out the organization.
func wantNumbers(t *testing.T, s store.Store, want roster.Numbers) {
	t.Helper()
	told := map[string]roster.Numbers{}
	tell := func(by string) func(e roster.Entity) error {
		return func(e roster.Entity) error {
			if o, ok := e.(*roster.Organization); ok {
				told[by] = o.Next
			}
			return nil
		}
	}
	_, loaded := s.Load(t.Context(), id(1), tell("Load"))
	listed := s.Orgs(t.Context(), func(o *roster.Organization) error { return tell("Orgs")(o) })
	_, asked := s.Update(t.Context(), id(1), func(state roster.State) (roster.Change, error) {
		got, err := state.Get(roster.TypeOrganization, id(1))
		found, errFind := state.Find(roster.TypeOrganization, roster.Keys{Number: 1})
		each := state.Each(roster.TypeOrganization, tell("Each"))
		return roster.Change{}, errors.Join(err, errFind, each, tell("Get")(got), tell("Find")(found))
	})
	if err := errors.Join(loaded, listed, asked); err != nil {
		t.Fatal(err)
	}
	all := map[string]roster.Numbers{"Load": want, "Orgs": want, "Get": want, "Find": want, "Each": want}
	if diff := cmp.Diff(all, told); diff != "" {
		t.Errorf("the numbers that are free (-want +got):\n%s", diff)
	}
}
