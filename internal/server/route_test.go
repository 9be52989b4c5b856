package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/server"
)

func TestMounts(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Hosts = map[string]string{"toy.example": "toy"} })
	secret := s.token(t, "account")
	own, err := s.DialectHandler("toy")
	if err != nil {
		t.Fatal(err)
	}
	for target, h := range map[string]http.Handler{
		"http://roster.example/toy/users":    s.Handler(),
		"http://toy.example/users":           s.Handler(),
		"http://TOY.example.:8080/users":     s.Handler(),
		"http://anything.example:9001/users": own,
	} {
		w := send(t, h, http.MethodGet, target, bearer(secret))
		wantStatus(t, target, w, http.StatusOK)
		if got := w.Body.String(); got != `["Ann"]` {
			t.Errorf("%s: got %s", target, got)
		}
	}
	for target, h := range map[string]http.Handler{
		"http://roster.example/toy/nothing": s.Handler(), "http://roster.example/toy": s.Handler(),
		"http://roster.example/toy/users/": s.Handler(), "http://toy.example/toy/users": s.Handler(),
		"http://roster.example/toy//users": s.Handler(), "http://any.example/toy/users": own,
		"http://toy.example/": s.Handler(),
	} {
		wantFault(t, target, send(t, h, http.MethodGet, target, bearer(secret)), http.StatusNotFound, roster.NotFound)
	}
	for _, target := range []string{"http://roster.example/users", "http://roster.example/toyx/users", "/nothing"} {
		w := s.get(t, target, secret)
		wantStatus(t, target, w, http.StatusNotFound)
		if got := w.Header().Get("Content-Type"); got != "text/plain; charset=utf-8" {
			t.Errorf("%s: got content type %q", target, got)
		}
	}
	_, err = s.DialectHandler("nothing")
	if roster.CodeOf(err) != roster.Invalid {
		t.Errorf("the handler of no dialect: got %v", err)
	}
	c := server.Config{Dialects: []*dialect.Dialect{toy()}, Hosts: map[string]string{"x.example": "nothing"}}
	if _, err := server.New(c); roster.CodeOf(err) != roster.Invalid {
		t.Errorf("a host of no dialect: got %v", err)
	}
}

// Every endpoint of every dialect is found in each of the places where its dialect can be mounted.
func TestMountsOfEveryDialect(t *testing.T) {
	hosts := map[string]string{}
	for _, d := range all.Dialects() {
		hosts[d.Name+".example"] = d.Name
	}
	s := newStand(t, func(c *server.Config) { c.Hosts = hosts }, all.Dialects()...)
	for _, d := range all.Dialects() {
		own, err := s.DialectHandler(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range d.Endpoints {
			for _, path := range e.Paths() {
				want := http.StatusUnauthorized
				if e.Public {
					want = http.StatusOK
				}
				path = strings.NewReplacer("{", "", "}", "").Replace(path)
				wantStatus(t, e.ID, send(t, s.Handler(), e.Method, "http://roster.example"+d.Mount()+path), want)
				wantStatus(t, e.ID, send(t, s.Handler(), e.Method, "http://"+d.Name+".example"+path), want)
				wantStatus(t, e.ID, send(t, own, e.Method, "http://roster.example"+path), want)
			}
		}
	}
}

func TestMethods(t *testing.T) {
	s := newStand(t, nil)
	secret := s.token(t, "account")
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, "PURGE"} {
		w := send(t, s.Handler(), method, "/toy/users", bearer(secret))
		wantFault(t, method, w, http.StatusMethodNotAllowed, roster.MethodNotAllowed)
		if got := w.Header().Get("Allow"); got != "GET, HEAD, OPTIONS" {
			t.Errorf("%s: got Allow %q", method, got)
		}
	}
	w := send(t, s.Handler(), http.MethodPost, "/toy/openapi.json")
	wantFault(t, "POST of a document", w, http.StatusMethodNotAllowed, roster.MethodNotAllowed)
	w = send(t, s.Handler(), http.MethodOptions, "/toy/users")
	wantStatus(t, "OPTIONS", w, http.StatusNoContent)
	if got := w.Header().Get("Allow"); got != "GET, HEAD, OPTIONS" || w.Body.Len() > 0 {
		t.Errorf("OPTIONS: got Allow %q and %d bytes", got, w.Body.Len())
	}
}

