package roster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user("ada@example.com")
	token := func(change func(*Token)) Create {
		made := &Token{Name: "CI", Kind: TokenAccount, Hash: "h", Permissions: Permissions{UsersRead}}
		change(made)
		return Create{Record: made}
	}
	w.refused(token(func(t *Token) { t.Hash = "" }), Invalid, "secret")
	w.refused(token(func(t *Token) { t.ExpiresAt = tuesday }), Invalid, "expires_at")
	w.refused(token(func(t *Token) { t.ActsAs = testID(9) }), Invalid, "acts_as")
	w.refused(token(func(t *Token) { t.Kind = "app" }), Invalid, "kind")
	limited := w.as(TokensWrite, UsersRead)
	limited.refused(token(func(t *Token) { t.Permissions = Permissions{UsersRead, UsersWrite} }), Forbidden, "")
	limited.refused(token(func(t *Token) { t.Permissions = Permissions{Everything} }), Forbidden, "")
	limited.refused(token(func(t *Token) { t.ActsAs = u.ID }), Forbidden, "")
	w.do(token(func(t *Token) { t.ActsAs, t.Hash = u.ID, "acting" }))
	made := limited.do(token(func(t *Token) { t.ExpiresAt = tuesday + 1 }))[0].After.(*Token)

	update := func(patch string) Update { return Update{Type: TypeToken, Ref: Ref{ID: made.ID}, Patch: []byte(patch)} }
	limited.refused(update(`{"permissions":["*"]}`), Forbidden, "")
	limited.refused(update(`{"secret_sha256":"x"}`), Invalid, "secret_sha256")
	limited.do(update(`{"name":"CD","expires_at":"2020-01-01T00:00:00Z"}`))
	if got := get(w, made); got.Name != "CD" || got.Hash != "h" || got.ExpiresAt >= tuesday {
		t.Errorf("the token is %+v, want another name, the same hash, expired", got)
	}
}

// TestTokenHasNoMoreThanItsMaker lets a token with limits make others.
func TestTokenHasNoMoreThanItsMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maker := &Token{
		Name: "maker", Kind: TokenSource, Hash: "maker", Permissions: Permissions{TokensWrite}, ExpiresAt: tuesday + 10,
		Dialects: []string{"d3lay", "fipto"}, AllowedIPs: []string{"192.0.2.0/24", "2001:db8::1"},
	}
	maker = w.do(Create{Record: maker})[0].After.(*Token)
	w.env.By = Principal{Org: w.env.Org, Token: maker.ID, Permissions: maker.Permissions}
	for name, change := range map[string]func(*Token){
		"another kind":     func(t *Token) { t.Kind = TokenAccount },
		"for ever":         func(t *Token) { t.ExpiresAt = 0 },
		"longer":           func(t *Token) { t.ExpiresAt++ },
		"every dialect":    func(t *Token) { t.Dialects = nil },
		"another dialect":  func(t *Token) { t.Dialects = []string{"d3lay", "kaiten"} },
		"any address":      func(t *Token) { t.AllowedIPs = nil },
		"a wider prefix":   func(t *Token) { t.AllowedIPs = []string{"192.0.0.0/16"} },
		"another address":  func(t *Token) { t.AllowedIPs = []string{"192.0.2.7", "2001:db8::2"} },
		"other permission": func(t *Token) { t.Permissions = Permissions{UsersRead} },
	} {
		made := *maker
		made.ID, made.Hash, made.Name = ID{}, "made", name
		change(&made)
		w.refused(Create{Record: &made}, Forbidden, "")
	}
	made := *maker
	made.ID, made.Hash = ID{}, "made"
	made.AllowedIPs, made.Dialects = []string{"192.0.2.128/25", "2001:db8::1"}, []string{"fipto"}
	w.do(Create{Record: &made})
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.do(Create{Record: &Token{Name: "CI", Kind: TokenAccount, Hash: "h"}})[0].After.(*Token)
	wantVerbs(t, w.do(Revoke{Token: token.ID}), "update token")
	if got := get(w, token); got.RevokedAt != tuesday || token.RevokedAt != 0 {
		t.Errorf("revoked %s, the record before %s; want Tuesday and not", got.RevokedAt, token.RevokedAt)
	}
	w.env.Now++
	if ops := w.do(Revoke{Token: token.ID}); len(ops) != 0 {
		t.Errorf("revoking again makes %v, want nothing", verbs(ops))
	}
	back := Update{Type: TypeToken, Ref: Ref{ID: token.ID}, Patch: []byte(`{"revoked_at":null,"last_used_at":null}`)}
	if ops := w.do(back); len(ops) != 0 {
		t.Errorf("a patch brings the token back: %v", verbs(ops))
	}
	w.refused(Revoke{Token: testID(9)}, NotFound, "")
	wantVerbs(t, w.do(Delete{Type: TypeToken, Ref: Ref{ID: token.ID}}), "delete token")
}

