package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/docs"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

func withSite(c *server.Config) { c.Docs, c.Site = docs.Pages, true }

var html = header("Accept", "text/html,*/*;q=0.8")

func TestDocs(t *testing.T) {
	s := newStand(t, withSite)
	for path, want := range map[string]string{
		"/docs/": "<h1>Documentation</h1>", "/docs/guides/tour": "<h1 id=", "/docs/errors/gone": "<h1 id=",
		"/docs/api/toy": `data-document="/toy/openapi.json"`, "/docs/compare": `type="password"`,
	} {
		w := s.get(t, path, "", html)
		wantStatus(t, path, w, http.StatusOK)
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: got %s, want it to have %s", path, w.Body, want)
		}
		wantHeaders(t, path, w, map[string]string{
			"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff",
			"Cache-Control": "no-cache", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		})
		if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") {
			t.Errorf("%s: got the policy %q", path, policy)
		}
		again := s.get(t, path, "", html, header("If-None-Match", w.Header().Get("ETag")))
		wantStatus(t, path+" again", again, http.StatusNotModified)
		w = send(t, s.Handler(), http.MethodPost, path, html)
		wantStatus(t, "POST "+path, w, http.StatusMethodNotAllowed)
		wantHeaders(t, "POST "+path, w, map[string]string{"Allow": "GET, HEAD, OPTIONS"})
	}
	wantHeaders(t, "/docs", s.get(t, "/docs", ""), map[string]string{"Location": "/docs/"})
	for _, path := range []string{"/docs/lost", "/docs/api/kaiten", "/docs/errors/lost", "/docs/token", "/docsx"} {
		wantStatus(t, path, s.get(t, path, "", html), http.StatusNotFound)
	}
	if index := s.get(t, "/", "").Body.String(); !strings.Contains(index, "GET    /docs/\n") {
		t.Errorf("GET / does not list it: %s", index)
	}
	root := s.get(t, "/", "", html)
	wantStatus(t, "/ in a browser", root, http.StatusFound)
	wantHeaders(t, "/ in a browser", root, map[string]string{"Location": "/docs/"})
}

// A program that follows the type of a problem gets Markdown, where a person gets a page.
func TestErrorPageOfChoice(t *testing.T) {
	s := newStand(t, withSite)
	for accept, want := range map[string]string{
		"": "text/markdown", "*/*": "text/markdown", "text/html,*/*": "text/html", "application/json": "text/markdown",
	} {
		w := s.get(t, "/docs/errors/gone", "", header("Accept", accept))
		wantStatus(t, accept, w, http.StatusOK)
		if got := w.Header().Get("Content-Type"); got != want+"; charset=utf-8" {
			t.Errorf("Accept %q: got %q", accept, got)
		}
		if vary := strings.Join(w.Header().Values("Vary"), ", "); !strings.HasSuffix(vary, ", Accept") {
			t.Errorf("Accept %q: got Vary %q", accept, vary)
		}
	}
}

// At the root of a host or a listener of its own a dialect has a site of its own.
func TestDocsOfOneDialect(t *testing.T) {
	other := toy()
	other.Name = "other"
	s := newStand(t, func(c *server.Config) {
		withSite(c)
		c.Hosts = map[string]string{"toy.example": "toy"}
	}, toy(), other)
	own, err := s.DialectHandler("toy")
	if err != nil {
		t.Fatal(err)
	}
	for name, get := range map[string]func(path string) *httptest.ResponseRecorder{
		"listener": func(path string) *httptest.ResponseRecorder { return send(t, own, http.MethodGet, path, html) },
		"host": func(path string) *httptest.ResponseRecorder {
			return s.get(t, "http://toy.example"+path, "", html)
		},
	} {
		w := get("/docs/api/toy")
		wantStatus(t, name, w, http.StatusOK)
		if !strings.Contains(w.Body.String(), `data-document="/openapi.json"`) {
			t.Errorf("%s: the reference is of another document: %s", name, w.Body)
		}
		wantStatus(t, name, get("/openapi.json"), http.StatusOK)
		wantStatus(t, name, get("/docs/api/other"), http.StatusNotFound)
	}
	wantStatus(t, "everything", s.get(t, "/docs/api/other", "", html), http.StatusOK)
}

func TestDocsAreOff(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Docs = docs.Pages })
	for _, path := range []string{"/docs/", "/docs", "/docs/guides/tour", "/docs/token"} {
		wantStatus(t, path, s.get(t, path, "", html), http.StatusNotFound)
	}
	w := s.get(t, "/docs/errors/gone", "", html)
	wantStatus(t, "the page of an error", w, http.StatusOK)
	wantHeaders(t, "the page of an error", w, map[string]string{"Content-Type": "text/markdown; charset=utf-8"})
}

