package roster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newInstance returns the organization of the instance itself.
func newInstance(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.state, w.env.Org = newMemState(), InstanceID()
	wantVerbs(t, w.do(Create{Record: NewInstance()}), "create organization")
	return w
}

// instanceWide has an instance-wide token ask.
func (w *world) instanceWide(token Token) *world {
	as := *w
	as.env.By = Principal{
		Org: w.env.Org, Token: testID(77), Name: token.Name, Permissions: token.Permissions, Instance: &token,
	}
	return &as
}

func TestInstanceHasTokensAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newInstance(t)
	all := w.instanceWide(Token{Kind: TokenAccount, Permissions: Permissions{Everything}})
	wantVerbs(t, all.do(Create{Record: &Token{Name: "CI", Kind: TokenAccount, Hash: "h"}}), "create token")
	all.refused(Create{Record: &Token{Name: "CI", Kind: TokenAccount, Hash: "i", ActsAs: testID(5)}}, Invalid, "acts_as")
	for _, cmd := range []Command{
		Create{Record: &User{Name: "Bob"}},
		Create{Record: &Group{Name: "Staff"}},
		Create{Record: NewInstance()},
		Import{Record: &User{Name: "Bob"}},
		Update{Type: TypeOrganization, Patch: []byte(`{"name":"Mine"}`)},
		Delete{Type: TypeOrganization},
		Invite{User: &User{Name: "Bob"}, Hash: "h"},
		Accept{Hash: "h"},
		Suspend{Ref: Ref{Number: 1}},
		Delete{Type: TypeUser, Ref: Ref{Number: 1}},
	} {
		all.refused(cmd, Forbidden, "")
		w.refused(cmd, Forbidden, "")
	}
}

func TestOrganizationsAreMadeAndDeletedByInstanceWideTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wide := w.instanceWide(Token{Kind: TokenAccount, Permissions: Permissions{OrgsWrite}})
	w.as(Everything).refused(Delete{Type: TypeOrganization}, Forbidden, "")
	w.instanceWide(Token{Permissions: Permissions{UsersWrite}}).refused(Delete{Type: TypeOrganization}, Forbidden, "")
	wide.refused(Delete{Type: TypeOrganization, IfMatch: []string{`"other"`}}, PreconditionFailed, "")
	wide.refused(Undelete{Type: TypeOrganization}, NotFound, "")
	wide.refused(Purge{}, Conflict, "purge_at")
	wantVerbs(t, wide.do(Delete{Type: TypeOrganization}), "update organization")
	for _, cmd := range []Command{
		Delete{Type: TypeOrganization},
		Update{Type: TypeOrganization, Patch: []byte(`{}`)},
		Create{Record: &Group{Name: "G"}},
		Delete{Type: TypeUser, Ref: Ref{Number: 1}},
		Undelete{Type: TypeUser, Ref: Ref{Number: 1}},
		Erase{Ref: Ref{Number: 1}},
	} {
		w.as(Everything).refused(cmd, NotFound, "")
	}
	w.as(Everything).refused(Undelete{Type: TypeOrganization}, Forbidden, "")
	w.as(Everything).refused(Purge{}, Forbidden, "")
	w.instanceWide(Token{Permissions: Permissions{UsersWrite}}).refused(Undelete{Type: TypeOrganization}, Forbidden, "")
	w.instanceWide(Token{Permissions: Permissions{UsersWrite}}).refused(Purge{}, Forbidden, "")
	wide.refused(Purge{}, Conflict, "purge_at")
	wantVerbs(t, wide.do(Undelete{Type: TypeOrganization}), "update organization")
	was := wide.do(Delete{Type: TypeOrganization})[0].After.(*Organization)
	if was.DeletedAt != wide.env.Now || was.PurgeAt != wide.env.Now+KeptFor || was.DeletedBy != wide.env.By.Token {
		t.Errorf("deleted as %+v", was)
	}
	wide.env.Now = was.PurgeAt
	wide.refused(Undelete{Type: TypeOrganization}, NotFound, "")
	wantVerbs(t, wide.do(Purge{}), "delete organization")
	empty := *wide
	empty.state = newMemState()
	made := empty.do(Create{Record: &Organization{Number: 7, Slug: "seven", Name: "Seven"}})
	wantVerbs(t, made, "create organization", "create role", "create role", "create role")
	empty.as(Everything).refused(Create{Record: &Organization{Number: 7, Slug: "x", Name: "X"}}, Forbidden, "")
}

func TestDeletedOrganizationIsNotedByTheInstance(t *testing.T) {
	t.Parallel()
	w := newInstance(t)
	gone := &Organization{
		ID: testID(5), Number: 9, Slug: "gone", Name: "Gone", Version: 12, DeletedAt: 77, PurgeAt: 78, DeletedBy: testID(3),
	}
	ops := w.do(NoteDeleted{Organization: gone})
	after := ops[0].After.(*Organization)
	want := &DeletedOrganization{
		ID: testID(5), Number: 9, Slug: "gone", Name: "Gone", Version: 12, At: 77, By: testID(3),
	}
	if diff := cmp.Diff(want, after.Deleted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !ops[0].IsAudited() {
		t.Error("no entry of the audit tells of it")
	}
	if again := w.do(NoteDeleted{Organization: gone}); len(again) > 0 {
		t.Errorf("noted again: %v", again)
	}
	w.do(NoteDeleted{Organization: &Organization{ID: testID(6), Number: 2, Slug: "older", Name: "Older"}})
	if e := w.state.records[Key{TypeOrganization, InstanceID()}].(*Organization); e.Next.Organization != 10 {
		t.Errorf("the next number is %d, want 10", e.Next.Organization)
	}
	w.instanceWide(Token{Permissions: Permissions{UsersWrite}}).refused(NoteDeleted{Organization: gone}, Forbidden, "")
	newWorld(t).refused(NoteDeleted{Organization: gone}, Invalid, "")
}

func TestInstanceWideTokensGiveNoMoreThanTheyHave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	wide := w.instanceWide(Token{
		Kind: TokenSource, Permissions: Permissions{TokensWrite, UsersRead}, ExpiresAt: tuesday + 1000,
		Dialects: []string{"native"}, AllowedIPs: []string{"192.0.2.0/24"},
	})
	fits := Token{
		Name: "CI", Kind: TokenSource, Permissions: Permissions{UsersRead}, ExpiresAt: tuesday + 1000,
		Dialects: []string{"native"}, AllowedIPs: []string{"192.0.2.7"}, Hash: "h",
	}
	for name, change := range map[string]func(*Token){
		"kind":        func(t *Token) { t.Kind = TokenAccount },
		"permissions": func(t *Token) { t.Permissions = Permissions{UsersWrite} },
		"expiry":      func(t *Token) { t.ExpiresAt = 0 },
		"dialects":    func(t *Token) { t.Dialects = nil },
		"addresses":   func(t *Token) { t.AllowedIPs = nil },
	} {
		more := fits
		change(&more)
		if _, err := Decide(w.state, wide.env, Create{Record: &more}); CodeOf(err) != Forbidden {
			t.Errorf("%s: got %v, want the error %s", name, err, Forbidden)
		}
	}
	wantVerbs(t, wide.do(Create{Record: &fits}), "create token")
}
