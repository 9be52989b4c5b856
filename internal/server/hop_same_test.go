package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
)

// TestHopOfEveryEndpoint has what can be read of every dialect be the same, to the byte, whichever server is asked.
func TestHopOfEveryEndpoint(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	made, err := s.maker.CreateOrg(t.Context(), roster.Operator(), *demo.Organization())
	if err != nil {
		t.Fatal(err)
	}
	user, _ := s.newID()
	for _, e := range []roster.Entity{
		&roster.User{ID: user, Name: "Ann", Email: "ann@example.com"}, &roster.Group{Name: "Group"},
	} {
		if _, err := s.maker.Do(t.Context(), made.ID, roster.Operator(), roster.Create{Record: e}); err != nil {
			t.Fatal(err)
		}
	}
	secret := s.token(t, made.ID, "t")
	front, owner := s.nodes[0], s.nodes[1]
	if front.Owns(made.ID) {
		front, owner = owner, front
	}
	passed := 0
	for _, d := range all.Dialects() {
		for i := range d.Endpoints {
			e := &d.Endpoints[i]
			if e.Method != http.MethodGet || e.Public || e.ID == "streamChanges" || d.Schemes[0].Kind == dialect.HTTPSignature {
				continue
			}
			path, changes := plainRequest(d, e, user)
			changes = append(changes, credential(d, secret), func(r *http.Request) { r.Host = "roster.example" })
			want, got := owner.get(t, path, "", changes...), front.get(t, path, "", changes...)
			if passed++; front.hops(t, "passed") != passed {
				t.Errorf("%s %s: the request was not passed on", d.Name, path)
			}
			if diff := cmp.Diff(want.comparable(), got.comparable()); diff != "" {
				t.Errorf("%s %s (-the server that has it +the other):\n%s", d.Name, path, diff)
			}
		}
	}
	if passed < 30 {
		t.Errorf("only %d requests were passed on", passed)
	}
}

// comparable returns an answer without what differs from request to request.
func (a hopAnswer) comparable() map[string]string {
	c := map[string]string{
		"status": http.StatusText(a.status), "body": strings.ReplaceAll(a.body, a.header.Get("X-Request-Id"), "ID"),
	}
	for name, values := range a.header {
		c[name] = strings.Join(values, "; ")
		switch name {
		case "Date", "X-Request-Id", "Ratelimit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset", "X-Auth-Pool-Used":
			c[name] = "differs"
		}
	}
	return c
}

// TestHopOfRevokedTokens refuses a token over another server as soon as it is revoked.
func TestHopOfRevokedTokens(t *testing.T) {
	t.Parallel()
	s := newSpread(t, 2)
	front, owner := s.nodes[0], s.nodes[1]
	o := s.orgOf(t, owner)
	a := owner.ask(t, http.MethodPost, "/api/v1/tokens", o.secret,
		sending(strings.NewReader(`{"name":"short","kind":"account","permissions":["users:read"]}`)))
	a.want(t, "a token", http.StatusCreated)
	var made struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(a.body), &made); err != nil {
		t.Fatal(err)
	}
	front.get(t, "/api/v1/users", made.Secret).want(t, "a token that counts", http.StatusOK)
	owner.ask(t, http.MethodDelete, "/api/v1/tokens/"+made.ID, o.secret).want(t, "revoking it", http.StatusNoContent)
	front.get(t, "/api/v1/users", made.Secret).want(t, "a token that was revoked", http.StatusUnauthorized)
	if front.loaded() != 0 {
		t.Errorf("%d organizations are in the memory of the server that passes requests on", front.loaded())
	}
}