func TestPreflight(t *testing.T) {
	preflight := []func(*http.Request){
		header("Origin", "https://app.example"), header("Access-Control-Request-Method", "GET"),
		header("Access-Control-Request-Headers", "authorization"),
	}
	for name, want := range map[string]struct {
		origins []string
		allowed string
	}{
		"all": {nil, "*"}, "one of some": {[]string{"https://x.example", "https://app.example"}, "https://app.example"},
		"none of some": {[]string{"https://x.example"}, ""},
	} {
		s := newStand(t, func(c *server.Config) { c.Origins = want.origins })
		secret := s.token(t, "account")
		w := send(t, s.Handler(), http.MethodOptions, "/toy/users", preflight...)
		wantStatus(t, name, w, http.StatusNoContent)
		wantHeaders(t, name, w, map[string]string{
			"Access-Control-Allow-Origin": want.allowed, "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
			"Access-Control-Allow-Headers": "authorization", "Access-Control-Allow-Credentials": "",
		})
		w = s.get(t, "/toy/users", secret, preflight[0])
		wantHeaders(t, name, w, map[string]string{"Access-Control-Allow-Origin": want.allowed})
		exposed := w.Header().Get("Access-Control-Expose-Headers")
		if (want.allowed != "") != strings.Contains(exposed, "X-Left") {
			t.Errorf("%s: got exposed headers %q", name, exposed)
		}
		for _, w := range []*httptest.ResponseRecorder{w, s.get(t, "/toy/users", secret)} {
			if !strings.Contains(strings.Join(w.Header().Values("Vary"), ","), "Origin") {
				t.Errorf("%s: got Vary %q", name, w.Header().Values("Vary"))
			}
		}
		wantHeaders(t, name+" without an origin", s.get(t, "/toy/users", secret), map[string]string{
			"Access-Control-Allow-Origin": "", "Access-Control-Expose-Headers": "",
		})
		wantHeaders(t, name, s.get(t, "/toy/users", "", preflight[0]), map[string]string{
			"Access-Control-Allow-Origin": want.allowed,
		})
	}
}

func wantHeaders(t *testing.T, what string, w *httptest.ResponseRecorder, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := w.Header().Get(name); got != value {
			t.Errorf("%s: got %s %q, want %q", what, name, got, value)
		}
	}
}

func TestProbesAndLists(t *testing.T) {
	var sick error
	s := newStand(t, func(c *server.Config) {
		c.Software = "1.2.3"
		c.Ready = func(context.Context) error { return sick }
	})
	wantText := func(target string, status int, part string) {
		t.Helper()
		w := s.get(t, target, "")
		wantStatus(t, target, w, status)
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("%s: got %q, want it to have %q", target, w.Body, part)
		}
	}
	wantText("/healthz", http.StatusOK, "ok")
	wantText("/readyz", http.StatusOK, "ready")
	wantText("/", http.StatusOK, "/toy/users")
	wantText("/toy/version", http.StatusOK, "1.2.3")
	sick = roster.Errorf(roster.Unavailable, "the disk of db7 is full")
	wantText("/readyz", http.StatusServiceUnavailable, "not ready")
	wantText("/healthz", http.StatusOK, "ok")
	if w := s.get(t, "/readyz", ""); strings.Contains(w.Body.String(), "db7") {
		t.Errorf("/readyz tells everybody %q", w.Body)
	}
	if !strings.Contains(s.log.String(), "db7") {
		t.Error("the log does not say why the server is not ready")
	}
	own, err := s.DialectHandler("toy")
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, "a probe on a listener of its own", send(t, own, http.MethodGet, "/healthz"), http.StatusOK)
}

// The type of a problem leads to a page, on every listener.
func TestErrorPages(t *testing.T) {
	s := newStand(t, func(c *server.Config) {
		c.Docs = fstest.MapFS{"errors/gone.md": {Data: []byte("# gone\n")}, "errors/errors.go": {}}
	})
	own, err := s.DialectHandler("toy")
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []http.Handler{s.Handler(), own} {
		w := send(t, h, http.MethodGet, "/docs/errors/gone")
		wantStatus(t, "a page", w, http.StatusOK)
		if got := w.Body.String(); got != "# gone\n" {
			t.Errorf("got the page %q", got)
		}
		for _, path := range []string{"lost", "", "../gone", "errors.go", "gone.md"} {
			w := send(t, h, http.MethodGet, "/docs/errors/"+path)
			wantStatus(t, path, w, http.StatusNotFound)
		}
	}
}

func TestOpenAPIDocument(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Hosts = map[string]string{"toy.example": "toy"} })
	for target, want := range map[string]string{
		"http://roster.example/toy/openapi.json?x=1": "http://roster.example/toy",
		"http://toy.example/openapi.json":            "http://toy.example",
		"http://x.example:8080/toy/openapi.json":     "http://x.example:8080/toy",
	} {
		w := s.get(t, target, "")
		wantStatus(t, target, w, http.StatusOK)
		if strings.Contains(w.Body.String(), ".invalid") {
			t.Errorf("%s: the document has a base that is nobody's", target)
		}
		var doc struct {
			Servers []struct{ URL string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if len(doc.Servers) == 0 || strings.TrimSuffix(doc.Servers[0].URL, "/") != want {
			t.Errorf("%s: got servers %v, want %s", target, doc.Servers, want)
		}
	}
}
