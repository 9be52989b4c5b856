package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

// twoToys returns two dialects with a limit of three requests, one more each second.
func twoToys() []*dialect.Dialect {
	one, two := toy(), toy()
	two.Name = "toy2"
	one.Limit = roster.Limit{Rate: 1, Burst: 3}
	two.Limit = one.Limit
	return []*dialect.Dialect{one, two}
}

// wantAllowed holds a token to n requests more in a dialect, and to a refusal after them.
func (s *stand) wantAllowed(t *testing.T, path, secret string, n int) {
	t.Helper()
	for i := range n {
		if w := s.get(t, path, secret); w.Code != http.StatusOK {
			t.Fatalf("%s: request %d of %d got status %d", path, i+1, n, w.Code)
		}
	}
	w := s.get(t, path, secret)
	wantFault(t, path, w, http.StatusTooManyRequests, roster.RateLimited)
	wantHeaders(t, path, w, map[string]string{"X-Left": "0", "Retry-After": "1"})
}

func TestRateLimit(t *testing.T) {
	s := newStand(t, nil, twoToys()...)
	one, two := s.token(t, "one"), s.token(t, "two")
	w := s.get(t, "/toy/users", one)
	wantHeaders(t, "the first request", w, map[string]string{"X-Left": "2", "Retry-After": ""})
	s.wantAllowed(t, "/toy/users", one, 2)
	s.wantAllowed(t, "/toy2/users", one, 3) // another dialect counts on its own
	s.wantAllowed(t, "/toy/users", two, 3)  // and so does another token
	wantStatus(t, "public", s.get(t, "/toy/version", one), http.StatusOK)
	wantStatus(t, "no such path", s.get(t, "/toy/nothing", one), http.StatusNotFound)
	s.clock.advance(2 * time.Second)
	s.wantAllowed(t, "/toy/users", one, 2)
	s.clock.advance(time.Hour)
	s.wantAllowed(t, "/toy/users", one, 3)
}

// A request counts whatever comes of it, so that nobody tries permissions or parameters out without a limit.
func TestRateLimitCountsFailures(t *testing.T) {
	s := newStand(t, nil, twoToys()...)
	none := s.token(t, "none", func(token *roster.Token) { token.Permissions = nil })
	for range 3 {
		wantStatus(t, "no permission", s.get(t, "/toy/users", none), http.StatusForbidden)
	}
	wantStatus(t, "no permission", s.get(t, "/toy/users", none), http.StatusTooManyRequests)
	secret := s.token(t, "account")
	for range 3 {
		wantStatus(t, "bad parameter", s.get(t, "/toy/users?limit=x", secret), http.StatusBadRequest)
	}
	wantStatus(t, "bad parameter", s.get(t, "/toy/users?limit=x", secret), http.StatusTooManyRequests)
}

func TestRateLimitOfAnOrganization(t *testing.T) {
	s := newStand(t, nil, twoToys()...)
	secret := s.token(t, "account")
	s.do(t, roster.Update{
		Type: roster.TypeOrganization, Patch: []byte(`{"limits":{"toy":{"rate":10,"burst":5}}}`),
	})
	for range 5 {
		wantStatus(t, "within the own limit", s.get(t, "/toy/users", secret), http.StatusOK)
	}
	wantStatus(t, "beyond the own limit", s.get(t, "/toy/users", secret), http.StatusTooManyRequests)
	s.wantAllowed(t, "/toy2/users", secret, 3)
}

func TestUnlimited(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Unlimited = true }, twoToys()...)
	secret := s.token(t, "account")
	for range 20 {
		w := s.get(t, "/toy/users", secret)
		wantStatus(t, "unlimited", w, http.StatusOK)
		wantHeaders(t, "unlimited", w, map[string]string{"X-Left": "3"})
	}
	for range 1000 {
		wantStatus(t, "no credential", s.get(t, "/toy/users", ""), http.StatusUnauthorized)
	}
}

func TestLimitOfFailedAttempts(t *testing.T) {
	s := newStand(t, nil, twoToys()...)
	secret := s.token(t, "account")
	guess := func(addr string) int {
		return s.get(t, "/toy/users", "rst_guess", from(addr)).Code
	}
	tries := 0
	for guess("192.0.2.7:1") == http.StatusUnauthorized {
		if tries++; tries > 10_000 {
			t.Fatal("there is no limit of failed attempts")
		}
	}
	w := s.get(t, "/toy/users", "rst_guess", from("192.0.2.7:2"))
	wantFault(t, "after too many attempts", w, http.StatusTooManyRequests, roster.RateLimited)
	wantHeaders(t, "after too many attempts", w, map[string]string{"Retry-After": "1"})
	if got := guess("192.0.2.8:1"); got != http.StatusUnauthorized {
		t.Errorf("another address: got status %d", got)
	}
	wantStatus(t, "a token that counts", s.get(t, "/toy/users", secret, from("192.0.2.7:1")), http.StatusOK)
	s.clock.advance(time.Second)
	if got := guess("192.0.2.7:1"); got != http.StatusUnauthorized {
		t.Errorf("a second later: got status %d", got)
	}
}
