package fipto

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestWireUserByKind(t *testing.T) {
	t.Parallel()
	id := roster.MustParseID("3f0c6a52-8d0e-4c5b-9a44-6f1f6f0f2c11")
	head := `{"id":"` + id.String() + `","type":"user","attributes":{"status":"active","whitelisted_ips":`
	for name, c := range map[string]struct {
		user roster.User
		want string
	}{
		"an API client without a key": {
			roster.User{Kind: roster.APIClient, Name: "Sync", FirstName: "S", WhitelistedIPs: []string{"192.0.2.1"}},
			`["192.0.2.1"],"public_key":"","name":"Sync"}}`,
		},
		"a person": {
			roster.User{Name: "Ada Moreno", FirstName: "Ada", LastName: "Moreno", Email: "ada@example.com", PublicKey: "k"},
			`[],"email":"ada@example.com","firstname":"Ada","lastname":"Moreno"}}`,
		},
		"a virtual user": {
			roster.User{Kind: roster.Virtual, Name: "Night shift"},
			`[],"email":"","firstname":"Night shift","lastname":""}}`,
		},
	} {
		c.user.ID = id
		got := encoder{}.user(nil, &c.user)
		dialecttest.Read[User](t, got)
		if diff := cmp.Diff(head+c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFormNamesWhatItShows(t *testing.T) {
	t.Parallel()
	for _, e := range []encoder{{}, {live: true}, {live: true, metadata: true}} {
		dialecttest.ShowsNoMore(t, e.form(), e.user)
	}
}

func TestWhatIsWrittenIsTheWireStruct(t *testing.T) {
	t.Parallel()
	kinds := map[bool]int{}
	for u := range demo.New(1, 300).Users() {
		got := dialecttest.Read[User](t, encoder{}.user(nil, u)).Attributes
		kinds[u.Kind == roster.APIClient]++
		if (got.APIClient != nil) != (u.Kind == roster.APIClient) || (got.Person == nil) != (u.Kind == roster.APIClient) {
			t.Errorf("user %d is a %s and shown as %+v", u.Number, u.Kind, got)
		}
		if diff := cmp.Diff(append([]string{}, u.WhitelistedIPs...), got.WhitelistedIPs); diff != "" {
			t.Errorf("the addresses of user %d (-want +got):\n%s", u.Number, diff)
		}
	}
	if len(kinds) != 2 {
		t.Errorf("the users are of one kind only: %v", kinds)
	}
}

func TestLiveUsersSayWhatTheyAreAndWhoMadeThem(t *testing.T) {
	t.Parallel()
	text := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	roles, makers := 0, 0
	for u := range demo.New(1, 300).Users() {
		wantType, maker := "person", ""
		if u.Kind == roster.APIClient {
			wantType = "api_client"
		}
		if !u.CreatedBy.IsZero() {
			maker = u.CreatedBy.String()
			makers++
		}
		if u.Role != "" {
			roles++
		}
		same := dialecttest.Read[User](t, encoder{}.user(nil, u)).Attributes
		want := LiveUser{u.ID.String(), wantType, LiveAttributes{same, text(u.Role), text(maker)}}
		got := dialecttest.Read[LiveUser](t, encoder{live: true, metadata: true}.user(nil, u))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user %d (-want +got):\n%s", u.Number, diff)
		}
		want.Attributes.CreatedBy = nil
		if diff := cmp.Diff(want, dialecttest.Read[LiveUser](t, encoder{live: true}.user(nil, u))); diff != "" {
			t.Errorf("user %d without metadata:read (-want +got):\n%s", u.Number, diff)
		}
	}
	if roles == 0 || makers == 0 {
		t.Errorf("%d users have a role and %d a maker, want some", roles, makers)
	}
}

func TestEveryStatusHasANameOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range roster.Statuses() {
		name := shown(roster.Status(i))
		seen[name] = true
		if got := shownAs([]string{name}); len(got) != 1 || got[0] != roster.IntValue(int64(i)) {
			t.Errorf("shownAs(%s) = %v, want the status %d alone", name, got, i)
		}
	}
	for _, name := range statuses() {
		if !seen[name] {
			t.Errorf("no status is shown as %s", name)
		}
	}
	if len(seen) != len(statuses()) {
		t.Errorf("%d names are shown, the table has %d", len(seen), len(statuses()))
	}
}
