package sixeye

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestFormNamesWhatItShows(t *testing.T) {
	t.Parallel()
	all := encoder{attributes: attributeNames()}
	dialecttest.ShowsNoMore(t, all.form(), all.user)
	all.address, all.related = "https://roster.example/users", true
	dialecttest.ShowsNoMore(t, all.form(), all.user)
	if form := all.form(); form.Name != "" {
		t.Errorf("what has links is kept as %s, whatever host a client names", form.Name)
	}
}

func TestWhatIsWrittenIsTheWireStruct(t *testing.T) {
	t.Parallel()
	all := encoder{attributes: attributeNames()}
	for u := range demo.New(1, 300).Users() {
		got := dialecttest.Read[User](t, all.user(nil, u)).Attributes
		if got.Email != u.Email || (got.PhoneNumber != nil) != (u.Phone != "") || got.TenantAdmin != u.TenantAdmin ||
			got.TwoFactorEnabled != u.TwoFactor || got.Suspended != (u.Status == roster.Suspended) ||
			(got.LastLoginTime != nil) != (u.LastLoginAt != 0) || (got.LastActionTime != nil) != (u.LastActionAt != 0) {
			t.Errorf("user %d is shown as %+v", u.Number, got)
		}
	}
}

func TestLiveUsersHaveLinks(t *testing.T) {
	t.Parallel()
	documented := encoder{attributes: attributeNames()}
	live := encoder{attributes: attributeNames(), address: "https://roster.example/users", related: true}
	for u := range demo.New(1, 100).Users() {
		got := dialecttest.Read[LiveUser](t, live.user(nil, u))
		want := dialecttest.Read[User](t, documented.user(nil, u))
		if diff := cmp.Diff(want, User{got.ID, got.Type, got.Attributes}); diff != "" {
			t.Errorf("user %d (-documented +live):\n%s", u.Number, diff)
		}
		self := "https://roster.example/users/" + u.ID.String()
		related := RelationshipLinks{Self: self + "/relationships/projectSuites", Related: self + "/projectSuites"}
		if got.Links.Self != self || got.Relationships.ProjectSuites.Links != related {
			t.Errorf("user %d has the links %+v and %+v", u.Number, got.Links, got.Relationships)
		}
	}
}
