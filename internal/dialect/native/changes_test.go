package native_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// site is a served world.
type site struct {
	*dialecttest.World
	url string
}

func newSite(t *testing.T) *site {
	t.Helper()
	d := native.New()
	w := dialecttest.NewWorld(t, roster.Documented, d)
	server := httptest.NewServer(w.LiveHandler(t, d))
	t.Cleanup(server.Close)
	return &site{w, server.URL}
}

// call is a request of a token.
type call struct{ method, path, token, body string }

// send sends a request, which is to succeed, and has the answer read.
func (s *site) send(t *testing.T, c call, read func(io.Reader) error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, s.url+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+s.Secrets[c.token])
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode > 299 {
		text, err := io.ReadAll(response.Body)
		t.Errorf("%s %s: %s %s, %v", c.method, c.path, response.Status, text, err)
		return
	}
	if err := read(response.Body); err != nil {
		t.Errorf("%s %s: %v", c.method, c.path, err)
	}
}

// get decodes the answer to a GET into out.
func (s *site) get(t *testing.T, path, token string, out any) {
	t.Helper()
	s.send(t, call{http.MethodGet, path, token, ""}, func(body io.Reader) error {
		return json.NewDecoder(body).Decode(out)
	})
}

// do sends a request whose answer does not matter.
func (s *site) do(t *testing.T, method, path, body string) {
	t.Helper()
	s.send(t, call{method, path, "everything", body}, func(body io.Reader) error {
		_, err := io.Copy(io.Discard, body)
		return err
	})
}

type record = map[string]any

// change is an item of the feed as a client reads it.
type change struct {
	Version int64
	Ops     []struct {
		Op, Type, ID, Filter string
		Before, After        record
		Diff                 map[string]struct{ From, To any }
	}
}

type userList struct {
	Items   []record
	Total   int
	Version int64
}

func (s *site) users(t *testing.T, token string) (list userList) {
	t.Helper()
	s.get(t, "/users", token, &list)
	if len(list.Items) != list.Total {
		t.Errorf("the list has %d of %d users", len(list.Items), list.Total)
	}
	return list
}

// replica is a copy of the users and groups of the organization that is kept by changes alone.
type replica struct {
	name    string
	version int64
	records map[string]record // by type and id
	faults  []string
	// sparse is for a feed that leaves versions out, ended set once the user who marks the end is there.
	sparse, ended bool
}

func (r *replica) fault(format string, args ...any) {
	r.faults = append(r.faults, r.name+": "+fmt.Sprintf(format, args...))
}

// apply applies a change strictly: whatever a client could rely on is checked.
func (r *replica) apply(c change) {
	if c.Version <= r.version || !r.sparse && c.Version != r.version+1 {
		r.fault("version %d comes after %d", c.Version, r.version)
	}
	r.version = c.Version
	for _, op := range c.Ops {
		if !slices.Contains([]string{"user", "group", "space", "role"}, op.Type) {
			continue
		}
		key := op.Type + " " + op.ID
		have, known := r.records[key]
		if known == (op.Op == "create") {
			r.fault("version %d: %s of %s, which is known: %v", c.Version, op.Op, key, known)
		}
		if op.Before != nil && !cmp.Equal(op.Before, have) {
			r.fault("version %d: before %s (-have +before):\n%s", c.Version, key, cmp.Diff(have, op.Before))
		}
		next := op.After
		if op.Diff != nil {
			next = maps.Clone(have)
			for name, d := range op.Diff {
				if !cmp.Equal(d.From, have[name]) {
					r.fault("version %d: %s of %s was %v, not %v", c.Version, name, key, have[name], d.From)
				}
				next[name] = d.To
				if d.To == nil {
					delete(next, name)
				}
			}
		}
		if op.Op == "delete" {
			delete(r.records, key)
			continue
		}
		r.records[key] = next
		r.ended = r.ended || next["name"] == theEnd
	}
}

// theEnd is the name of the user who is made last.
const theEnd = "The End"

// begin fills a replica with the list as it is at present, and with the groups of that version, which it knows by the
// changes so far.
func (s *site) begin(t *testing.T, r *replica, token string, where func(record) bool) {
	t.Helper()
	list := s.users(t, token)
	groups := &replica{name: r.name + "'s groups", records: map[string]record{}, sparse: true}
	for groups.version < list.Version {
		var page struct {
			Items   []change
			Version int64
		}
		s.get(t, fmt.Sprintf("/changes?types=group&limit=3&since=%d", groups.version), token, &page)
		for _, c := range page.Items {
			if c.Version <= list.Version {
				groups.apply(c)
			}
		}
		if page.Version <= groups.version && len(page.Items) == 0 {
			break // t has failed
		}
		groups.version = page.Version
	}
	r.records, r.faults, r.version = groups.records, groups.faults, list.Version
	for _, u := range list.Items {
		if where(u) {
			delete(u, "permissions") // computed
			r.records["user "+u["id"].(string)] = u
		}
	}
}

