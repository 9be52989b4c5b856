package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testLoad(t *testing.T, open Open) {
	t.Helper()
	t.Run("every record in the order of types and numbers", func(t *testing.T) { testLoadOrder(t, open(t)) })
	t.Run("every member of a user", func(t *testing.T) {
		s, full := open(t), fullUser()
		mustCommit(t, s, id(1), creations(org(1), full)...)
		wantContent(t, s, id(1), 1, org(1), full)
	})
	t.Run("organizations by number", func(t *testing.T) { testOrgs(t, open(t)) })
	t.Run("snapshot", func(t *testing.T) { testSnapshot(t, open(t)) })
	t.Run("of nothing", func(t *testing.T) {
		s := open(t)
		_, err := load(t.Context(), s, id(1))
		wantCode(t, "load", err, roster.NotFound)
		if err := s.Orgs(t.Context(), func(o *roster.Organization) error { return errors.New(o.Slug) }); err != nil {
			t.Errorf("an empty store has an organization: %v", err)
		}
	})
	t.Run("batches", func(t *testing.T) { testBatches(t, open(t)) })
	t.Run("callback fails", func(t *testing.T) { testCallbackFails(t, open(t)) })
	t.Run("token", func(t *testing.T) { testTokenOrg(t, open(t)) })
	t.Run("a record", func(t *testing.T) { testRecord(t, open(t)) })
	t.Run("organizations of a user", func(t *testing.T) { testUserOrgs(t, open(t)) })
}

func testLoadOrder(t *testing.T, s store.Store) {
	t.Helper()
	role1 := &roster.Role{ID: id(32), Number: 1, Handle: "admin", Name: "Admin"}
	role2 := &roster.Role{ID: id(31), Number: 2, Handle: "support", Name: "Support", CountsAs: "support", CreatedAt: 1}
	group := &roster.Group{ID: id(21), Number: 1, Name: "Group", Permissions: 7, AddToCardsAndSpacesEnabled: true}
	space := &roster.Space{
		ID: id(41), Number: 1, Title: "Space", Path: "1", SortOrder: 1.25, Parent: id(42), Access: "by_invite",
	}
	invitation1 := &roster.Invitation{ID: id(51), User: user(2).ID, CreatedAt: 5, ExpiresAt: 6, Hash: "a"}
	invitation2 := &roster.Invitation{ID: id(52), User: user(1).ID, AcceptedAt: 7, Hash: "b"}
	webhook := &roster.Webhook{
		ID: id(61), Name: "Hook", URL: "https://a.example/", Filter: "owner = true",
		Types:       []roster.Type{roster.TypeUser},
		Permissions: roster.Permissions{roster.UsersRead}, Enabled: true, Since: 3, CreatedAt: 1, UpdatedAt: 2,
		Secrets: []roster.WebhookSecret{{Secret: "whsec_a"}, {Secret: "whsec_b", Until: 9}},
	}
	deleted := &roster.DeletedUser{
		ID: id(71), User: fullUser(), Deletion: roster.Deletion{DeletedAt: 1, PurgeAt: 2, DeletedBy: id(3)},
	}
	mustCommit(t, s, id(1), creations(
		deleted, webhook, invitation2, token(2), user(10), user(2), space, group, role2, role1, invitation1, token(1),
		user(1), org(1),
	)...)
	wantContent(t, s, id(1), 1, org(1), role1, role2, group, space, user(1), user(2), user(10), token(1), token(2),
		invitation1, invitation2, webhook, deleted)
}

// fullUser returns a user with a value for every member but the computed one.
func fullUser() *roster.User {
	return &roster.User{
		ID: id(9), Number: 9, Identifier: "Ada", Email: "Ada@Example.com", Name: "Ada", FirstName: "A", LastName: "D",
		Phone: "1", Description: "d", Kind: roster.APIClient, Status: roster.Suspended, UserType: roster.SaasUserClient,
		Owner: true, TenantAdmin: true, Role: "admin", OwnPermissions: 5, Groups: []int64{1, 2},
		Spaces: []roster.SpaceAccess{{Number: 3, Role: "writer"}}, AppsAccess: 6, TakesLicence: true, Activated: true,
		External: true, Locked: true, TemporarilyInactive: true, TwoFactor: true,
		EmailBlockedAt: 1, EmailBlockedReason: "r", DeleteRequestedAt: 2, InvitedAt: 3,
		Avatar: roster.Avatar{Type: "initials", InitialsURL: "u"}, Initials: "AD",
		AccessTransfer: roster.AccessTransfer{Status: "done", CreatedAt: 4, UpdatedAt: 5},
		Language:       "en", Timezone: "UTC", Theme: "dark", UIVersion: 2,
		LastLoginAt: 6, LastActionAt: 7, LastSessionAt: 8, LastRequestAt: 9,
		LastRequestMethod: "GET", NotificationsCheckedAt: 10, MinutesOfActivity: 11, EmailFrequency: 1,
		EmailSettings: `{"a":1}`, NotificationSettings: `{"b":[true,null,"x"]}`,
		NotificationChannels: []string{"email"},
		WorkTime:             `{"c":{}}`, PersonalSettings: `{"d":1.5}`, TelegramSDBot: true, DefaultSpace: 3,
		Slack:          roster.Slack{ID: 1, PrivateChannelID: "c", Settings: `{"e":2}`},
		WhitelistedIPs: []string{"10.0.0.0/8"}, PublicKey: "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n",
		CreatedAt: -1, UpdatedAt: 253402300799999, CreatedBy: id(1), UpdatedBy: id(2),
		Source: roster.Source{System: "s", ExternalID: "e"},
	}
}

