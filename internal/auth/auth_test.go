package auth_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

const noon = roster.Time(1_700_000_000_000)

var (
	orgID   = roster.MustParseID("0190a000-0000-7000-8000-000000000001")
	tokenID = roster.MustParseID("0190a000-0000-7000-8000-000000000002")
	userID  = roster.MustParseID("0190a000-0000-7000-8000-000000000003")
	home    = netip.MustParseAddr("192.0.2.7")
)

// tokens is a directory of one token that counts how often it is asked.
type tokens struct {
	token *roster.Token
	err   error
	asked int
}

func (d *tokens) Token(_ context.Context, hash string) (*roster.Token, *roster.Organization, error) {
	d.asked++
	if d.err != nil {
		return nil, nil, d.err
	}
	if d.token.Hash != hash {
		return nil, nil, roster.Errorf(roster.NotFound, "no such token")
	}
	return d.token, &roster.Organization{ID: orgID}, nil
}

func newSecret(t *testing.T, text string) string {
	t.Helper()
	secret, err := roster.NewSecret(strings.NewReader(text + strings.Repeat(".", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func newToken(secret string) *roster.Token {
	return &roster.Token{
		ID: tokenID, Name: "ci", Kind: roster.TokenSource, ActsAs: userID,
		Permissions: roster.Permissions{roster.UsersRead}, Hash: roster.HashSecret(secret),
	}
}

func TestBearerReturnsThePrincipal(t *testing.T) {
	secret := newSecret(t, "right")
	dir := &tokens{token: newToken(secret)}
	dir.token.Dialects = []string{"kaiten", "fipto"}
	dir.token.AllowedIPs = []string{"198.51.100.1", "192.0.2.0/24"}
	dir.token.ExpiresAt = noon + 1
	uses := auth.NewLastUse(10)
	a := &auth.Authenticator{Tokens: dir, Now: func() roster.Time { return noon }, LastUse: uses}

	got, err := a.Bearer(t.Context(), secret, "fipto", home)
	if err != nil {
		t.Fatal(err)
	}
	want := roster.Principal{
		Org: orgID, Token: tokenID, Name: "ci", Kind: roster.TokenSource,
		Permissions: roster.Permissions{roster.UsersRead}, ActsAs: userID,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	if got := uses.At(orgID, dir.token); got != noon {
		t.Errorf("last use = %v, want %v", got, noon)
	}
}

func TestBearerRefuses(t *testing.T) {
	secret := newSecret(t, "right")
	mistyped := secret[:10] + "!" + secret[11:]
	down := roster.Errorf(roster.Unavailable, "try again")
	tests := []struct {
		name    string
		secret  string
		from    netip.Addr
		change  func(*tokens)
		code    roster.Code
		why     error
		lookups int
	}{
		{"nothing", "", home, nil, roster.Unauthenticated, auth.ErrMissing, 0},
		{"another form", "Bearer x", home, nil, roster.Unauthenticated, auth.ErrMalformed, 0},
		{"bad checksum", mistyped, home, nil, roster.Unauthenticated, auth.ErrMalformed, 0},
		{"unknown", newSecret(t, "wrong"), home, nil, roster.Unauthenticated, auth.ErrUnknown, 1},
		{"store down", secret, home, func(d *tokens) { d.err = down }, roster.Unavailable, down, 1},
		{
			"expires now", secret, home, func(d *tokens) { d.token.ExpiresAt = noon },
			roster.Unauthenticated, auth.ErrExpired, 1,
		},
		{
			"revoked", secret, home, func(d *tokens) { d.token.RevokedAt = noon - 1 },
			roster.Unauthenticated, auth.ErrRevoked, 1,
		},
		{
			"other dialect", secret, home, func(d *tokens) { d.token.Dialects = []string{"kaiten"} },
			roster.Unauthenticated, auth.ErrDialect, 1,
		},
		{
			"other address", secret, home, func(d *tokens) { d.token.AllowedIPs = []string{"192.0.2.8"} },
			roster.Forbidden, auth.ErrAddress, 1,
		},
		{
			"no address", secret,
			netip.Addr{},
			func(d *tokens) { d.token.AllowedIPs = []string{"0.0.0.0/0"} },
			roster.Forbidden, auth.ErrAddress, 1,
		},
		{
			"allowed address malformed", secret, home, func(d *tokens) { d.token.AllowedIPs = []string{"192.0.2."} },
			roster.Forbidden, auth.ErrAddress, 1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := &tokens{token: newToken(secret)}
			if test.change != nil {
				test.change(dir)
			}
			uses := auth.NewLastUse(10)
			a := &auth.Authenticator{Tokens: dir, Now: func() roster.Time { return noon }, LastUse: uses}

			got, err := a.Bearer(t.Context(), test.secret, "fipto", test.from)
			checkRefusal(t, got, err, test.code, test.why)
			if dir.asked != test.lookups {
				t.Errorf("lookups = %d, want %d", dir.asked, test.lookups)
			}
			if at := uses.At(orgID, dir.token); at != 0 {
				t.Errorf("last use = %v, want none", at)
			}
		})
	}
}

// checkRefusal checks a refusal's code and reason, and that the reason stays out of the message.
func checkRefusal(t *testing.T, p roster.Principal, err error, code roster.Code, why error) {
	t.Helper()
	if diff := cmp.Diff(roster.Principal{}, p); diff != "" {
		t.Errorf("refused principal (-want +got):\n%s", diff)
	}
	if got := roster.CodeOf(err); got != code {
		t.Errorf("code = %q, want %q (%v)", got, code, err)
	}
	if !errors.Is(err, why) {
		t.Errorf("error = %v, want one for %v", err, why)
	}
	message := roster.AsError(err).Message
	if message == "" || strings.Contains(message, why.Error()) && code != roster.Unavailable {
		t.Errorf("message for the client = %q", message)
	}
}

// TestBearerMessagesDoNotTellWhy checks that a client can't tell a token that existed from one that never did.
func TestBearerMessagesDoNotTellWhy(t *testing.T) {
	secret := newSecret(t, "right")
	dir := &tokens{token: newToken(secret)}
	dir.token.RevokedAt = noon
	a := &auth.Authenticator{Tokens: dir, Now: func() roster.Time { return noon }}
	_, revoked := a.Bearer(t.Context(), secret, "fipto", home)
	_, unknown := a.Bearer(t.Context(), newSecret(t, "wrong"), "fipto", home)
	if got, want := roster.AsError(revoked).Message, roster.AsError(unknown).Message; got != want {
		t.Errorf("message for a revoked token = %q, for an unknown one = %q", got, want)
	}
}

// TestBearerComparesTheHash checks that a lookup that answers with another token is not believed.
func TestBearerComparesTheHash(t *testing.T) {
	a := &auth.Authenticator{Tokens: confused{}, Now: func() roster.Time { return noon }}
	got, err := a.Bearer(t.Context(), newSecret(t, "right"), "fipto", home)
	checkRefusal(t, got, err, roster.Unauthenticated, auth.ErrUnknown)
}

type confused struct{}

func (confused) Token(context.Context, string) (*roster.Token, *roster.Organization, error) {
	return &roster.Token{ID: tokenID, Hash: roster.HashSecret("another")}, &roster.Organization{ID: orgID}, nil
}

func BenchmarkBearer(b *testing.B) {
	secret, err := roster.NewSecret(strings.NewReader(strings.Repeat("r", 32)))
	if err != nil {
		b.Fatal(err)
	}
	dir := &tokens{token: newToken(secret)}
	a := &auth.Authenticator{
		Tokens: dir, Now: func() roster.Time { return noon }, LastUse: auth.NewLastUse(1000),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Bearer(b.Context(), secret, "fipto", home); err != nil {
			b.Fatal(err)
		}
	}
}
