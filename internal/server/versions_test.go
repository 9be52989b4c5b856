package server_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

// write sends a request with a body to the native API.
func (s *stand) write(t *testing.T, method, path, secret, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func version(t *testing.T, w *httptest.ResponseRecorder) roster.Version {
	t.Helper()
	n, err := strconv.ParseInt(w.Header().Get("Roster-Version"), 10, 64)
	if err != nil {
		t.Errorf("status %d: Roster-Version: %v", w.Code, err)
	}
	return roster.Version(n)
}

func TestWritesNameTheirVersion(t *testing.T) {
	s, secret := newWalkStand(t, nil)
	before := version(t, s.get(t, "/api/v1/organization", secret))
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		later                    roster.Version
	}{
		{"create", http.MethodPost, "/users", `{"name":"Zoe","email":"zoe@example.com"}`, http.StatusCreated, 1},
		{"change", http.MethodPatch, "/users/email:zoe@example.com", `{"name":"Zo"}`, http.StatusOK, 2},
		{"change nothing", http.MethodPatch, "/users/email:zoe@example.com", `{"name":"Zo"}`, http.StatusOK, 2},
		{"delete", http.MethodDelete, "/users/email:zoe@example.com", "", http.StatusNoContent, 3},
		{"import", http.MethodPost, "/import", `{"name":"Yan","email":"yan@example.com"}`, http.StatusOK, 4},
		{"import nothing", http.MethodPost, "/import?dry_run=true", `{"name":"X"}`, http.StatusOK, 4},
	} {
		w := s.write(t, tc.method, tc.path, secret, tc.body)
		wantStatus(t, tc.name, w, tc.status)
		if got := version(t, w); got != before+tc.later {
			t.Errorf("%s: version %d, want %d", tc.name, got, before+tc.later)
		}
		if got := version(t, s.get(t, "/api/v1/users", secret)); got != before+tc.later {
			t.Errorf("after %s: version %d, want %d", tc.name, got, before+tc.later)
		}
	}
	w := s.write(t, http.MethodPost, "/users", secret, `{"name":"Ann","email":"ann@example.com"}`)
	wantStatus(t, "a taken e-mail", w, http.StatusConflict)
	if got := w.Header().Values("Roster-Version"); len(got) > 0 {
		t.Errorf("a write that is refused names version %s", got)
	}
}

func TestEveryReadNamesItsVersion(t *testing.T) {
	for name, configure := range map[string]func(*server.Config){"uncached": nil, "cached": withCache} {
		t.Run(name, func(t *testing.T) {
			s, secret := newWalkStand(t, configure)
			want := version(t, s.get(t, "/api/v1/organization", secret))
			for range 3 {
				w := s.get(t, "/api/v1/users", secret)
				if got := version(t, w); got != want {
					t.Errorf("version %d, want %d", got, want)
				}
				w = s.get(t, "/api/v1/users", secret, header("If-None-Match", w.Header().Get("ETag")))
				wantStatus(t, "again", w, http.StatusNotModified)
				if got := version(t, w); got != want {
					t.Errorf("not modified at version %d, want %d", got, want)
				}
			}
			w := s.get(t, "/api/v1/users/number:4711", secret)
			wantStatus(t, "nobody", w, http.StatusNotFound)
			if got := version(t, w); got != want {
				t.Errorf("there is nobody at version %d, want %d", got, want)
			}
			if got := s.get(t, "/d3lay/users", secret).Header().Values("Roster-Version"); len(got) > 0 {
				t.Errorf("a vendor's answer has our header: %s", got)
			}
		})
	}
}

func TestReadsWaitForAVersion(t *testing.T) {
	for name, ask := range map[string]func(version string) (target string, change func(*http.Request)){
		"by parameter": func(version string) (string, func(*http.Request)) {
			return "/api/v1/users?min_version=" + version, func(*http.Request) {}
		},
		"by header": func(version string) (string, func(*http.Request)) {
			return "/api/v1/users", header("If-Roster-Version-At-Least", version)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, secret := newWalkStand(t, func(c *server.Config) { c.WaitTime = 0 })
				present := version(t, s.get(t, "/api/v1/users", secret))
				target, change := ask(strconv.FormatInt(int64(present+1), 10))
				started := time.Now()
				w := s.get(t, target, secret, change)
				wantStatus(t, "a version that does not come", w, http.StatusServiceUnavailable)
				if got := time.Since(started); got != 2*time.Second || w.Header().Get("Retry-After") != "1" {
					t.Errorf("it took %s, and is to be tried again after %q seconds", got, w.Header().Get("Retry-After"))
				}
				done := make(chan *httptest.ResponseRecorder)
				go func() { done <- s.get(t, target, secret, change) }()
				synctest.Wait()
				s.remove(t, "ann")
				w = <-done
				wantStatus(t, "a version that comes", w, http.StatusOK)
				if got := version(t, w); got != present+1 {
					t.Errorf("version %d, want %d", got, present+1)
				}
				// Nothing of the answer depends on what was waited for.
				tag := s.get(t, "/api/v1/users", secret).Header().Get("ETag")
				if got := w.Header().Get("ETag"); got != tag {
					t.Errorf("the tag is %s, want %s", got, tag)
				}
			})
		})
	}
}

func TestFaultyVersionsToWaitFor(t *testing.T) {
	s, secret := newWalkStand(t, nil)
	token := s.page(t, secret, "page_size=2").NextPageToken
	present := s.page(t, secret, "page_size=2").Version
	s.remove(t, "ann")
	for _, tc := range []struct {
		target, header, want string
	}{
		{"/api/v1/users?min_version=0", "", `min_version: must be an integer from 1, not \"0\"`},
		{"/api/v1/users?min_version=x", "", `min_version: must be an integer from 1, not \"x\"`},
		{"/api/v1/users?min_version=1&min_version=2", "", `min_version: must be given once, not 2 times`},
		{"/api/v1/users", "soon", `If-Roster-Version-At-Least: must be an integer from 1, not \"soon\"`},
		{
			"/api/v1/users?page_size=2&page_token=" + token, strconv.FormatInt(int64(present+1), 10),
			"min_version: must not be later than " + strconv.FormatInt(int64(present), 10) +
				", the version at which the walk of page_token began",
		},
	} {
		w := s.get(t, tc.target, secret, func(r *http.Request) {
			if tc.header != "" {
				r.Header.Set("If-Roster-Version-At-Least", tc.header)
			}
		})
		wantStatus(t, tc.target, w, http.StatusBadRequest)
		if !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s says %s, want %s", tc.target, w.Body, tc.want)
		}
	}
	target := "/api/v1/users?page_size=2&page_token=" + token + "&min_version=" + strconv.FormatInt(int64(present), 10)
	wantStatus(t, "no later than the walk", s.get(t, target, secret), http.StatusOK)
}

// A server that keeps no versions serves all the same.
func TestWithoutVersions(t *testing.T) {
	s, secret := newWalkStand(t, func(c *server.Config) { c.Versions = nil })
	l := s.page(t, secret, "page_size=2")
	target := "/api/v1/users?page_size=2&page_token=" + l.NextPageToken
	wantStatus(t, "while nothing changes", s.get(t, target, secret), http.StatusOK)
	s.remove(t, "ann")
	wantStatus(t, "after a change", s.get(t, target, secret), http.StatusGone)
	later := "/api/v1/users?min_version=" + strconv.FormatInt(int64(l.Version+2), 10)
	wantStatus(t, "a later version", s.get(t, later, secret), http.StatusServiceUnavailable)
}