// poll keeps a replica by long polls.
func (s *site) poll(t *testing.T, r *replica, token string, query url.Values) {
	t.Helper()
	for !r.ended && len(r.faults) == 0 && !t.Failed() {
		var page struct {
			Items   []change
			Version int64
		}
		query.Set("since", fmt.Sprint(r.version))
		query.Set("wait", "20s")
		s.get(t, "/changes?"+query.Encode(), token, &page)
		for _, c := range page.Items {
			r.apply(c)
		}
		if page.Version < r.version {
			r.fault("a page ends at %d, before its last change", page.Version)
		}
		r.version = page.Version
	}
}

// stream keeps a replica by server-sent events, and connects again after a few of them.
func (s *site) stream(t *testing.T, r *replica, token, query string) {
	t.Helper()
	for !r.ended && len(r.faults) == 0 && !t.Failed() {
		path := fmt.Sprintf("/changes/stream?since=%d&%s", r.version, query)
		s.send(t, call{http.MethodGet, path, token, ""}, func(body io.Reader) error { return r.listen(body, 7) })
	}
}

// listen applies so many events of a stream, or those until the end.
func (r *replica) listen(stream io.Reader, events int) error {
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	for n := 0; n < events && !r.ended && lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		n++
		var c change
		if err := json.Unmarshal([]byte(data), &c); err != nil {
			return fmt.Errorf("%s: %w", data, err)
		}
		r.apply(c)
	}
	return lines.Err()
}

// write changes the organization at random, over HTTP, and its groups directly.
func (s *site) write(t *testing.T, random *rand.Rand, writer int) {
	t.Helper()
	statuses := []string{"active", "inactive", "suspended", "risky"}
	var mine []string
	for n := range 25 {
		var path string
		if len(mine) > 0 {
			path = "/users/" + mine[random.IntN(len(mine))]
		}
		switch k := random.IntN(8); {
		case k < 2 || path == "":
			var made record
			body := fmt.Sprintf(`{"email":"w%d-%d@example.com","name":"W <%d>","status":%q,"groups":[%d]}`,
				writer, n, n, statuses[random.IntN(4)], 1+random.IntN(3))
			s.send(t, call{http.MethodPost, "/users", "everything", body}, func(body io.Reader) error {
				return json.NewDecoder(body).Decode(&made)
			})
			mine = append(mine, fmt.Sprint(made["id"]))
		case k < 5:
			s.do(t, http.MethodPatch, path, fmt.Sprintf(`{"status":%q,"phone":"%d","own_permissions":%d}`,
				statuses[random.IntN(4)], n, random.IntN(9)))
		case k < 6:
			s.do(t, http.MethodPatch, path, `{"phone":null,"groups":null,"spaces":[{"number":1,"role":"reader"}]}`)
		case k < 7:
			s.do(t, http.MethodDelete, path, "")
			mine = slices.DeleteFunc(mine, func(id string) bool { return "/users/"+id == path })
		default:
			_, err := s.Service.Do(t.Context(), dialecttest.Company, roster.Operator(), roster.Update{
				Type: roster.TypeGroup, Ref: roster.Ref{Number: int64(1 + random.IntN(3))},
				Patch: fmt.Appendf(nil, `{"permissions":%d}`, random.IntN(64)),
			})
			if err != nil {
				t.Error(err)
			}
		}
	}
}

// withPermissions returns the users of a replica with what is computed.
func (r *replica) withPermissions() map[string]record {
	masks := map[any]int64{}
	users := map[string]record{}
	for key, g := range r.records {
		if strings.HasPrefix(key, "group ") {
			mask, _ := g["permissions"].(float64)
			masks[g["number"]] = int64(mask)
		}
	}
	for key, u := range r.records {
		if !strings.HasPrefix(key, "user ") {
			continue
		}
		own, _ := u["own_permissions"].(float64)
		mask := int64(own)
		groups, _ := u["groups"].([]any)
		for _, number := range groups {
			mask |= masks[number]
		}
		full := maps.Clone(u)
		if mask != 0 {
			full["permissions"] = float64(mask)
		}
		users[key] = full
	}
	return users
}

