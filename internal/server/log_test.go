package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

func TestAccessLog(t *testing.T) {
	var s *stand
	s = newStand(t, func(c *server.Config) {
		c.Now = func() time.Time {
			s.clock.advance(time.Millisecond)
			return s.clock.Now()
		}
	})
	secret := s.token(t, "account")
	w := s.get(t, "/toy/users?limit=1&sort=name&since=2026-01-01T00:00:00Z&search=x", secret, from("203.0.113.9:1"))
	got := s.log.last(t)
	took, _ := got["took"].(float64)
	if took < float64(time.Millisecond) || took > float64(time.Minute) {
		t.Errorf("got took %v ns", got["took"])
	}
	for _, name := range []string{"time", "took"} {
		delete(got, name)
	}
	want := map[string]any{
		"level": "INFO", "msg": "request", "request_id": w.Header().Get("X-Request-Id"), "method": "GET",
		"path": "/toy/users", "query": "limit=1&sort=name&since=2026-01-01T00:00:00Z&search=*", "status": 200.0,
		"bytes": float64(w.Body.Len()), "client": "203.0.113.9", "dialect": "toy", "organization": s.org.String(),
		"principal": "account",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the line of a request (-want +got):\n%s", diff)
	}
	s.get(t, "/toy/users", "")
	got = s.log.last(t)
	if got["code"] != "unauthenticated" || got["error"] != "no credential" || got["status"] != 401.0 {
		t.Errorf("the line of a refusal: %v", got)
	}
	if _, ok := got["principal"]; ok {
		t.Errorf("the line of a refusal names a principal: %v", got)
	}
}

// A client that has gone is no failure of ours.
func TestLogOfWhoHasGone(t *testing.T) {
	d := toy()
	d.Endpoints = append(d.Endpoints, toyEndpoint("/slow", "slow",
		func(ctx context.Context, _ *dialect.Request) (dialect.Response, error) {
			return dialect.Response{}, ctx.Err()
		}))
	s := newStand(t, nil, d)
	secret := s.token(t, "account")
	w := s.get(t, "/toy/slow", secret, func(r *http.Request) {
		ctx, leave := context.WithCancel(r.Context())
		leave()
		*r = *r.WithContext(ctx)
	})
	wantFault(t, "who has gone", w, http.StatusServiceUnavailable, roster.Unavailable)
	if got := s.log.last(t); got["level"] != "INFO" || got["code"] != "unavailable" {
		t.Errorf("the log says %v", got)
	}
}

// Whatever a client puts wherever, addresses, search words and secrets do not get into the log.
func TestLogHasNothingOfAPerson(t *testing.T) {
	s := newStand(t, func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	})
	secret := s.token(t, "account")
	other := s.token(t, "revoked", func(token *roster.Token) { token.RevokedAt = roster.TimeOf(s.clock.Now()) })
	secrets := []string{secret, other, "zoe", "Straße", "%40", "@", "Stra%C3%9Fe"}
	for _, value := range []string{"zoe@example.com", "zoe%40example.com", "Stra%C3%9Fe", secret, other} {
		for _, target := range []string{
			"/toy/users?search=", "/toy/users?emails=", "/toy/users?emails[]=", "/toy/users?limit=", "/toy/users?sort=",
			"/toy/users?since=", "/toy/users?unknown=", "/toy/users?limit=1&", "/toy/users/", "/toy/", "/nothing/", "/?", "/",
		} {
			for _, credential := range []string{secret, other, "", value} {
				s.get(t, target+value, credential)
			}
		}
	}
	s.get(t, "/toy/users?search=%zz&limit=zoe", secret)
	lines := 0
	for line := range strings.Lines(s.log.String()) {
		lines++
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
		for _, s := range secrets {
			if strings.Contains(line, s) {
				t.Errorf("the log has %q: %s", s, line)
			}
		}
	}
	if lines < 200 {
		t.Errorf("got %d lines, want one for each of more than 200 requests", lines)
	}
}

func TestLogShowsNumbersAndIDs(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	for target, want := range map[string]string{
		"/toy/users/7": "/toy/users/7", "/toy/users/" + s.ann.String(): "/toy/users/" + s.ann.String(),
		"/toy/users/ann": "/toy/users/*", "/toy/other/ann": "/toy/other/ann", "/toy/Other/x%20y": "/toy/*/*",
	} {
		wantStatus(t, target, s.get(t, target, secret), http.StatusNotFound)
		if got := s.log.last(t)["path"]; got != want {
			t.Errorf("%s: the log has %v, want %s", target, got, want)
		}
	}
}

// X-Forwarded-* count only where a trusted proxy sends them.
func TestProxies(t *testing.T) {
	s := newStand(t, func(c *server.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	})
	secret := s.token(t, "account", func(token *roster.Token) { token.AllowedIPs = []string{"203.0.113.9"} })
	forwarded := []func(*http.Request){
		header("X-Forwarded-For", "198.51.100.1, 203.0.113.9"), header("X-Forwarded-Proto", "https"),
		header("X-Forwarded-Host", "api.example"),
	}
	for peer, want := range map[string]struct {
		status      int
		url, client string
	}{
		"10.1.2.3:4":          {http.StatusOK, "https://api.example/toy/url?x=1", "203.0.113.9"},
		"[::ffff:10.1.2.3]:4": {http.StatusOK, "https://api.example/toy/url?x=1", "203.0.113.9"},
		"[fe80::1%eth0]:4":    {http.StatusOK, "https://api.example/toy/url?x=1", "203.0.113.9"},
		"192.0.2.1:4":         {http.StatusForbidden, "", "192.0.2.1"},
	} {
		w := s.get(t, "http://roster.example/toy/url?x=1", secret, append(forwarded, from(peer))...)
		wantStatus(t, peer, w, want.status)
		if got := w.Body.String(); want.url != "" && got != want.url {
			t.Errorf("%s: got the URL %s, want %s", peer, got, want.url)
		}
		if got := s.log.last(t)["client"]; got != want.client {
			t.Errorf("%s: the log has the client %v, want %s", peer, got, want.client)
		}
	}
	w := s.get(t, "http://roster.example/toy/url", secret, append(forwarded, from("203.0.113.9:1"))...)
	if got := w.Body.String(); got != "http://roster.example/toy/url" {
		t.Errorf("straight from the client: got the URL %s", got)
	}
	w = s.get(t, "https://roster.example/toy/url", secret, from("203.0.113.9:1"))
	if got := w.Body.String(); got != "https://roster.example/toy/url" {
		t.Errorf("over TLS: got the URL %s", got)
	}
	w = s.get(t, "http://roster.example/toy/url", secret,
		header("X-Forwarded-For", "203.0.113.9"), header("X-Forwarded-Proto", "javascript"), from("10.1.2.3:4"))
	if got := w.Body.String(); got != "http://roster.example/toy/url" {
		t.Errorf("another scheme: got the URL %s", got)
	}
}
