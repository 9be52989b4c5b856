package directory_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
)

func createToken(t *testing.T, s *directory.Service, org roster.ID, name, secret string) roster.ID {
	t.Helper()
	change := do(t, s, org, roster.Create{Record: &roster.Token{
		Name: name, Kind: roster.TokenAccount, Hash: roster.HashSecret(secret),
		Permissions: roster.Permissions{roster.UsersRead},
	}})
	return change.Ops[0].Key().ID
}

func TestToken(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			under := open(t)
			s := &spy{Store: under}
			service := newService(s)
			one, two := newOrg(t, service, "one"), newOrg(t, service, "two")
			createToken(t, service, one, "first", "1")
			second := createToken(t, service, two, "second", "2")
			for range 3 {
				wantToken(t, service, "1", "first", one)
				wantToken(t, service, "2", "second", two)
			}
			if got := s.tokenOrgs.Load(); got != 2 {
				t.Errorf("the store was asked %d times for the organizations of two tokens, want 2", got)
			}
			do(t, service, two, roster.Revoke{Token: second})
			if token := wantToken(t, service, "2", "second", two); token.RevokedAt != now {
				t.Errorf("a revoked token was revoked at %q, want %q", token.RevokedAt, now)
			}
			do(t, service, two, roster.Delete{Type: roster.TypeToken, Ref: roster.Ref{ID: second}})
			wantNoToken(t, service, "2")
			createToken(t, service, one, "third", "2")
			wantToken(t, service, "2", "third", one)
			wantNoToken(t, service, "3")
		})
	}
}

func wantToken(t *testing.T, s *directory.Service, secret, name string, org roster.ID) *roster.Token {
	t.Helper()
	token, o, err := s.Token(t.Context(), roster.HashSecret(secret))
	if err != nil {
		t.Fatal(err)
	}
	if token.Name != name || o.ID != org {
		t.Errorf("secret %s: got the token %s of %s, want %s of %s", secret, token.Name, o.ID, name, org)
	}
	return token
}

func wantNoToken(t *testing.T, s *directory.Service, secret string) {
	t.Helper()
	_, _, err := s.Token(t.Context(), roster.HashSecret(secret))
	wantCode(t, "secret "+secret, err, roster.NotFound)
}

func TestMemberships(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			one, two, three := newOrg(t, service, "one"), newOrg(t, service, "two"), newOrg(t, service, "three")
			ann := id(900)
			for _, org := range []roster.ID{one, three} {
				do(t, service, org, roster.Create{Record: &roster.User{ID: ann, Name: "Ann", Email: "ann@example.com"}})
			}
			do(t, service, two, createUser("bob"))
			found, err := service.Memberships(t.Context(), ann)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.SortedFunc(maps.Keys(found), roster.ID.Compare); !slices.Equal(got, []roster.ID{one, three}) {
				t.Errorf("got organizations %v, want %v and %v", got, one, three)
			}
			for org, u := range found {
				if u.ID != ann || u.Name != "Ann" {
					t.Errorf("in %s: got %+v", org, u)
				}
			}
			do(t, service, three, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: ann}})
			if found, err = service.Memberships(t.Context(), ann); err != nil || len(found) != 1 || found[one] == nil {
				t.Errorf("after a deletion: got %v, %v", found, err)
			}
			if found, err = service.Memberships(t.Context(), id(901)); err != nil || len(found) != 0 {
				t.Errorf("of nobody: got %v, %v", found, err)
			}
		})
	}
}

func TestChanges(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			org := newOrg(t, service, "one")
			do(t, service, org, createUser("ann"))
			do(t, service, org, createUser("bob"))
			changes, err := service.Changes(t.Context(), org, 1, 1)
			if err != nil {
				t.Fatal(err)
			}
			if len(changes) != 1 || changes[0].Version != 2 || changes[0].At != now || changes[0].Org != org {
				t.Errorf("got %+v, want the one to version 2", changes)
			}
			if changes, err := service.Changes(t.Context(), org, 3, 10); err != nil || len(changes) != 0 {
				t.Errorf("after the last one: got %d, %v", len(changes), err)
			}
			if changes, err := service.Changes(t.Context(), id(77), 0, 10); err != nil || len(changes) != 0 {
				t.Errorf("of no organization: got %d, %v", len(changes), err)
			}
		})
	}
}
