package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
)

// mark is what a write leaves behind in the history: a user with a name that no other write gives, or none.
type mark struct{ email, name string }

// sent is a write.
type sent struct {
	method, path string
	body         []byte
	key          string // the idempotency key, "" for none
	marks        []mark
	answer       *answered // nil where none came
}

// String says what it was, for people.
func (s *sent) String() string {
	return fmt.Sprintf("%s %s (key %q) %s", s.method, s.path, s.key, s.body)
}

// answered is an answer.
type answered struct {
	status   int
	version  roster.Version
	tag      string
	body     string
	replayed bool
}

// writer is a client that writes to users of its own, one request after the other.
type writer struct {
	number int
	secret string
	random *rand.Rand
	http   *http.Client
	count  int

	emails []string // of the users that it knows to be there
	sent   []*sent  // what was not looked at yet
	// keyed are the last writes with a key that were answered.
	keyed []*sent
}

func newWriter(number int, seed uint64, secret string) *writer {
	return &writer{
		number: number, secret: secret, random: rand.New(rand.NewPCG(seed, uint64(number)+1)),
		http: &http.Client{Transport: &http.Transport{}},
	}
}

// run writes until the server is gone.
func (w *writer) run(ctx context.Context, base string) error {
	for {
		s := w.next()
		w.sent = append(w.sent, s)
		a, err := w.send(ctx, base, s)
		if err != nil {
			w.giveUp(s)
			return ctx.Err()
		}
		if err := w.acknowledge(s, a); err != nil {
			return err
		}
	}
}

// giveUp leaves a user alone whose deletion nobody knows to be done, or will repeat.
func (w *writer) giveUp(s *sent) {
	if s.method == http.MethodDelete && s.key == "" {
		w.emails = slices.DeleteFunc(w.emails, func(email string) bool { return email == s.marks[0].email })
	}
}

// acknowledge notes the answer to a write.
func (w *writer) acknowledge(s *sent, a *answered) error {
	if a.status > 299 {
		return fmt.Errorf("%s: %d %s", s, a.status, a.body)
	}
	s.answer = a
	if s.key != "" {
		const most = 2
		w.keyed = append(w.keyed, s)
		w.keyed = w.keyed[max(0, len(w.keyed)-most):]
	}
	for _, m := range s.marks {
		w.emails = slices.DeleteFunc(w.emails, func(email string) bool { return email == m.email })
		if m.name != "" {
			w.emails = append(w.emails, m.email)
		}
	}
	return nil
}

// resume repeats what has a key: what was not answered must be done now, if it was not, and what was answered must be
// answered again as it was.
func (w *writer) resume(ctx context.Context, base string) (resolved, again int, err error) {
	w.http.CloseIdleConnections()
	for _, s := range w.keyed {
		a, err := w.send(ctx, base, s)
		if err != nil {
			return 0, 0, err
		}
		if !a.replayed {
			return 0, 0, fmt.Errorf("%s is done again: %+v", s, a)
		}
		if a.replayed = s.answer.replayed; *a != *s.answer {
			return 0, 0, fmt.Errorf("%s is answered again with %+v, where it was %+v", s, a, s.answer)
		}
		again++
	}
	for _, s := range w.sent {
		if s.answer != nil || s.key == "" {
			continue
		}
		a, err := w.send(ctx, base, s)
		if err == nil {
			err = w.acknowledge(s, a)
		}
		if err != nil {
			return 0, 0, err
		}
		resolved++
	}
	return resolved, again, nil
}

// take returns what was sent since the last time.
func (w *writer) take() []*sent {
	all := w.sent
	w.sent = nil
	return all
}

