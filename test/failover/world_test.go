//go:build linux

package failover

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	orgs    = 16
	writers = 8
	readers = 2 // of each node
)

// world is servers over one database, and their clients.
type world struct {
	program  program
	database string // its URL, past what fails
	secret   string
	end      context.CancelFunc
	clients  sync.WaitGroup
	progress chan struct{} // has a value for each write that was acknowledged

	mu      sync.Mutex
	nodes   []*node         // guarded by mu
	done    []done          // what was acknowledged; guarded by mu
	errs    []error         // what should not happen to a client; guarded by mu
	last    time.Time       // when that was; guarded by mu
	stalls  []time.Duration // for how long nothing was, if more than a second; guarded by mu
	refused map[string]int  // answers 503, by what they say; guarded by mu
	// unanswered are requests to a server that was killed meanwhile; guarded by mu.
	unanswered int
	replayed   int           // writes that were answered as they were before, when they were repeated; guarded by mu
	reads      int           // guarded by mu
	longest    time.Duration // that a read took; guarded by mu
}

// done is a write that was acknowledged.
type done struct {
	org     int
	name    string // that only this write gives a user
	version int64
}

// newWorld starts servers over a store, and makes organizations. Past what fails, the same database is at another URL.
func newWorld(t *testing.T, store, database string) *world {
	t.Helper()
	w := &world{program: build(t, store), database: database, progress: make(chan struct{}, 1<<20), refused: map[string]int{}}
	var token struct{ Secret string }
	err := json.Unmarshal(w.program.run(t, "token", "create", "--instance", "--name", "failover", "--permission", "*", "-o",
		"json"), &token)
	if err != nil {
		t.Fatal(err)
	}
	w.secret = token.Secret
	for range nodes {
		w.nodes = append(w.nodes, w.program.serve(t))
	}
	for org := range orgs {
		request := request{method: http.MethodPost, path: "/orgs", body: map[string]string{"slug": slug(org), "name": slug(org)}}
		if got, err := w.send(t.Context(), w.nodes[0], request); err != nil || got.status != http.StatusCreated {
			t.Fatalf("create an organization: %d %s, %v", got.status, got.body, err)
		}
	}
	for _, n := range w.nodes { // so that they have views
		for org := range orgs {
			if _, err := w.users(t.Context(), n, org, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

func slug(org int) string { return fmt.Sprintf("org-%d", org) }

// start has clients read and write.
func (w *world) start(t *testing.T) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	w.end = end
	for i := range writers {
		w.clients.Go(func() { w.fail((&writer{world: w, number: i}).run(ctx)) })
	}
	for i := range readers * nodes {
		w.clients.Go(func() { w.fail(w.read(ctx, i%nodes)) })
	}
	t.Cleanup(func() { end(); w.clients.Wait() })
}

func (w *world) fail(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, err)
	w.end()
}

// node returns one of the servers.
func (w *world) node(i int) *node {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nodes[i]
}

// killNode kills a server, and starts another one in its place.
func (w *world) killNode(t *testing.T, i int) {
	t.Helper()
	w.node(i).kill(t)
	n := w.program.serve(t)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nodes[i] = n
}

// excuse returns nil for what a request to a server failed with that was killed meanwhile.
func (w *world) excuse(n *node, err error) error {
	if !n.killed.Load() {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unanswered++
	return nil
}

// patience is for how long a write is waited for.
const patience = 3 * time.Minute

// waitFor waits until so many more writes were acknowledged.
func (w *world) waitFor(t *testing.T, writes int) {
	t.Helper()
	for len(w.progress) > 0 {
		<-w.progress
	}
	timeout := time.After(patience)
	gone := make(chan struct{})
	go func() { w.clients.Wait(); close(gone) }()
	for range writes {
		select {
		case <-w.progress:
		case <-gone:
			t.Fatalf("the clients gave up: %v", w.errs)
		case <-timeout:
			t.Fatalf("%d writes were waited for for %s", writes, patience)
		}
	}
}

// acknowledge notes a write that was acknowledged.
func (w *world) acknowledge(d done) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = append(w.done, d)
	now := time.Now()
	if still := now.Sub(w.last); !w.last.IsZero() && still > time.Second {
		w.stalls = append(w.stalls, still.Round(100*time.Millisecond))
	}
	w.last = now
	w.progress <- struct{}{}
}

// finish ends the clients, and holds the servers and the database to what was answered.
func (w *world) finish(t *testing.T) {
	t.Helper()
	w.end()
	w.clients.Wait()
	for _, err := range w.errs {
		t.Error(err)
	}
	if t.Failed() {
		return
	}
	conn, err := pgx.Connect(t.Context(), w.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	acknowledged := make([]map[string]int64, orgs)
	for i := range acknowledged {
		acknowledged[i] = map[string]int64{}
	}
	for _, d := range w.done {
		acknowledged[d.org][d.name] = d.version
	}
	for org := range orgs {
		if err := w.check(t.Context(), conn, org, acknowledged[org]); err != nil {
			t.Errorf("%s: %v", slug(org), err)
		}
	}
	for _, n := range w.nodes {
		n.stop(t)
	}
	w.program.run(t, "doctor")
	if t.Failed() {
		return
	}
	t.Logf("%d writes by %d clients to %d organizations through %d nodes were acknowledged, none lost, none done twice; "+
		"%d requests without an answer; answers 503: %v; %d repeats were answered as before; writes stood still for %v; "+
		"%d reads, none refused, the longest of %s", len(w.done), writers, orgs, nodes, w.unanswered, w.refused, w.replayed,
		w.stalls, w.reads, w.longest.Round(time.Millisecond))
}

// check holds an organization to what was acknowledged: the history has it, each at its version and once, and no gap;
// and every server shows what the database has.
func (w *world) check(ctx context.Context, conn *pgx.Conn, org int, acknowledged map[string]int64) error {
	stored, version, err := storedUsers(ctx, conn, org)
	if err != nil {
		return err
	}
	for _, n := range w.nodes {
		shown, err := w.users(ctx, n, org, version)
		if err != nil {
			return err
		}
		if !slices.Equal(shown, stored) {
			return fmt.Errorf("%s shows %d users, and the database has %d, or others", n.url, len(shown), len(stored))
		}
		made, err := w.history(ctx, n, org, version)
		if err != nil {
			return fmt.Errorf("%s: %w", n.url, err)
		}
		for name, at := range acknowledged {
			if made[name] != at {
				return fmt.Errorf("%s: %s was acknowledged at version %d, and made at %d", n.url, name, at, made[name])
			}
		}
		if !slices.Equal(slices.Sorted(maps.Keys(made)), stored) {
			return fmt.Errorf("%s: the history leads to %d users, and the database has %d", n.url, len(made), len(stored))
		}
	}
	return nil
}

// storedUsers returns the names of an organization's users, in order, and its version, as the database has them.
func storedUsers(ctx context.Context, conn *pgx.Conn, org int) (names []string, version int64, err error) {
	if err := conn.QueryRow(ctx, `SELECT version FROM organizations WHERE slug = $1`, slug(org)).Scan(&version); err != nil {
		return nil, 0, err
	}
	rows, err := conn.Query(ctx, `SELECT e.doc::json ->> 'name' FROM entities AS e
		JOIN organizations AS o ON o.id = e.org_id WHERE o.slug = $1 AND e.type = 'user'`, slug(org))
	if err != nil {
		return nil, 0, err
	}
	names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	slices.Sort(names)
	return names, version, err
}
