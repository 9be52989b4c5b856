//go:build linux

package failover

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
	"time"
)

// request is a request to a server's API.
type request struct {
	method, path string
	key          string // the idempotency key, "" for none
	body         any
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request to a node.
func (w *world) send(ctx context.Context, n *node, q request) (answer, error) {
	body, err := json.Marshal(q.body)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, q.method, n.url+"/api/v1"+q.path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+w.secret)
	if q.key != "" {
		r.Header.Set("Idempotency-Key", strconv.Quote(q.key))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	got := answer{status: response.StatusCode, header: response.Header}
	got.body, err = io.ReadAll(response.Body)
	return got, err
}

// get reads a document from a node.
func get[T any](ctx context.Context, w *world, n *node, path string) (doc T, err error) {
	got, err := w.send(ctx, n, request{method: http.MethodGet, path: path})
	if err != nil {
		return doc, err
	}
	if got.status != http.StatusOK {
		return doc, fmt.Errorf("%s%s: %d %s", n.url, path, got.status, got.body)
	}
	return doc, json.Unmarshal(got.body, &doc)
}

// users returns the names of an organization's users, in order, at a version or a later one.
func (w *world) users(ctx context.Context, n *node, org int, version int64) ([]string, error) {
	names, token := []string(nil), ""
	for {
		page, err := get[struct {
			Items []struct{ Name string }
			Next  string `json:"next_page_token"`
		}](ctx, w, n, fmt.Sprintf("/orgs/%s/users?page_size=1000&min_version=%d&page_token=%s", slug(org), version,
			url.QueryEscape(token)))
		if err != nil {
			return nil, err
		}
		for _, u := range page.Items {
			names = append(names, u.Name)
		}
		if token = page.Next; token == "" {
			slices.Sort(names)
			return names, nil
		}
	}
}

// history returns at which version each user was made. It fails where the history has a gap, does something twice, or
// does not lead to a version.
func (w *world) history(ctx context.Context, n *node, org int, to int64) (map[string]int64, error) {
	made, at := map[string]int64{}, int64(0)
	for at < to {
		page, err := get[struct {
			Items []struct {
				Version int64
				Ops     []struct {
					Type  string
					After struct{ Name string }
				}
			}
		}](ctx, w, n, fmt.Sprintf("/orgs/%s/changes?limit=1000&since=%d", slug(org), at))
		if err != nil {
			return nil, err
		}
		for _, c := range page.Items {
			if at++; c.Version != at {
				return nil, fmt.Errorf("the history has version %d where %d is due", c.Version, at)
			}
			for _, op := range c.Ops {
				if op.Type != "user" {
					continue
				}
				if made[op.After.Name] != 0 {
					return nil, fmt.Errorf("%s was made at version %d and at %d", op.After.Name, made[op.After.Name], at)
				}
				made[op.After.Name] = at
			}
		}
		if len(page.Items) == 0 {
			return nil, fmt.Errorf("the history ends at version %d, and the database is at %d", at, to)
		}
	}
	return made, nil
}

// read reads one organization after the other, which must always be answered, by one node until ctx ends.
func (w *world) read(ctx context.Context, i int) error {
	for org := 0; ; org = (org + 1) % orgs {
		n, begun := w.node(i), time.Now()
		got, err := w.send(ctx, n, request{method: http.MethodGet, path: "/orgs/" + slug(org) + "/users?page_size=5"})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was to end
		}
		switch {
		case err != nil:
			if err := w.excuse(n, err); err != nil {
				return fmt.Errorf("a read was not answered: %w", err)
			}
		case got.status != http.StatusOK:
			return fmt.Errorf("a read was answered with %d %s", got.status, got.body)
		default:
			w.mu.Lock()
			w.reads, w.longest = w.reads+1, max(w.longest, time.Since(begun))
			w.mu.Unlock()
		}
		if !pause(ctx, 5*time.Millisecond) {
			return nil
		}
	}
}

// pause waits, and reports whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// writer is a client that writes.
type writer struct {
	*world

	number, count int
}

// run writes until ctx ends and the last write is answered.
func (w *writer) run(ctx context.Context) error {
	for ctx.Err() == nil {
		w.count++
		d := done{org: rand.IntN(orgs), name: fmt.Sprintf("Made %d %d", w.number, w.count)}
		if err := w.write(context.WithoutCancel(ctx), d); err != nil {
			return err
		}
		pause(ctx, 10*time.Millisecond)
	}
	return nil
}

// write makes a user, whom nothing but the idempotency key keeps from being made twice. What was not acknowledged is
// repeated, on any node; every third write has no key, and is given up instead.
func (w *writer) write(ctx context.Context, d done) error {
	begun := time.Now()
	q := request{
		method: http.MethodPost, path: "/orgs/" + slug(d.org) + "/users",
		body: map[string]string{"kind": "virtual", "name": d.name},
	}
	if w.count%3 > 0 {
		q.key = d.name
	}
	for {
		if time.Since(begun) > patience {
			return fmt.Errorf("%s was not acknowledged for %s", d.name, patience)
		}
		n := w.node(rand.IntN(nodes))
		got, err := w.send(ctx, n, q)
		if err != nil {
			if err := w.excuse(n, err); err != nil || q.key == "" {
				return err
			}
			pause(ctx, 10*time.Millisecond)
			continue
		}
		switch got.status {
		case http.StatusCreated:
			return w.created(d, got)
		case http.StatusServiceUnavailable:
			if err := w.wait(ctx, got); err != nil || q.key == "" {
				return err
			}
		default:
			return fmt.Errorf("%s: %d %s", d.name, got.status, got.body)
		}
	}
}

// created notes a write that was acknowledged.
func (w *world) created(d done, got answer) (err error) {
	if got.header.Get("Idempotent-Replayed") == "true" {
		w.mu.Lock()
		w.replayed++
		w.mu.Unlock()
	}
	if d.version, err = strconv.ParseInt(got.header.Get("Roster-Version"), 10, 64); err == nil {
		w.acknowledge(d)
	}
	return err
}

// wait waits as long as a server that refuses a write for now asks for.
func (w *world) wait(ctx context.Context, got answer) error {
	var problem struct{ Detail string }
	if err := json.Unmarshal(got.body, &problem); err != nil {
		return fmt.Errorf("%s: %w", got.body, err)
	}
	seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return fmt.Errorf("503 without a word about when to try again: %v %s", got.header, got.body)
	}
	w.mu.Lock()
	w.refused[problem.Detail]++
	w.mu.Unlock()
	pause(ctx, time.Duration(seconds)*time.Second)
	return nil
}
