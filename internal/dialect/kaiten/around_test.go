package kaiten

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

// TestEncoderWritesCompanyUser holds what is written around the list to the wire structs in both contracts.
func TestEncoderWritesCompanyUser(t *testing.T) {
	view := demoView(t, 300)
	documented, live := newEncoder(view, false), newEncoder(view, false)
	live.live = true
	for _, u := range view.users {
		dialecttest.Read[CompanyUser](t, documented.companyUser(nil, u))
		dialecttest.Read[LiveCompanyUser](t, live.companyUser(nil, u))
		dialecttest.Read[Person](t, person(dialect.NewMembers(nil), u).Close())
		if len(u.Spaces) > 0 {
			path := []int64{u.Spaces[0].Number}
			dialecttest.Read[SpaceUser](t, spaceEncoder{encoder: documented, path: path}.user(nil, u))
			dialecttest.Read[LiveSpaceUser](t, spaceEncoder{encoder: live, path: path}.user(nil, u))
		}
	}
}

// The company of these tests: the spaces 1, 2 in it, 3 in that, and 4 apart.
func nested() fakeView {
	id := func(n byte) roster.ID { return roster.ID{n} }
	user := func(n byte, spaces ...roster.SpaceAccess) *roster.User {
		return &roster.User{ID: id(n), Number: int64(n), Spaces: spaces}
	}
	administrator := user(5)
	administrator.Permissions = bitMembers
	gone := user(6, roster.SpaceAccess{Number: 3, Role: "writer"})
	gone.Status = roster.Deactivated
	return fakeView{
		spaces: []*roster.Space{
			{ID: id(11), Number: 1, Access: "by_invite"},
			{ID: id(12), Number: 2, Parent: id(11), Access: "by_invite"},
			{ID: id(13), Number: 3, Parent: id(12)},
			{ID: id(14), Number: 4, Access: forEveryone},
		},
		users: []*roster.User{
			user(1, roster.SpaceAccess{Number: 1, Role: "writer"}),
			user(2, roster.SpaceAccess{Number: 3, Role: "reader"}, roster.SpaceAccess{Number: 1, Role: "manager"}),
			user(3, roster.SpaceAccess{Number: 4, Role: "reader"}),
			user(4), administrator, gone,
		},
	}
}

func (v fakeView) Spaces() []*roster.Space { return v.spaces }

// asked is a request of whom a token acts as, 0 for nobody, to an endpoint.
func asked(t *testing.T, e dialect.Endpoint, actor byte, rawQuery, path string) *dialect.Request {
	t.Helper()
	r := &dialect.Request{Endpoint: &e, View: nested(), Contract: roster.Documented}
	if actor == 0 {
		r.Principal = roster.Operator()
	} else {
		r.Principal.ActsAs = roster.ID{actor}
	}
	if err := r.Decode(rawQuery, func(string) string { return path }); err != nil {
		t.Fatalf("?%s: %v", rawQuery, err)
	}
	return r
}

func TestColleaguesShareSpaces(t *testing.T) {
	for _, test := range []struct {
		actor byte
		query string
		want  []int64
	}{
		{0, "", []int64{1, 2, 3, 4, 5}},
		{5, "", []int64{1, 2, 3, 4, 5}},
		{5, "include_inactive=1", []int64{1, 2, 3, 4, 5, 6}},
		{1, "", []int64{1, 2}},
		{2, "", []int64{1, 2}},
		{2, "include_inactive=1", []int64{1, 2, 6}},
		{2, "ids=1,3", []int64{1}},
		{3, "", []int64{3}},
		{4, "", []int64{4}},
		{4, "offset=1", nil},
		{0, "limit=0", nil},
		{0, "limit=1&offset=1", []int64{2}},
		{0, "exclude_directly_added_members_by_entity_uid=0b000000-0000-0000-0000-000000000000", []int64{3, 4, 5}},
	} {
		r := asked(t, listColleagues(), test.actor, test.query, "")
		q, err := colleagues(r)
		if err != nil {
			t.Fatal(err)
		}
		page, err := r.View.Users(q)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for u := range page.Users {
			got = append(got, u.Number)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("user %d asks ?%s: got %v, want %v", test.actor, test.query, got, test.want)
		}
	}
}

