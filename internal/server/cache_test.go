package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/server"
)

func withCache(c *server.Config) { c.CacheBytes = 1 << 20 }

// What comes from the cache is what would be made anew, but for the request's id.
func TestCachedIsUncached(t *testing.T) {
	service, secret := populated(t, 200)
	a, user := newAsking(t, service, secret), someUser(t, service)
	at := time.Now()
	still := func(c *server.Config) { c.Now = func() time.Time { return at } }
	anew, cached := unlimited(t, service, still), unlimited(t, service, func(c *server.Config) {
		still(c)
		withCache(c)
	})
	changed := 0
	rapid.Check(t, func(rt *rapid.T) {
		ask := a.one(rt)
		want := ask(anew)
		for range 3 {
			got := ask(cached)
			if diff := cmp.Diff(plainBody(t, want), plainBody(t, got)); diff != "" || want.Code != got.Code {
				rt.Fatalf("got status %d, want %d (-anew +cached):\n%s", got.Code, want.Code, diff)
			}
			if diff := cmp.Diff(headersBut(want), headersBut(got)); diff != "" {
				rt.Fatalf("headers (-anew +cached):\n%s", diff)
			}
		}
		if rapid.IntRange(0, 5).Draw(rt, "write") == 0 {
			changed++
			touchUser(t, service, user, fmt.Sprintf("Changed %d", changed))
		}
	})
}

// headersBut returns the headers that do not depend on the request's id or on how a body is compressed.
func headersBut(w *httptest.ResponseRecorder) http.Header {
	header := w.Header().Clone()
	header.Del("X-Request-Id")
	if header.Get("Content-Encoding") != "" {
		header.Del("Content-Length")
	}
	return header
}

// A read that begins after a write has returned shows what was written, whatever others read and write meanwhile.
func TestCacheIsNeverStale(t *testing.T) {
	service, secret := populated(t, 100)
	h, user := unlimited(t, service, withCache), someUser(t, service)
	target := "/api/v1/users/" + user.String()
	read := func() int64 {
		var n int64
		body := send(t, h, http.MethodGet, target, bearer(secret)).Body.String()
		_, rest, _ := strings.Cut(body, `"name":"Number `)
		if _, err := fmt.Sscanf(rest, "%d", &n); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		return n
	}
	touchUser(t, service, user, "Number 0")
	const writes = 200
	var written atomic.Int64
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for before := int64(0); before < writes; {
				before = written.Load()
				if got := read(); got < before {
					t.Errorf("got %d after %d was written", got, before)
					return
				}
			}
		})
	}
	for n := range int64(writes) {
		touchUser(t, service, user, fmt.Sprintf("Number %d", n+1))
		written.Store(n + 1)
		if got := read(); got != n+1 {
			t.Errorf("got %d, want %d", got, n+1)
		}
	}
	readers.Wait()
}

// The index answers equal requests twice; from the third one on they get what was kept, in any encoding.
func TestCacheSparesTheIndex(t *testing.T) {
	served := 0
	d := toy()
	for i := range d.Endpoints {
		if e := &d.Endpoints[i]; e.Path == "/medium" || e.Path == "/long" || e.Path == "/users/{id}" {
			serve := e.Serve
			e.Serve = func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
				served++
				return serve(ctx, r)
			}
		}
	}
	s := newStand(t, withCache, d)
	secret, other := s.token(t, "account"), s.token(t, "other")
	for _, c := range []struct {
		path string
		want int
	}{{"/toy/medium?b=1&a=2", 2}, {"/toy/long", 6}, {"/toy/users/7", 6}} {
		served = 0
		for _, encoding := range []string{"", "gzip", "zstd"} {
			first := s.get(t, c.path, secret, header("Accept-Encoding", encoding))
			again := s.get(t, c.path, other, header("Accept-Encoding", encoding))
			if first.Header().Get("Content-Encoding") != again.Header().Get("Content-Encoding") {
				t.Errorf("%s for %q: got encodings %q and %q", c.path, encoding,
					first.Header().Get("Content-Encoding"), again.Header().Get("Content-Encoding"))
			}
		}
		if served != c.want {
			t.Errorf("%s was made %d times, want %d", c.path, served, c.want)
		}
	}
	s.get(t, "/toy/medium?a=2&b=1", secret)
	served = 0 // and it was asked for above
	if s.get(t, "/toy/medium?a=2&b=1", secret); served != 0 {
		t.Error("the order of parameters counts")
	}
	s.create(t, &roster.User{Name: "Bob", Email: "bob@example.com"})
	if s.get(t, "/toy/medium?a=2&b=1", secret); served != 1 {
		t.Error("an answer outlived a change")
	}
}

// Every answer tells the id of its own request.
func TestCachedRequestIDs(t *testing.T) {
	service, secret := populated(t, 20)
	h := unlimited(t, service, withCache)
	target := "/fipto/companies/" + demo.Organization().ID.String() + "/users"
	var tags []string
	for range 3 {
		w := send(t, h, http.MethodGet, target, bearer(secret))
		wantStatus(t, target, w, http.StatusOK)
		if id := w.Header().Get("X-Request-Id"); !strings.Contains(w.Body.String(), `"request_id":"`+id+`"`) {
			t.Errorf("the body of %s is that of another request: %.100s", id, w.Body)
		}
		if tags = append(tags, w.Header().Get("Etag")); tags[0] != tags[len(tags)-1] {
			t.Errorf("got the tags %q", tags)
		}
	}
}
