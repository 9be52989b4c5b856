package control_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/control"
	"github.com/roster-dev/roster/internal/dialect/native"
)

func handler() http.Handler {
	return control.Handler(control.Options{
		Host: "tests.example:9000", Fail: native.New().Fail, Log: slog.New(slog.DiscardHandler),
		NewID: func() (roster.ID, error) { return roster.ID{}, nil },
		Else:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "else") }),
	}, []control.Route{
		{Method: http.MethodGet, Serve: func(*http.Request) (any, error) { return "root", nil }},
		{Method: http.MethodPost, Path: "/things/{name}:turn", Serve: func(r *http.Request) (any, error) {
			return "turned " + r.PathValue("name"), nil
		}},
		{Method: http.MethodPost, Path: "/things/{name}", Serve: func(r *http.Request) (any, error) {
			body, err := control.Body(r)
			return r.PathValue("name") + " " + string(body[:min(3, len(body))]), err
		}},
		{Method: http.MethodDelete, Path: "/things/{name}", Serve: func(*http.Request) (any, error) { return nil, nil }},
		{Method: http.MethodGet, Path: "/itself", Serve: func(*http.Request) (any, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), nil
		}},
		{Method: http.MethodGet, Path: "/broken", Serve: func(*http.Request) (any, error) {
			return nil, errors.New("a secret of ours")
		}},
	})
}

// Every route is found by its method and path, and what it returns is written.
func TestRoutes(t *testing.T) {
	t.Parallel()
	h := handler()
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/_roster", "", 200, `"root"`},
		{"GET", "/_roster/", "", 200, `"root"`},
		{"POST", "/_roster/things/a%20b:turn", "", 200, `"turned a b"`},
		{"POST", "/_roster/things/a", "xyz", 200, `"a xyz"`},
		{"POST", "/_roster/things/a", strings.Repeat("x", 1<<20), 200, `"a xxx"`},
		{"POST", "/_roster/things/a", strings.Repeat("x", 1<<20+1), 413, `"detail":"the body must have at most 1048576 bytes"`},
		{"DELETE", "/_roster/things/a", "", 204, ""},
		{"GET", "/_roster/itself", "", 418, ""},
		{"GET", "/_roster/things/a", "", 405, `"the method GET is not allowed here, only POST, DELETE"`},
		{"GET", "/_roster/nothing", "", 404, `"code":"not_found"`},
		{"GET", "/_rosterx", "", 200, "else"},
		{"GET", "/api/v1/users", "", 200, "else"},
		{"GET", "/_roster/broken", "", 500, `"detail":"internal error"`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "http://localhost"+c.path, strings.NewReader(c.body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Body.String()
		if w.Code != c.status || !strings.Contains(got, c.want) || strings.Contains(got, "secret") {
			t.Errorf("%s %s: got %d, %s, want %d, %s", c.method, c.path, w.Code, got, c.status, c.want)
		}
		isProblem := w.Header().Get("Content-Type") == "application/problem+json"
		if refused := c.status >= 400 && c.status != http.StatusTeapot; isProblem != refused || refused && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: got %s, %s", c.method, c.path, w.Header().Get("Content-Type"), got)
		}
	}
}

// A page from elsewhere, which a browser on the machine shows, gets nowhere: neither under a name of its own that leads
// here, nor from its own origin.
func TestPagesFromElsewhere(t *testing.T) {
	t.Parallel()
	h := handler()
	for _, c := range []struct {
		host, origin, site string
		want               int
	}{
		{"127.0.0.1:9000", "", "", 204},
		{"[::1]:9000", "", "", 204},
		{"[::1]", "", "", 204},
		{"192.0.2.7", "", "", 204},
		{"LocalHost.:9000", "", "", 204},
		{"roster:9000", "", "", 204},
		{"tests.example", "", "", 204},
		{"localhost:9000", "http://localhost:9000", "same-origin", 204},
		{"evil.example:9000", "", "", 403},
		{"127.0.0.1.evil.example", "", "", 403},
		{"localhost.evil.example", "", "", 403},
		{"", "", "", 403},
		{"localhost:9000", "https://evil.example", "", 403},
		{"localhost:9000", "http://localhost:8000", "same-site", 403},
		{"localhost:9000", "null", "", 403},
		{"localhost:9000", "", "cross-site", 403},
	} {
		for _, path := range []string{"/_roster/things/a", "/api/v1/users"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, "http://localhost"+path, http.NoBody)
			r.Host = c.host
			for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			want := c.want
			if want == http.StatusNoContent && path != "/_roster/things/a" {
				want = http.StatusOK
			}
			if w.Code != want {
				t.Errorf("%s of %+v: got %d, want %d", path, c, w.Code, want)
			}
		}
	}
}