// Assets stay for good, and go out as they are kept or as the client takes them.
func TestAssetsOfPages(t *testing.T) {
	s := newStand(t, withSite)
	path := regexp.MustCompile(`/docs/assets/scalar\.[0-9a-f]+\.js`).FindString(s.get(t, "/docs/api/toy", "").Body.String())
	size := map[string]int{}
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "br, zstd, gzip;q=0.5": "gzip", "zstd, gzip;q=0": "zstd", "identity": "",
	} {
		w := s.get(t, path, "", header("Accept-Encoding", accept))
		wantStatus(t, accept, w, http.StatusOK)
		wantHeaders(t, accept, w, map[string]string{
			"Content-Encoding": want, "Content-Type": "text/javascript; charset=utf-8",
			"Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": "",
		})
		size[want] = w.Body.Len()
	}
	if size["gzip"] < 1<<20 || size[""] < 3*size["gzip"] {
		t.Errorf("got bodies of %v bytes", size)
	}
}

// visited returns a server with visitors, and what POST /docs/token says to a request.
func visited(t *testing.T, d *dialect.Dialect) (s *stand, token func(...func(*http.Request)) *httptest.ResponseRecorder) {
	t.Helper()
	var visitors *auth.Visitors
	s = newStand(t, nil, d)
	now := func() roster.Time { return roster.TimeOf(s.clock.Now()) }
	visitors = auth.NewVisitors(s.org, []byte("key"), now)
	c := s.Config
	withSite(&c)
	c.Visitors = visitors
	c.Tokens = &auth.Authenticator{Tokens: s.service, Now: now, Visitors: visitors}
	var err error
	if s.Server, err = server.New(c); err != nil {
		t.Fatal(err)
	}
	return s, func(changes ...func(*http.Request)) *httptest.ResponseRecorder {
		return send(t, s.Handler(), http.MethodPost, "/docs/token", changes...)
	}
}

func TestVisitorToken(t *testing.T) {
	d := toy()
	post := d.Endpoints[0]
	post.Method, post.ID = http.MethodPost, "writeUsers"
	d.Endpoints = append(d.Endpoints, post)
	s, token := visited(t, d)
	w := token(header("Sec-Fetch-Site", "same-origin"))
	wantStatus(t, "a page of ours", w, http.StatusOK)
	wantHeaders(t, "a page of ours", w, map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store",
	})
	var got struct {
		Token     string      `json:"token"`
		ExpiresAt roster.Time `json:"expires_at"`
		Org       roster.ID   `json:"organization"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Org != s.org || got.ExpiresAt != roster.TimeOf(s.clock.Now())+15*60*1000 {
		t.Fatalf("got %s, %v", w.Body, err)
	}
	wantStatus(t, "a read", s.get(t, "/toy/users", got.Token), http.StatusOK)
	w = send(t, s.Handler(), http.MethodPost, "/toy/users", bearer(got.Token))
	wantFault(t, "a write", w, http.StatusForbidden, roster.Forbidden)
	secret := s.token(t, "own")
	wantStatus(t, "a write of others", send(t, s.Handler(), http.MethodPost, "/toy/users", bearer(secret)), http.StatusOK)

	wantStatus(t, "a program", token(), http.StatusOK)
	wantStatus(t, "a foreign page", token(header("Sec-Fetch-Site", "cross-site")), http.StatusForbidden)
	wantStatus(t, "an old foreign page", token(header("Origin", "https://x.example")), http.StatusForbidden)
	w = s.get(t, "/docs/token", "")
	wantStatus(t, "GET", w, http.StatusMethodNotAllowed)
	wantHeaders(t, "GET", w, map[string]string{"Allow": "OPTIONS, POST"})
	if index := s.get(t, "/docs/", "").Body.String(); !strings.Contains(index, "fifteen\nminutes") {
		t.Errorf("the index says nothing of tokens: %s", index)
	}
}

// Browsers are told how long an answer took, others are not.
func TestServerTiming(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	w := s.get(t, "/toy/users", secret, header("Sec-Fetch-Mode", "cors"))
	wantHeaders(t, "a browser", w, map[string]string{"Server-Timing": "app;dur=0.000"})
	wantHeaders(t, "a program", s.get(t, "/toy/users", secret), map[string]string{"Server-Timing": ""})
}
