package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/server"
)

// lastUsed asks for the tokens and returns when each was last used, by name.
func (s *stand) lastUsed(t *testing.T, secret string, changes ...func(*http.Request)) map[string]roster.Time {
	t.Helper()
	w := s.get(t, "/api/v1/tokens", secret, changes...)
	wantStatus(t, "the tokens", w, http.StatusOK)
	if got := w.Header().Get("Cache-Control"); got != "no-store" || w.Header().Get("ETag") != "" {
		t.Errorf("the tokens may be kept: Cache-Control %q, ETag %q", got, w.Header().Get("ETag"))
	}
	var list struct {
		Items []struct {
			Name       string      `json:"name"`
			LastUsedAt roster.Time `json:"last_used_at"`
		} `json:"items"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	used := map[string]roster.Time{}
	for _, item := range list.Items {
		used[item.Name] = item.LastUsedAt
	}
	return used
}

// Tokens show their last use at once, whether it is stored or not, and storing it leaves all other answers as they are.
func TestLastUse(t *testing.T) {
	t.Parallel()
	uses := auth.NewLastUse(100)
	s := newStand(t, func(c *server.Config) { c.Tokens.LastUse, c.CacheBytes = uses, 1<<20 }, native.New())
	admin, reader := s.token(t, "admin", everything), s.token(t, "reader")
	s.token(t, "old", func(token *roster.Token) { token.LastUsedAt = 7 })
	now := func() roster.Time { return roster.TimeOf(s.clock.Now()) }

	first := now()
	tag := s.get(t, "/api/v1/users", reader).Header().Get("ETag")
	s.clock.advance(time.Second)
	want := map[string]roster.Time{"admin": now(), "reader": first, "old": 7}
	if diff := cmp.Diff(want, s.lastUsed(t, admin)); diff != "" {
		t.Errorf("without a writer (-want +got):\n%s", diff)
	}
	s.takeChanges()
	for range 2 { // before it is stored, and after
		if diff := cmp.Diff(want, s.lastUsed(t, admin, header("If-None-Match", "*"))); diff != "" {
			t.Errorf("last uses (-want +got):\n%s", diff)
		}
		err := uses.Drain(0, func(uses []roster.TokenUse) error { return s.service.TouchTokens(t.Context(), uses) })
		if err != nil {
			t.Fatal(err)
		}
		s.clock.advance(time.Second)
		want["admin"] = now()
	}
	wantStatus(t, "after storing", s.get(t, "/api/v1/users", reader, header("If-None-Match", tag)), http.StatusNotModified)

	s.Tokens.LastUse = auth.NewLastUse(100) // as after a kill: what was stored remains
	if diff := cmp.Diff(want, s.lastUsed(t, admin)); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
}