// A list at a version followed by the changes since is exactly the list later, whoever writes meanwhile and in whatever
// way the changes are followed.
func TestAListAndTheChangesSinceAreTheListLater(t *testing.T) {
	t.Parallel()
	everybody := func(record) bool { return true }
	active := func(u record) bool { return u["status"] == "active" }
	const end = `{"name":"` + theEnd + `","email":"end@example.com","status":"active"}`
	for seed := range uint64(3) {
		s := newSite(t)
		var writers, followers sync.WaitGroup
		for n := range 4 {
			writers.Go(func() { s.write(t, rand.New(rand.NewPCG(seed, uint64(n))), n) })
		}
		type follower struct {
			replica
			token string
			where func(record) bool
		}
		var all []*follower
		for _, way := range []struct {
			name, token string
			where       func(record) bool
			query       string
			streamed    bool
		}{
			{"polls", "everything", everybody, "limit=3", false},
			{"polls for diffs", "account", everybody, "diff=true", false},
			{"streams", "account", everybody, "", true},
			{"streams diffs", "everything", everybody, "diff=true", true},
			{"polls for some", "everything", active, "filter=" + url.QueryEscape("status = active"), false},
			{"streams diffs of some", "account", active, "diff=true&filter=" + url.QueryEscape("status = active"), true},
		} {
			f := &follower{replica{name: way.name, sparse: strings.Contains(way.query, "filter")}, way.token, way.where}
			all = append(all, f)
			followers.Go(func() {
				s.begin(t, &f.replica, way.token, way.where)
				query, err := url.ParseQuery(way.query)
				if err != nil {
					t.Error(err)
				}
				if way.streamed {
					s.stream(t, &f.replica, way.token, way.query)
				} else {
					s.poll(t, &f.replica, way.token, query)
				}
			})
		}
		writers.Wait()
		s.do(t, http.MethodPost, "/users", end)
		followers.Wait()
		for _, f := range all {
			for _, fault := range f.faults {
				t.Errorf("seed %d: %s", seed, fault)
			}
			want := map[string]record{}
			for _, u := range s.users(t, f.token).Items {
				if f.where(u) {
					want["user "+u["id"].(string)] = u
				}
			}
			if diff := cmp.Diff(want, f.withPermissions()); diff != "" {
				t.Errorf("seed %d: who %s has not what the list has (-list +followed):\n%s", seed, f.name, diff)
			}
		}
	}
}

// events is a client of a stream in a bubble of fake time.
type events struct {
	header http.Header
	pieces chan string
}

func (e *events) Header() http.Header { return e.header }
func (e *events) WriteHeader(int)     {}
func (e *events) Flush()              {}
func (e *events) Write(p []byte) (int, error) {
	e.pieces <- string(p)
	return len(p), nil
}

func TestStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := native.New()
		w := dialecttest.NewWorld(t, roster.Documented, d)
		e := &events{http.Header{}, make(chan string)}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/changes/stream?types=user&diff=true", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+w.Secrets["account"])
		h := w.LiveHandler(t, d)
		go func() {
			defer close(e.pieces)
			h.ServeHTTP(e, r)
		}()
		want := func(after time.Duration, want string) {
			t.Helper()
			start := time.Now()
			if got := <-e.pieces; !strings.Contains(got, want) || time.Since(start) != after {
				t.Fatalf("got %q after %s, want %q after %s", got, time.Since(start), want, after)
			}
		}
		want(0, "retry: 2000\n\n")
		want(15*time.Second, ": still here\n\n")
		w.Do(t, dialecttest.Company, roster.Update{
			Type: roster.TypeGroup, Ref: roster.Ref{Number: 1}, Patch: []byte(`{"permissions":2}`),
		})
		// Of what does not pass the client only learns where it is, and only when the stream speaks anyway.
		want(15*time.Second, "id: 19\n\n: still here\n\n")
		<-time.After(10 * time.Second)
		w.Do(t, dialecttest.Company, roster.Update{
			Type: roster.TypeUser, Ref: roster.Ref{Number: 2}, Patch: []byte(`{"phone":"1"}`),
		})
		want(0, "id: 20\ndata: {\"version\":20,")
		want(15*time.Second, ": still here\n\n")
		view, err := w.Service.View(t.Context(), dialecttest.Company)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range view.Tokens() {
			if token.Name == "account" {
				w.Do(t, dialecttest.Company, roster.Revoke{Token: token.ID})
			}
		}
		want(0, "event: problem\ndata: {")
		if piece, more := <-e.pieces; more {
			t.Errorf("after the problem: %q", piece)
		}
	})
}

// A page ends where it has become large, so that no answer takes up much memory, and the next goes on there.
func TestPagesOfLargeChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	begin := s.users(t, "everything").Version
	for n := range 4 {
		var lines bytes.Buffer
		for i := range 900 {
			fmt.Fprintf(&lines, "{\"email\":\"l%d-%d@example.com\",\"name\":\"L\",\"description\":\"%0200d\"}\n", n, i, i)
		}
		s.do(t, http.MethodPost, "/import", lines.String())
	}
	var sizes []int
	for since := begin; since < begin+4; {
		var page struct {
			Items   []change
			Version int64
		}
		s.get(t, fmt.Sprintf("/changes?limit=1000&since=%d", since), "everything", &page)
		if len(page.Items) == 0 {
			t.Fatalf("nothing comes after version %d", since)
		}
		sizes, since = append(sizes, len(page.Items)), page.Version
	}
	if diff := cmp.Diff([]int{2, 2}, sizes); diff != "" {
		t.Errorf("changes by page (-want +got):\n%s", diff)
	}
}
