package server_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
)

// walker walks all users over HTTP while others come and go.
type walker struct {
	service *directory.Service
	handler http.Handler
	secret  string
	// present are the users that there are while nobody writes, and spare those of them who can be deleted.
	present map[string]bool
	spare   []string
	made    int
}

func newWalker(t *testing.T, users int) *walker {
	t.Helper()
	service, secret := populated(t, users)
	w := &walker{service: service, secret: secret, present: map[string]bool{}}
	w.handler = unlimited(t, service, func(c *server.Config) {
		c.Versions, c.PinPages, c.Random = server.VersionsOf(service), time.Minute, rand.Reader
	})
	view, err := service.View(t.Context(), demo.Organization().ID)
	if err != nil {
		t.Fatal(err)
	}
	page, err := view.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for u := range page.Users {
		w.present[u.ID.String()] = true
		if !u.Owner {
			w.spare = append(w.spare, u.ID.String())
		}
	}
	return w
}

// churn deletes and creates so many users, each in a commit of its own, and returns who they are.
func (w *walker) churn(t *testing.T, users int) (deleted, created map[string]bool) {
	t.Helper()
	deleted, created = map[string]bool{}, map[string]bool{}
	org := demo.Organization().ID
	for i := range users {
		at := (w.made*7919 + i) % len(w.spare) // anywhere in the list
		id := w.spare[at]
		_, err := w.service.Do(t.Context(), org, roster.Operator(), roster.Delete{
			Type: roster.TypeUser, Ref: roster.Ref{ID: roster.MustParseID(id)},
		})
		if err != nil {
			t.Error(err)
			return deleted, created
		}
		deleted[id] = true
		w.made++
		change, err := w.service.Do(t.Context(), org, roster.Operator(), roster.Create{
			Record: &roster.User{Name: "New", Email: fmt.Sprintf("new-%d@example.com", w.made)},
		})
		if err != nil {
			t.Error(err)
			return deleted, created
		}
		for _, op := range change.Ops {
			if op.Before == nil {
				w.spare[at] = op.Key().ID.String()
				created[w.spare[at]] = true
			}
		}
	}
	return deleted, created
}

// fetch returns the ids of the users on a page, and the body.
func (w *walker) fetch(t *testing.T, target string) (ids []string, body []byte) {
	t.Helper()
	response := send(t, w.handler, http.MethodGet, target, bearer(w.secret))
	wantStatus(t, target, response, http.StatusOK)
	body = response.Body.Bytes()
	for rest := body; ; {
		const head, length = `{"id":"`, 36
		at := bytes.Index(rest, []byte(head))
		if at < 0 {
			return ids, body
		}
		if before := rest[at-1]; before == '[' || before == ',' { // else it is an object inside a user
			ids = append(ids, string(rest[at+len(head):at+len(head)+length]))
		}
		rest = rest[at+len(head):]
	}
}

// A walk returns the ids of the users on all pages, and calls first after the first page, or after every one.
type walk func(t *testing.T, run int, first func()) (ids []string)

// byToken walks the native list, of whole records each tenth time: they are many times as much to write and to search.
func (w *walker) byToken(t *testing.T, run int, first func()) (ids []string) {
	t.Helper()
	list := "/api/v1/users?page_size=1000"
	if run%10 > 0 {
		list += "&fields=id"
	}
	for target := list; ; first() {
		page, body := w.fetch(t, target)
		ids = append(ids, page...)
		var end struct {
			Token string `json:"next_page_token"`
		}
		tail := body[bytes.LastIndex(body, []byte(`],"total"`))+2:]
		if err := json.Unmarshal(append([]byte("{"), tail...), &end); err != nil {
			t.Fatal(err)
		}
		if end.Token == "" {
			return ids
		}
		target = list + "&page_token=" + end.Token
	}
}

// byNumber walks the list of d3lay.
func (w *walker) byNumber(t *testing.T, _ int, first func()) (ids []string) {
	t.Helper()
	for page := 1; ; page++ {
		more, _ := w.fetch(t, fmt.Sprintf("/d3lay/users?page_size=100&sort_by=name&page=%d", page))
		if len(more) == 0 {
			return ids
		}
		ids = append(ids, more...)
		first()
	}
}

// walks is how many walks TestWalksLoseNobody takes in each way.
var walks = flag.Int("walks", 100, "how many walks to take while users come and go")

// Nobody is lost in a walk and nobody comes twice, however many come and go meanwhile.
func TestWalksLoseNobody(t *testing.T) {
	users, runs := 20_252, *walks
	if testing.Short() {
		users, runs = 2_000, 5
	}
	w := newWalker(t, users)
	for name, walk := range map[string]walk{"by token": w.byToken, "by number": w.byNumber} {
		t.Run(name, func(t *testing.T) {
			for run := range runs {
				if w.run(t, run, walk); t.Failed() {
					return
				}
			}
		})
	}
}

// run walks once while 50 users are deleted and 50 created. Every other time that begins after the first page, and the walk
// must show exactly those who were there before.
func (w *walker) run(t *testing.T, run int, walk walk) {
	t.Helper()
	var deleted, created map[string]bool
	var writing sync.WaitGroup
	defer writing.Wait()
	begun := make(chan struct{})
	begin := sync.OnceFunc(func() { close(begun) })
	defer begin() // where the walk fails
	writing.Go(func() {
		<-begun
		deleted, created = w.churn(t, 50)
	})
	late := run%2 > 0
	if !late {
		begin()
	}
	ids := walk(t, run, begin)
	writing.Wait()
	w.check(t, ids, func(id string) bool { return !late && (deleted[id] || created[id]) })
	maps.DeleteFunc(w.present, func(id string, _ bool) bool { return deleted[id] })
	maps.Copy(w.present, created)
}

// check compares a walk with the users who were there when it was about to begin. Only some may be in it or not.
func (w *walker) check(t *testing.T, ids []string, either func(id string) bool) {
	t.Helper()
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			t.Errorf("user %s comes twice", id)
		}
		seen[id] = true
		if !w.present[id] && !either(id) {
			t.Errorf("user %s was not there when the walk began", id)
		}
	}
	var lost []string
	for id := range w.present {
		if !seen[id] && !either(id) {
			lost = append(lost, id)
		}
	}
	if len(lost) > 0 {
		t.Errorf("%d of %d users are lost: %s", len(lost), len(ids), strings.Join(lost[:min(3, len(lost))], ", "))
	}
}