func TestInviteAndAccept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	invite := func(hash string, u User) Invite { return Invite{User: &u, Hash: hash, ExpiresAt: tuesday + 10} }
	ops := w.do(invite("h1", User{Email: "ada@example.com", Name: "Ada", AppsAccess: 1, Activated: true}))
	wantVerbs(t, ops, "create user", "create invitation")
	u := ops[0].After.(*User)
	if u.Status != Invited || u.InvitedAt != tuesday || u.CreatedAt != tuesday || u.Activated {
		t.Errorf("invited as %+v, want the status invited, on Tuesday", u)
	}
	w.refused(invite("h2", User{Email: "ada@example.com", Name: "Ada", AppsAccess: 1}), Conflict, "email")
	w.refused(invite("h2", User{Email: "x", Name: "X", AppsAccess: 1}), Invalid, "email")
	w.refused(invite("", User{Email: "bob@example.com", Name: "Bob", AppsAccess: 1}), Invalid, "secret")
	w.refused(Invite{User: &User{ID: u.ID}, Hash: "h2", ExpiresAt: tuesday}, Invalid, "expires_at")
	w.refused(invite("h2", User{ID: testID(9)}), NotFound, "")

	w.env.Now++
	wantVerbs(t, w.do(invite("h2", User{ID: u.ID})), "update user", "delete invitation", "create invitation")
	w.refused(Accept{Hash: "h1"}, NotFound, "") // a later invitation replaces it
	w.refused(Accept{Hash: "h3"}, NotFound, "")
	w.refused(Accept{}, NotFound, "")

	w.env.By = Principal{} // whoever has the secret needs no token
	w.env.Now = tuesday + 10
	w.refused(Accept{Hash: "h2"}, NotFound, "") // expired
	w.env.Now--
	wantVerbs(t, w.do(Accept{Hash: "h2"}), "update user", "update invitation")
	want := *u
	want.Status, want.Activated, want.InvitedAt, want.UpdatedAt = Active, true, tuesday+1, w.env.Now
	if diff := cmp.Diff(&want, get(w, u)); diff != "" {
		t.Errorf("the user who accepted (-want +got):\n%s", diff)
	}
	w.refused(Accept{Hash: "h2"}, NotFound, "") // a secret works once
	w.env.By = Operator()
	w.refused(invite("h3", User{ID: u.ID}), Conflict, "status")
}

func TestAcceptLeavesOtherStatuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := &User{Email: "ada@example.com", Name: "Ada", AppsAccess: 1}
	ops := w.do(Invite{User: ada, Hash: "h", ExpiresAt: tuesday + 1})
	u := ops[0].After.(*User)
	w.do(Update{Type: TypeUser, Ref: Ref{ID: u.ID}, Patch: []byte(`{"status":"suspended"}`)})
	w.do(Accept{Hash: "h"})
	if got := get(w, u); got.Status != Suspended || !got.Activated {
		t.Errorf("the user is %s, activated %t; want it still suspended", got.Status, got.Activated)
	}
}

// Of an invitation its end can be changed, and nothing else, until it is accepted.
func TestUpdateOfInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ops := w.do(Invite{User: &User{Name: "Eve", Email: "eve@example.com"}, Hash: "h", ExpiresAt: w.env.Now + 1})
	made := ops[len(ops)-1].After.(*Invitation)
	patch := func(doc string) Update {
		return Update{Type: TypeInvitation, Ref: Ref{ID: made.ID}, Patch: []byte(doc)}
	}
	w.env.Now += 10 // when it has expired
	w.refused(Accept{Hash: "h"}, NotFound, "")
	w.refused(patch(`{"expires_at":"2001-01-01T00:00:00Z"}`), Invalid, "expires_at")
	w.refused(patch(`{"user":"`+testID(9).String()+`"}`), Invalid, "user")
	w.refused(patch(`{"secret_sha256":"x"}`), Invalid, "secret_sha256")
	w.as(UsersRead).refused(patch(`{"expires_at":null}`), Forbidden, "")
	w.as(Everything).do(patch(`{"expires_at":null,"accepted_at":"2001-01-01T00:00:00Z"}`))
	if got, want := get(w, made), (&Invitation{
		ID: made.ID, User: made.User, Hash: made.Hash, CreatedAt: made.CreatedAt, ExpiresAt: w.env.Now + inviteTime,
	}); *got != *want {
		t.Errorf("the invitation is %+v, want %+v", got, want)
	}
	w.do(Accept{Hash: "h"})
	w.refused(patch(`{"expires_at":null}`), Conflict, "")
}
