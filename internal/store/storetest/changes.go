package storetest

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
)

func testChanges(t *testing.T, open Open) {
	t.Helper()
	s := open(t)
	later := changed(user(1), func(u *roster.User) { u.Name = `Quotes " \ and <tags> & ü 😀` })
	steps := [][]roster.Op{
		creations(org(1), user(1), fullUser(), token(1)),
		{{Before: user(1), After: later}},
		{{Before: later}, {After: &roster.Group{ID: id(3), Number: 1, Name: "g"}}},
		{{Before: org(1), After: changed(org(1), func(o *roster.Organization) { o.Name = "New" })}},
	}
	var want []roster.Change
	for i, ops := range steps {
		change := roster.Change{At: roster.Time(1000 + i), Ops: ops}
		if i%2 == 0 {
			change.Actor = id(50)
		}
		made, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) { return change, nil })
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, made)
	}
	mustCommit(t, s, id(2), creations(org(2), user(1))...)
	for name, window := range map[string]struct {
		after    roster.Version
		limit    int
		from, to int
	}{
		"all":             {0, 100, 0, 4},
		"exactly all":     {0, 4, 0, 4},
		"the first":       {0, 1, 0, 1},
		"the middle":      {1, 2, 1, 3},
		"the last":        {3, 5, 3, 4},
		"after the last":  {4, 5, 4, 4},
		"in the future":   {99, 5, 4, 4},
		"before all":      {-5, 2, 0, 2},
		"largest numbers": {0, math.MaxInt, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Changes(t.Context(), id(1), window.after, window.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[window.from:window.to], got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
	if got, err := s.Changes(t.Context(), id(3), 0, 10); err != nil || len(got) != 0 {
		t.Errorf("changes of no organization: got %d, %v, want none", len(got), err)
	}
}
