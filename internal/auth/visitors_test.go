package auth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

// A visitor's token counts for ten minutes to fifteen, for whoever knows the key, and is never looked up or noted.
func TestVisitors(t *testing.T) {
	now := noon - noon%(5*60*1000) + 1 // a turn has just begun
	clock := func() roster.Time { return now }
	visitors := auth.NewVisitors(orgID, []byte("key"), clock)
	dir := &tokens{token: newToken(newSecret(t, "other"))}
	a := &auth.Authenticator{
		Tokens: dir, Now: clock, Visitors: auth.NewVisitors(orgID, []byte("key"), clock), // another process
	}
	secret, until := visitors.Token()
	if want := now - 1 + 15*60*1000; until != want {
		t.Errorf("it counts until %v, want %v", until, want)
	}
	first, err := a.Bearer(t.Context(), secret, "kaiten", home)
	if err != nil {
		t.Fatal(err)
	}
	if org, ok := visitors.Org(secret); org != orgID || !ok {
		t.Errorf("it is for %s, %t, not for %s", org, ok, orgID)
	}
	if org, ok := (*auth.Visitors)(nil).Org(secret); ok {
		t.Errorf("without visitors it is for %s", org)
	}
	want := roster.Principal{
		Org: orgID, Token: first.Token, Name: "visitor", Kind: roster.TokenAccount, ReadOnly: true,
		Permissions: roster.Permissions{roster.UsersRead, roster.MetadataRead, roster.MembersAdmin},
	}
	if diff := cmp.Diff(want, first); diff != "" || first.Token.IsZero() {
		t.Errorf("principal of the token %v (-want +got):\n%s", first.Token, diff)
	}
	if dir.asked != 0 {
		t.Errorf("it was looked up %d times", dir.asked)
	}

	now = until - 1
	if next, _ := visitors.Token(); next == secret {
		t.Error("the token is always the same")
	}
	if later, err := a.Bearer(t.Context(), secret, "kaiten", home); err != nil || later.Token != first.Token {
		t.Errorf("in its last millisecond: got %v, %v", later, err)
	}
	now = until
	if _, err := a.Bearer(t.Context(), secret, "kaiten", home); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("when it has expired: got %v", err)
	}
	now -= roster.Time((20 * time.Minute).Milliseconds())
	if _, err := a.Bearer(t.Context(), secret, "kaiten", home); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("before its time: got %v", err)
	}
}

func TestVisitorsOfOthers(t *testing.T) {
	clock := func() roster.Time { return noon }
	a := &auth.Authenticator{
		Tokens: &tokens{token: newToken(newSecret(t, "other"))}, Now: clock,
		Visitors: auth.NewVisitors(orgID, []byte("key"), clock),
	}
	secret, _ := auth.NewVisitors(orgID, []byte("another key"), clock).Token()
	if _, err := a.Bearer(t.Context(), secret, "kaiten", home); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("with another key: got %v", err)
	}
	if _, err := a.Bearer(t.Context(), newSecret(t, "other"), "kaiten", home); err != nil {
		t.Errorf("a token of one's own: %v", err)
	}
}