func TestAllowColleagues(t *testing.T) {
	for _, test := range []struct {
		principal          roster.Principal
		colleagues, myself roster.Code
	}{
		{roster.Principal{}, roster.Forbidden, roster.Forbidden},
		{roster.Principal{Permissions: roster.Permissions{roster.UsersRead}}, roster.Forbidden, roster.Forbidden},
		{roster.Operator(), "", roster.Forbidden},
		{roster.Principal{ActsAs: roster.ID{4}}, "", ""},
		{roster.Principal{ActsAs: roster.ID{99}}, roster.Forbidden, roster.Forbidden},
	} {
		got := [2]roster.Code{
			roster.CodeOf(allowColleagues(test.principal, nested())), roster.CodeOf(allowSomebody(test.principal, nested())),
		}
		if diff := cmp.Diff([2]roster.Code{test.colleagues, test.myself}, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.principal, diff)
		}
	}
}

func TestSpacePath(t *testing.T) {
	view := nested()
	for number, want := range map[int64][]int64{1: {1}, 2: {2, 1}, 3: {3, 2, 1}, 4: {4}} {
		if got := spacePath(view, view.Space(number)); !slices.Equal(got, want) {
			t.Errorf("space %d: got %v, want %v", number, got, want)
		}
	}
	view.spaces[0].Parent = view.spaces[2].ID // as no command leaves it
	if got := spacePath(view, view.spaces[0]); !slices.Equal(got, []int64{1, 3, 2}) {
		t.Errorf("spaces in a circle: got %v", got)
	}
}

func TestWhoSeesASpace(t *testing.T) {
	for _, test := range []struct {
		actor byte
		space string
		want  roster.Code
	}{
		{0, "3", ""},
		{1, "3", ""},
		{1, "1", ""},
		{2, "2", ""},
		{3, "3", roster.Forbidden},
		{3, "4", ""},
		{4, "4", ""},
		{4, "1", roster.Forbidden},
		{5, "1", ""},
		{5, "9", roster.NotFound},
	} {
		_, err := serveSpaceUsers(t.Context(), asked(t, listSpaceUsers(), test.actor, "", test.space))
		if got := roster.CodeOf(err); got != test.want {
			t.Errorf("user %d, space %s: code %q, want %q", test.actor, test.space, got, test.want)
		}
	}
}

func TestSpaceAccess(t *testing.T) {
	view := nested()
	for _, test := range []struct {
		user     int
		path     []int64
		own, all string
	}{
		{0, []int64{3, 2, 1}, "", "writer"}, {1, []int64{3, 2, 1}, "reader", "manager"}, {2, []int64{3, 2, 1}, "", ""},
	} {
		u := view.users[test.user]
		if own, all := spaceAccess(u, test.path[:1]), spaceAccess(u, test.path); own != test.own || all != test.all {
			t.Errorf("user %d: access %q of its own and %q in all, want %q and %q", u.Number, own, all, test.own, test.all)
		}
	}
}

// TestChangesOfUsers has the bodies that are no patch of a user; those that are stand in the golden cases.
func TestChangesOfUsers(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: `{}`, `{"apps_permissions":0}`: `{"apps_access":0}`, ` {"temporarily_inactive":false} `: `{"temporarily_inactive":false}`,
		`{"apps_permissions":null,"id":7}`: `{}`, `{"apps_permissions":7}`: "", `{"apps_permissions":1.5}`: "",
		`{"apps_permissions":-1}`: "", `{"temporarily_inactive":"true"}`: "", `"x"`: "", `7`: "", `{`: "", ``: "",
	} {
		patch, err := parseChange([]byte(body))
		if string(patch) != want || (want == "") != (roster.CodeOf(err) == roster.Invalid) {
			t.Errorf("%s: got %s, %v, want %s", body, patch, err, want)
		}
	}
}
