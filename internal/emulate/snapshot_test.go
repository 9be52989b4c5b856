package emulate_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/emulate"
)

// whole is what every list and record of every API is answered, by method and URL.
type whole map[string]string

// everything asks all that there is to ask of an instance with all bearer dialects and a control API.
func everything(t *testing.T, i *emulate.Instance) whole {
	t.Helper()
	answers := whole{}
	add := func(url string, h http.Header) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		answers[url] = shown(answer, string(body))
	}
	for _, api := range i.APIs {
		for _, path := range paths(api.Dialect) {
			add(api.BaseURL+path, http.Header{api.Credentials[0].Header: {api.Credentials[0].Value}})
		}
	}
	for _, path := range paths("native") {
		add(i.ControlURL+"/api/v1"+path, http.Header{})
	}
	return answers
}

// shown is an answer without what differs each time: the request's id, the time, and what a server's run has a part in.
func shown(answer *http.Response, body string) string {
	h := maps.Clone(answer.Header)
	id := h.Get("X-Request-Id")
	for _, name := range []string{"Date", "X-Request-Id", "Etag", "Ratelimit"} {
		h.Del(name)
	}
	maps.DeleteFunc(h, func(name string, _ []string) bool { return strings.HasPrefix(name, "X-Ratelimit-") })
	var b strings.Builder
	fmt.Fprintln(&b, answer.StatusCode)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		fmt.Fprintln(&b, name, h[name])
	}
	return b.String() + strings.ReplaceAll(body, id, "ID")
}

// paths are those of all that can be read in a dialect, but what goes on for ever.
func paths(name string) (list []string) {
	for _, e := range all.ByName(name).Endpoints {
		if e.Method != http.MethodGet || strings.HasSuffix(e.Path, "/stream") {
			continue
		}
		path := strings.NewReplacer("{ref}", "2", "{user}", "2", "{seq}", "1",
			"{user_uuid}", "d4add56e-c345-4ac9-b392-7a890a60559a", "{id}", "d4add56e-c345-4ac9-b392-7a890a60559a").Replace(e.Path)
		if strings.HasSuffix(path, ":compare") {
			path += "?from=1"
		}
		list = append(list, path)
	}
	return list
}

// write is something that a test may do to an instance, to which nobody else does anything meanwhile.
func write(t *testing.T, i *emulate.Instance, kind string, n int) {
	t.Helper()
	api := i.APIs[n%len(i.APIs)]
	switch kind {
	case "create":
		tell(t, i, http.MethodPost, "/api/v1/users", user(fmt.Sprint("new", n)))
	case "update":
		tell(t, i, http.MethodPatch, fmt.Sprint("/api/v1/users/", n), `{"name":"Changed","status":"suspended"}`)
	case "delete":
		tell(t, i, http.MethodDelete, fmt.Sprint("/api/v1/users/", n), "")
	case "group":
		tell(t, i, http.MethodPatch, fmt.Sprint("/api/v1/groups/", n%4+1), fmt.Sprintf(`{"name":"Group %d"}`, n))
	case "no group":
		tell(t, i, http.MethodDelete, fmt.Sprint("/api/v1/groups/", n%4+1), "")
	case "organization":
		tell(t, i, http.MethodPatch, "/api/v1/organization", fmt.Sprintf(`{"name":"Company %d"}`, n))
	case "read":
		fetch(t, api, paths(api.Dialect)[0])
	case "snapshot":
		tell(t, i, http.MethodPost, "/_roster/snapshots/other", "")
	case "restore":
		tell(t, i, http.MethodPost, "/_roster/snapshots/other:restore", "")
	case "clock":
		tell(t, i, http.MethodPut, "/_roster/clock", fmt.Sprintf(`{"shift":"%dh"}`, n-20))
	default: // a fault of a request
		tell(t, i, http.MethodPut, "/_roster/faults", `{"rules":[{"kind":"`+kind+`"}]}`)
		fetch(t, api, paths(api.Dialect)[0])
	}
}

// Whatever is written, a restore puts back: everything is answered byte for byte as it was at the snapshot.
func TestRestoreIsTheSnapshot(t *testing.T) {
	t.Parallel()
	i := controlled(t, 30, "flxpoint", "kaiten", "sixeye", "d3lay")
	kinds := []string{
		"create", "update", "delete", "group", "no group", "organization", "read", "snapshot", "restore", "clock",
		"appear", "disappear", "expire_token", "revoke_token",
	}
	for seed := range uint64(3) { // all that is asked, over and over, takes long
		dice := rand.New(rand.NewPCG(seed, 0))
		var wrote []string
		some := func() { // of each kind one, in any order
			for _, k := range dice.Perm(len(kinds)) {
				n := 1 + dice.IntN(40)
				wrote = append(wrote, fmt.Sprint(kinds[k], " ", n))
				write(t, i, kinds[k], n)
			}
		}
		told(t, i, http.MethodPost, "/_roster/reset", "")
		some()
		told(t, i, http.MethodDelete, "/_roster/faults", "") // else reading would change what is read
		told(t, i, http.MethodPut, "/_roster/clock", `{"shift":"0s"}`)
		told(t, i, http.MethodPost, "/_roster/snapshots/here", "")
		told(t, i, http.MethodPost, "/_roster/snapshots/here:restore", "")
		want := everything(t, i)
		some()
		told(t, i, http.MethodPost, "/_roster/snapshots/here:restore", "")
		if diff := cmp.Diff(want, everything(t, i)); diff != "" {
			t.Errorf("%v: -snapshot +restored:\n%s", wrote, diff)
		}
	}
}