func testOrgs(t *testing.T, s store.Store) {
	t.Helper()
	for _, n := range []int{3, 1, 2} {
		mustCommit(t, s, id(n), creations(org(n))...)
	}
	mustCommit(t, s, id(2), creations(user(1))...)
	var got []roster.Organization
	err := s.Orgs(t.Context(), func(o *roster.Organization) error {
		got = append(got, *o)
		_, err := load(t.Context(), s, o.ID) // a callback may call the store
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []roster.Organization{*org(1), *org(2), *org(3)}
	want[0].Version, want[1].Version, want[2].Version = 1, 2, 1
	want[1].Next.User = 2
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("orgs (-want +got):\n%s", diff)
	}
}

// testSnapshot commits changes from inside the callback: they neither wait nor show.
func testSnapshot(t *testing.T, s store.Store) {
	t.Helper()
	const users = 2000 // more than any driver reads ahead
	records := []roster.Entity{org(1)}
	for n := range users {
		records = append(records, user(n+1))
	}
	mustCommit(t, s, id(1), creations(records...)...)
	records[0] = changed(org(1), func(o *roster.Organization) { o.Version, o.Next.User = 1, users+1 })
	var got content
	var err error
	got.Version, err = s.Load(t.Context(), id(1), func(e roster.Entity) error {
		if n := len(got.Records); n == 0 || n == users/2 {
			last := user(users - n/users)
			mustCommit(t, s, id(1), roster.Op{Before: last}, roster.Op{After: user(users + 1 + n)})
			mustCommit(t, s, id(1), creations(last)...)
		}
		got.Records = append(got.Records, e)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffOf(content{1, records}, got); diff != "" {
		t.Errorf("load (-want +got):\n%s", diff)
	}
	after, err := load(t.Context(), s, id(1))
	if err != nil {
		t.Fatal(err)
	}
	if after.Version != 5 || len(after.Records) != users+3 {
		t.Errorf("after it version %d and %d records, want 5 and %d", after.Version, len(after.Records), users+3)
	}
}

func testCallbackFails(t *testing.T, s store.Store) {
	t.Helper()
	stop := errors.New("stop")
	mustCommit(t, s, id(1), creations(org(1), user(1), user(2), user(3))...)
	mustCommit(t, s, id(2), creations(org(2))...)
	for at := 1; at <= 3; at++ {
		calls := 0
		_, err := s.Load(t.Context(), id(1), func(roster.Entity) error {
			if calls++; calls == at {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) || calls != at {
			t.Errorf("load: got %v after %d calls, want %v after %d", err, calls, stop, at)
		}
	}
	calls := 0
	err := s.Orgs(t.Context(), func(*roster.Organization) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("orgs: got %v after %d calls, want %v after 1", err, calls, stop)
	}
}

func testTokenOrg(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(2), creations(org(2), token(1), token(2))...)
	mustCommit(t, s, id(1), creations(org(1), token(2), user(1))...)
	for hash, want := range map[string]roster.ID{token(1).Hash: id(2), token(2).Hash: id(1)} {
		got, err := s.TokenOrg(t.Context(), hash)
		if err != nil || got != want {
			t.Errorf("organization of a token: got %s, %v, want %s", got, err, want)
		}
	}
	mustCommit(t, s, id(2), roster.Op{Before: token(1)})
	for _, hash := range []string{token(1).Hash, token(3).Hash, "", user(1).Identifier} {
		_, err := s.TokenOrg(t.Context(), hash)
		wantCode(t, "organization of an unknown token", err, roster.NotFound)
	}
}

func testUserOrgs(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(2), creations(org(2), user(1), user(2))...)
	mustCommit(t, s, id(1), creations(org(1), user(1))...)
	mustCommit(t, s, id(2), roster.Op{Before: user(2)})
	for user, want := range map[roster.ID][]roster.ID{user(1).ID: {id(1), id(2)}, user(2).ID: nil, id(1): nil} {
		got, err := s.UserOrgs(t.Context(), user)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("organizations of user %s: got %v, %v, want %v", user, got, err, want)
		}
	}
}

func testRecord(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), user(1), token(1))...)
	mustCommit(t, s, id(2), creations(org(2), user(2))...)
	renamed := changed(user(1), func(u *roster.User) { u.Name = "Renamed" })
	mustCommit(t, s, id(1), roster.Op{Before: user(1), After: renamed})
	for _, test := range []struct {
		org  int
		key  roster.Key
		want roster.Entity
	}{
		{1, user(1).Key(), renamed},
		{1, token(1).Key(), token(1)},
		{1, user(2).Key(), nil}, // it is of another organization
		{1, roster.Key{Type: roster.TypeGroup, ID: user(1).ID}, nil},
		{3, user(1).Key(), nil},
	} {
		got, err := s.Record(t.Context(), id(test.org), test.key.Type, test.key.ID)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%v of organization %d: %v (-want +got):\n%s", test.key, test.org, err, diff)
		}
	}
}
