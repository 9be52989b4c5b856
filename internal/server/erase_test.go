package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

// tells reports whether an answer tells of eve, more than that there is no such user.
func tells(body string) bool {
	return strings.Contains(body, `"eve"`) || strings.Contains(body, `"eve@`)
}

// After a person was erased no request is answered with what was answered before: not from the cache, not by views that
// are kept for walks or were made of the past, and not by a client's own copy.
func TestWhoIsErasedIsInNoAnswer(t *testing.T) {
	for name, configure := range map[string]func(*server.Config){"uncached": nil, "cached": withCache} {
		for _, evict := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", evict), func(t *testing.T) {
				s, secret := newWalkStand(t, configure)
				first := s.page(t, secret, "page_size=2")
				version := first.Version
				s.remove(t, "eve") // of whom there is a deleted user, then
				var then []string
				for v := version - 1; v <= version+1; v++ {
					for _, path := range append(asked(), "/users", "/users?search=eve", "/users/email:eve@example.com",
						"/deleted-users", "/users?facets=status,role",
						"/users?filter=name+%3D+eve") {
						path, query, _ := strings.Cut(path, "?")
						then = append(then, fmt.Sprint(path, "?as_of=", v, "&", query))
					}
				}
				then = append(then, "/users?page_size=3&page_token="+first.NextPageToken, "/deleted-users")
				tags, found := map[string]string{}, 0
				for range 3 {
					for _, path := range then {
						w := s.get(t, "/api/v1"+path, secret)
						tags[path] = w.Header().Get("ETag")
						if tells(w.Body.String()) {
							found++
						}
					}
				}
				if found < 3*10 {
					t.Fatalf("eve is in %d answers, which says nothing", found)
				}
				s.do(t, roster.Erase{Ref: roster.Ref{Email: "eve@example.com"}})
				if evict {
					s.service.Evict(s.org)
				}
				for _, path := range then {
					w := s.get(t, "/api/v1"+path, secret, func(r *http.Request) {
						if tags[path] != "" && !strings.HasPrefix(tags[path], `"`) { // a record's own tag may still hold
							r.Header.Set("If-None-Match", tags[path])
						}
					})
					if w.Code == http.StatusNotModified || tells(w.Body.String()) {
						t.Errorf("%s: got %d %s", path, w.Code, w.Body)
					}
				}
			})
		}
	}
}