// The version that a write leads to comes again after a restore. What a client was told of the first one must not pass
// for the second: a tag, a page token, or the answer that a key was promised.
func TestTheFutureThatWasGivenUp(t *testing.T) {
	t.Parallel()
	i := controlled(t, 30, "d3lay")
	ask := func(method, path, body string, h http.Header) answer {
		r, err := http.NewRequestWithContext(t.Context(), method, i.ControlURL+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = h
		r.Header.Set("Content-Type", "application/json")
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		text, err := io.ReadAll(got.Body)
		return answer{got.StatusCode, got.Header, string(text), err}
	}
	var versions, tags [2]string
	var token struct {
		Next string `json:"next_page_token"`
	}
	for n, name := range []string{"one", "other"} {
		h := http.Header{"If-None-Match": {tags[0]}}
		created := ask(http.MethodPost, "/users", user(name), http.Header{"Idempotency-Key": {"key"}})
		list := ask(http.MethodGet, "/users?page_size=10", "", h)
		if created.status != http.StatusCreated || created.header.Get("Idempotency-Replayed") != "" ||
			list.status != http.StatusOK {
			t.Errorf("%s is made with %d %v, and listed with %d", name, created.status, created.header, list.status)
		}
		versions[n], tags[n] = created.header.Get(dialect.VersionHeader), list.header.Get("ETag")
		if n == 0 {
			if err := json.Unmarshal([]byte(list.body), &token); err != nil || token.Next == "" {
				t.Fatalf("there is no token of the next page: %v", err)
			}
		} else if got := ask(http.MethodGet, "/users?page_size=10&page_token="+token.Next, "", http.Header{}); got.status < 400 {
			t.Errorf("a walk goes on in another past: %d", got.status)
		}
		told(t, i, http.MethodPost, "/_roster/reset", "")
	}
	if versions[0] != versions[1] || versions[0] == "" || tags[0] == tags[1] {
		t.Errorf("got the versions %v and the tags %v, want the same version and two tags", versions, tags)
	}
}

// Limits are whole after a reset.
func TestResetLimits(t *testing.T) {
	t.Parallel()
	i := controlled(t, 5, "flxpoint")
	for range 2 {
		for n := range 40 {
			if got := fetch(t, i.APIs[0], "/account"); got.status != http.StatusOK {
				t.Errorf("request %d is answered %d", n+1, got.status)
			}
		}
		told(t, i, http.MethodPost, "/_roster/reset", "")
	}
}

// Requests that are under way while everything is put back see what was before or what is after, and none fails.
func TestRequestsDuringAReset(t *testing.T) {
	t.Parallel()
	const users, resets = 200, 30
	i := controlled(t, users, "d3lay")
	token := i.APIs[0].Credentials[0]
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for n := range 3 {
		clients.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, i.ControlURL+"/api/v1/users",
					strings.NewReader(user(fmt.Sprintf("new-%d-%d", n, k))))
				if n == 0 {
					r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, i.APIs[0].BaseURL+"/users?page_size=100", http.NoBody)
					r.Header.Set(token.Header, token.Value)
				}
				r.RequestURI = ""
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if answer.StatusCode >= 400 && answer.StatusCode != http.StatusTooManyRequests {
					t.Errorf("a request is answered %d", answer.StatusCode)
				}
			}
		})
	}
	for range resets {
		told(t, i, http.MethodPost, "/_roster/reset", "")
		if s := stateOf(t, i); s.Users < users {
			t.Errorf("there are %d users", s.Users)
		}
	}
	close(stop)
	clients.Wait()
	told(t, i, http.MethodPost, "/_roster/reset", "")
	if s := stateOf(t, i); s.Users != users || s.Version != 1 {
		t.Errorf("there are %d users at version %d", s.Users, s.Version)
	}
}

// BenchmarkReset measures what putting 10,000 users back costs after some writes.
func BenchmarkReset(b *testing.B) {
	o := options("kaiten")
	o.Users = 10_000
	i, err := emulate.Start(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer i.Close()
	for b.Loop() {
		if err := i.Reset(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