// next makes up a write.
func (w *writer) next() *sent {
	w.count++
	s := &sent{method: http.MethodPost, path: "/users"}
	if w.random.IntN(3) > 0 {
		s.key = fmt.Sprintf("writer-%d-%d", w.number, w.count)
	}
	kind := w.random.IntN(10)
	if len(w.emails) == 0 {
		kind = 0
	}
	switch {
	case kind < 4:
		s.body = document(w.create(s, 0))
	case kind < 6:
		email := w.any()
		s.method, s.path = http.MethodPatch, "/users/email:"+email
		s.body = document(w.rename(s, email))
	case kind < 7:
		email := w.any()
		s.method, s.path = http.MethodDelete, "/users/email:"+email
		s.marks = []mark{{email: email}}
	default:
		s.path = "/users:batch"
		email := w.any()
		items := []any{map[string]any{"op": "update", "ref": "email:" + email, "patch": w.rename(s, email)}}
		for i := range 1 + w.random.IntN(20) {
			items = append(items, map[string]any{"op": "create", "user": w.create(s, i)})
		}
		s.body = document(map[string]any{"items": items})
	}
	return s
}

// any returns the address of a user who is there.
func (w *writer) any() string { return w.emails[w.random.IntN(len(w.emails))] }

// create returns a new user, the nth of a write.
func (w *writer) create(s *sent, n int) map[string]string {
	m := mark{fmt.Sprintf("w%d-%d-%d@example.com", w.number, w.count, n), fmt.Sprintf("Made %d %d %d", w.number, w.count, n)}
	s.marks = append(s.marks, m)
	return map[string]string{"email": m.email, "name": m.name}
}

// rename returns a patch that gives a user another name.
func (w *writer) rename(s *sent, email string) map[string]string {
	m := mark{email, fmt.Sprintf("Changed %d %d", w.number, w.count)}
	s.marks = append(s.marks, m)
	return map[string]string{"name": m.name}
}

func document(v any) []byte {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts have a JSON form
	}
	return doc
}

// send sends a write.
func (w *writer) send(ctx context.Context, base string, s *sent) (*answered, error) {
	r, err := http.NewRequestWithContext(ctx, s.method, base+"/api/v1"+s.path, bytes.NewReader(s.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+w.secret)
	if s.key != "" {
		r.Header.Set("Idempotency-Key", `"`+s.key+`"`)
	}
	response, err := w.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	version, _ := strconv.ParseInt(response.Header.Get("Roster-Version"), 10, 64)
	return &answered{
		status: response.StatusCode, version: roster.Version(version), tag: response.Header.Get("ETag"),
		body: string(body), replayed: response.Header.Get("Idempotent-Replayed") == "true",
	}, nil
}

// killedChange is a version of the history.
type killedChange struct {
	Version roster.Version
	Ops     []struct {
		Op, Type      string
		Before, After *struct{ Email, Name string }
	}
}

// marks returns what a version has left behind of users.
func (c killedChange) marks() []mark {
	var all []mark
	for _, op := range c.Ops {
		switch {
		case op.Type != string(roster.TypeUser):
		case op.After != nil:
			all = append(all, mark{op.After.Email, op.After.Name})
		default:
			all = append(all, mark{email: op.Before.Email})
		}
	}
	return all
}

// changesSince returns the next versions of the history.
func changesSince(ctx context.Context, base, secret string, since roster.Version) ([]killedChange, error) {
	page, err := getJSON[struct{ Items []killedChange }](ctx,
		fmt.Sprintf("%s/api/v1/changes?limit=1000&since=%d", base, since), secret)
	return page.Items, err
}

// listUsers returns the names of all users by address.
func listUsers(ctx context.Context, base, secret string) (map[string]string, error) {
	users, token := map[string]string{}, ""
	for {
		page, err := getJSON[struct {
			Items []struct{ Email, Name string }
			Total int
			Next  string `json:"next_page_token"`
		}](ctx, base+"/api/v1/users?page_size=1000&page_token="+url.QueryEscape(token), secret)
		if err != nil {
			return nil, err
		}
		for _, u := range page.Items {
			users[u.Email] = u.Name
		}
		if token = page.Next; token != "" {
			continue
		}
		if len(users) != page.Total {
			return nil, fmt.Errorf("the pages have %d users, and a total of %d", len(users), page.Total)
		}
		return users, nil
	}
}

func getJSON[T any](ctx context.Context, target, secret string) (doc T, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return doc, err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return doc, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return doc, err
	}
	if response.StatusCode != http.StatusOK {
		return doc, fmt.Errorf("%s: %s: %s", target, response.Status, body)
	}
	return doc, json.Unmarshal(body, &doc)
}
