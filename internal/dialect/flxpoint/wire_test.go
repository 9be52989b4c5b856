package flxpoint

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

// roles is a view with roles and nothing else.
type roles struct {
	dialect.View
	asked int
}

func (v *roles) Role(handle string) *roster.Role {
	v.asked++
	switch handle {
	case "support":
		return &roster.Role{Number: 2, Handle: "support", Name: "Support Specialist"}
	case "lead":
		return &roster.Role{Number: 4, Handle: "lead", Name: "Team Lead", CountsAs: "support"}
	case "astray":
		return &roster.Role{Number: 5, Handle: "astray", Name: "Astray", CountsAs: "gone"}
	default:
		return nil
	}
}

func TestFormNamesWhatItShows(t *testing.T) {
	t.Parallel()
	e := &encoder{view: &roles{}, roles: map[string]string{}}
	dialecttest.ShowsNoMore(t, form(), e.user)
}

func TestWhatIsWrittenIsTheWireStruct(t *testing.T) {
	t.Parallel()
	e := &encoder{view: &roles{}, roles: map[string]string{}}
	for u := range demo.New(1, 300).Users() {
		got := dialecttest.Read[User](t, e.user(nil, u))
		if got.ID != u.Number || got.Email != u.Email || got.IsPrimary != u.Owner ||
			got.MinutesOfActivity != u.MinutesOfActivity || (got.LastSessionAt != "") != (u.LastSessionAt != 0) {
			t.Errorf("user %d is shown as %+v", u.Number, got)
		}
	}
}

func TestRolesAreShownAsTheBuiltInOnesTheyCountAs(t *testing.T) {
	t.Parallel()
	view := &roles{}
	e := &encoder{view: view, roles: map[string]string{}}
	for range 2 {
		for handle, want := range map[string]*Role{
			"support": {ID: 2, Name: "Support Specialist", Handle: "support"},
			"lead":    {ID: 2, Name: "Support Specialist", Handle: "support"},
			"astray":  nil,
			"unknown": nil,
			"":        nil,
		} {
			got := dialecttest.Read[User](t, e.user(nil, &roster.User{Number: 1, Role: handle})).Role
			if (got == nil) != (want == nil) || got != nil && *got != *want {
				t.Errorf("the role %q is shown as %+v, want %+v", handle, got, want)
			}
		}
	}
	if view.asked != 8 {
		t.Errorf("the view was asked for roles %d times, want each role once", view.asked)
	}
}
