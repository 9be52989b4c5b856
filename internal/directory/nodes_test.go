package directory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/store/postgres"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// shared is a store in memory that several services have, each of which is a process to the others.
type shared struct {
	*memory.Store

	turn chan struct{} // has room for whose turn it is
	// late keeps what changed lately from being seen before everything is asked for.
	late bool
}

var _ store.Shared = (*shared)(nil)

func newShared() *shared { return &shared{Store: memory.New(), turn: make(chan struct{}, 1)} }

func (s *shared) Versions(ctx context.Context, while time.Duration) (map[roster.ID]roster.Version, error) {
	versions := map[roster.ID]roster.Version{}
	if s.late && while != 0 {
		return versions, nil
	}
	err := s.Orgs(ctx, func(o *roster.Organization) error {
		versions[o.ID] = o.Version
		return nil
	})
	return versions, err
}

func (s *shared) Version(ctx context.Context, org roster.ID) (roster.Version, error) {
	return s.VersionAt(ctx, org, 1<<62)
}

func (s *shared) MadeAt(ctx context.Context, org roster.ID, version roster.Version) (roster.Time, error) {
	changes, err := s.Changes(ctx, org, version-1, 1)
	if err == nil && len(changes) == 0 {
		err = roster.Errorf(roster.NotFound, "no version %d", version)
	}
	if err != nil {
		return 0, err
	}
	return changes[0].At, nil
}

func (s *shared) Alone(ctx context.Context, fn func(context.Context) error) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
		return fn(ctx)
	case <-ctx.Done():
		return nil
	}
}

func (*shared) Secret(context.Context, string) ([]byte, error) { return make([]byte, 32), nil }
func (*shared) Register(context.Context, store.Node) error     { return nil }
func (*shared) Unregister(context.Context, roster.ID) error    { return nil }
func (*shared) Nodes(context.Context) ([]store.Node, error)    { return nil, nil }

func (s *shared) Update(
	ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	return s.Store.Update(ctx, org, func(state roster.State) (roster.Change, error) {
		answered, ok := state.(store.Answered)
		if !ok {
			return roster.Change{}, errors.New("the state knows no answers")
		}
		return fn(&recent{state, answered, s, ctx, org})
	})
}

// recent is a state that knows what others have written since.
type recent struct {
	roster.State
	store.Answered

	store *shared
	ctx   context.Context //nolint:containedctx // of the transaction
	org   roster.ID
}

func (r *recent) Changes(after roster.Version, limit int) ([]roster.Change, error) {
	return r.store.Changes(r.ctx, r.org, after, limit)
}

// nodes are two services over one store.
type nodes [2]*directory.Service

// newNodes opens two services over what open opens, twice.
func newNodes(t *testing.T, every time.Duration, open func() store.Store) (n nodes) {
	t.Helper()
	for i := range n {
		n[i] = directory.New(open(), directory.Options{
			Now: func() roster.Time { return roster.TimeOf(time.Now()) }, NewID: newID(uint32(i) * 1_000_000),
			FollowEvery: every,
		})
		t.Cleanup(n[i].Close)
	}
	return n
}

// inMemory opens one store in memory again and again.
func inMemory() func() store.Store {
	s := newShared()
	return func() store.Store { return s }
}

// inPostgres opens a database again and again.
func inPostgres(t *testing.T, server string) func() store.Store {
	t.Helper()
	url := pgtest.Schema(t, server)
	return func() store.Store {
		s, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
}

// hearing gathers what a service tells of an organization.
type hearing struct {
	mu       sync.Mutex
	versions []roster.Version
	news     chan struct{} // closed and replaced with each
}

func listen(t *testing.T, s *directory.Service, org roster.ID) *hearing {
	t.Helper()
	l := &hearing{news: make(chan struct{})}
	t.Cleanup(s.Tell(func(c roster.Change) {
		if c.Org != org {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.versions = append(l.versions, c.Version)
		close(l.news)
		l.news = make(chan struct{})
	}))
	return l
}

// upTo waits for a version and returns all that was told.
func (l *hearing) upTo(t *testing.T, version roster.Version) []roster.Version {
	t.Helper()
	for {
		l.mu.Lock()
		versions, news := slices.Clone(l.versions), l.news
		l.mu.Unlock()
		if slices.Contains(versions, version) {
			return versions
		}
		select {
		case <-news:
		case <-t.Context().Done():
			t.Fatalf("told of %v, not of %d", versions, version)
		}
	}
}

// TestNodes has several writers at two services over one store change the same users at random. No version is lost or
// made twice, a write on one is read on the other by who asks for its version, listeners on both are told of every
// version in order, and in the end both show what the store has.
func TestNodes(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) { testNodes(t, newNodes(t, time.Millisecond, inMemory())) })
	t.Run("tokens", func(t *testing.T) { testNodesTokens(t, newNodes(t, time.Millisecond, inMemory())) })
}

// TestNodesPostgres is TestNodes over a database, which is asked as often as in life.
func TestNodesPostgres(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t)
	t.Run("writes", func(t *testing.T) { testNodes(t, newNodes(t, 0, inPostgres(t, server))) })
	t.Run("tokens", func(t *testing.T) { testNodesTokens(t, newNodes(t, 0, inPostgres(t, server))) })
}

func testNodes(t *testing.T, n nodes) {
	t.Helper()
	const writers, writes = 4, 40
	org := newOrg(t, n[0], "acme")
	heard := [2]*hearing{listen(t, n[0], org), listen(t, n[1], org)}
	if _, err := n[0].View(t.Context(), org); err != nil { // the other loads it while there are writes
		t.Fatal(err)
	}
	var mu sync.Mutex
	made := map[roster.Version]int{} // by which service; guarded by mu
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			random := rand.New(rand.NewPCG(uint64(w), 7))
			for i := range writes {
				at := random.IntN(2)
				change, err := n[at].Do(t.Context(), org, roster.Operator(), randomly(random))
				if code := roster.CodeOf(err); code == roster.Conflict || code == roster.NotFound {
					continue
				}
				if err != nil {
					return fmt.Errorf("writer %d, write %d: %w", w, i, err)
				}
				view, err := n[1-at].Wait(t.Context(), org, change.Version)
				if err != nil {
					return err
				}
				if view.Version() < change.Version {
					return fmt.Errorf("version %d is read as %d", change.Version, view.Version())
				}
				if len(change.Ops) == 0 {
					continue
				}
				mu.Lock()
				if before, again := made[change.Version]; again && before != at {
					err = fmt.Errorf("version %d was made by both", change.Version)
				}
				made[change.Version] = at
				mu.Unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	last := roster.Version(len(made)) + 1
	var all []roster.Version
	for v := roster.Version(1); v <= last; v++ {
		all = append(all, v)
	}
	var feeds [2][]roster.Change
	n[1].Evict(org) // what is loaded and what was brought up are the same
	made1, made2 := view(t, n[0], org).MadeAt(), view(t, n[1], org).MadeAt()
	if made1 == 0 || made1 != made2 {
		t.Errorf("one service says that the version was made at %v, the other at %v", made1, made2)
	}
	for i, service := range n {
		versions := heard[i].upTo(t, last)
		if versions[0] == 1 { // of which it is not known whether it is news
			versions = versions[1:]
		}
		if diff := cmp.Diff(all[1:], versions); diff != "" {
			t.Errorf("told by %d (-want +got):\n%s", i, diff)
		}
		report, err := service.Check(t.Context(), org)
		if err != nil || len(report.Problems) > 0 || report.Version != last {
			t.Errorf("service %d is at version %d, not %d: %v, %v", i, report.Version, last, report.Problems, err)
		}
		if feeds[i], err = service.Changes(t.Context(), org, 0, len(all)+1); err != nil || len(feeds[i]) != len(all) {
			t.Errorf("the feed of %d has %d changes, not %d, %v", i, len(feeds[i]), len(all), err)
		}
	}
	if diff := cmp.Diff(feeds[0], feeds[1]); diff != "" {
		t.Errorf("the feeds differ (-first +second):\n%s", diff)
	}
}

// randomly returns a command about one of a few users.
func randomly(random *rand.Rand) roster.Command {
	name := fmt.Sprintf("user-%d", random.IntN(12))
	switch random.IntN(4) {
	case 0:
		return roster.Delete{Type: roster.TypeUser, Ref: byEmail(name)}
	case 1:
		patch := fmt.Sprintf(`{"description":"%d"}`, random.IntN(1000))
		return roster.Update{Type: roster.TypeUser, Ref: byEmail(name), Patch: []byte(patch)}
	default:
		return createUser(name)
	}
}

// testNodesTokens holds a token to be known to the other service at once, and to be refused by it soon after it was
// revoked.
func testNodesTokens(t *testing.T, n nodes) {
	t.Helper()
	org := newOrg(t, n[0], "acme")
	view(t, n[1], org)
	token := createToken(t, n[0], org, "first", "1")
	wantToken(t, n[1], "1", "first", org)
	wantNoToken(t, n[1], "2")
	do(t, n[0], org, roster.Revoke{Token: token})
	revoked := time.Now()
	for wantToken(t, n[1], "1", "first", org).RevokedAt == 0 {
		time.Sleep(time.Millisecond) // the processor is for who follows
	}
	t.Logf("the other service refuses the token after %s", time.Since(revoked))
	do(t, n[0], org, roster.Delete{Type: roster.TypeToken, Ref: roster.Ref{ID: token}})
	if _, err := n[1].Wait(t.Context(), org, 4); err != nil {
		t.Fatal(err)
	}
	wantNoToken(t, n[1], "1")
}

// TestNodesOnce holds a request that is repeated at the other service to be carried out once, and what it did to be seen
// there by then.
func TestNodesOnce(t *testing.T) {
	t.Parallel()
	n := newNodes(t, time.Hour, inMemory())
	org := newOrg(t, n[0], "acme")
	view(t, n[1], org)
	by := roster.Operator()
	by.Cause.Once = &roster.Once{Key: roster.Digest{1}, Request: roster.Digest{2}, Answer: func(
		roster.Change, []roster.Outcome,
	) ([]byte, error) {
		return []byte("done"), nil
	}}
	if _, err := n[0].Do(t.Context(), org, by, createUser("ann")); err != nil {
		t.Fatal(err)
	}
	for what, again := range map[string]func() error{
		"asked first": func() error { return n[1].Repeated(t.Context(), org, by.Cause.Once) },
		"carried out": func() error { _, err := n[1].Do(t.Context(), org, by, createUser("ann")); return err },
	} {
		repeated, ok := errors.AsType[*roster.RepeatedError](again())
		if !ok || string(repeated.Answer.Content) != "done" {
			t.Errorf("%s: got %v, want the answer", what, repeated)
		}
		wantNames(t, view(t, n[1], org), "ann")
	}
}

// TestNodesFollow holds a service that is asked for nothing to following everything: renamed organizations, erased users
// and organizations that are gone, also where what has changed is seen late.
func TestNodesFollow(t *testing.T) {
	t.Parallel()
	s := newShared()
	s.late = true
	n := newNodes(t, 100*time.Microsecond, func() store.Store { return s })
	org := newOrg(t, n[0], "acme")
	heard := listen(t, n[1], org)
	view(t, n[1], org)
	do(t, n[0], org, createUser("ann"), createUser("bob"))
	old := view(t, n[0], org)
	do(t, n[0], org, roster.Update{Type: roster.TypeOrganization, Patch: []byte(`{"name":"Other"}`)})
	heard.upTo(t, 3)
	if o, err := n[1].OrgBySlug(t.Context(), "acme"); err != nil || o.Name != "Other" {
		t.Errorf("got %+v, %v, want the organization by its new name", o, err)
	}
	if past, err := n[1].ViewAt(t.Context(), org, old.Version()); err != nil || past.Version() != old.Version() {
		t.Errorf("a walk that the other has begun: %v", err)
	}
	do(t, n[0], org, roster.Delete{Type: roster.TypeUser, Ref: byEmail("ann")})
	erased := do(t, n[0], org, roster.Erase{Ref: roster.Ref{Number: 1}})
	heard.upTo(t, erased.Version)
	wantNames(t, view(t, n[1], org), "bob")
	if got := n[1].Erased(org); got != erased.Version {
		t.Errorf("somebody was erased in version %d, not %d", got, erased.Version)
	}
	report, err := n[1].Check(t.Context(), org)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("after an erasure: %v, %v", report.Problems, err)
	}
	deleted := do(t, n[0], org, roster.Delete{Type: roster.TypeOrganization})
	heard.upTo(t, deleted.Version)
	o := view(t, n[0], org).Org()
	_, err = s.Store.Update(t.Context(), org, func(roster.State) (roster.Change, error) {
		return roster.Change{Ops: []roster.Op{{Before: o}}}, nil // as its purge would
	})
	if err != nil {
		t.Fatal(err)
	}
	heard.upTo(t, deleted.Version+1)
	_, err = n[1].View(t.Context(), org)
	wantCode(t, "an organization that is gone", err, roster.NotFound)
}

// TestNodesTurns holds one service at a time to working.
func TestNodesTurns(t *testing.T) {
	t.Parallel()
	n := newNodes(t, time.Hour, inMemory())
	first, end := context.WithCancel(t.Context())
	turns := make(chan int)
	var group errgroup.Group
	for i, ctx := range []context.Context{first, t.Context()} {
		group.Go(func() error {
			return n[i].Alone(ctx, func(ctx context.Context) error {
				turns <- i
				if i == 0 {
					<-ctx.Done()
				}
				return nil
			})
		})
		if i == 0 {
			if got := <-turns; got != 0 {
				t.Errorf("it is the turn of %d", got)
			}
		}
	}
	end()
	if got := <-turns; got != 1 {
		t.Errorf("it is the turn of %d", got)
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// TestNodesSetBack loses what a view shows, as a failover may: it is not shown any more, and nothing is decided on it.
func TestNodesSetBack(t *testing.T) {
	t.Parallel()
	s := newShared()
	lost := &setBack{shared: s}
	n := newNodes(t, time.Hour, func() store.Store { return lost })
	org := newOrg(t, n[0], "acme")
	view(t, n[0], org)
	do(t, n[0], org, createUser("ann"))
	for _, service := range n { // which waits until all have asked for the first time
		listen(t, service, org)
	}
	lost.to(t, org)
	do(t, n[0], org, createUser("bob"))
	wantNames(t, view(t, n[0], org), "bob")
	report, err := n[0].Check(t.Context(), org)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("%v, %v", report.Problems, err)
	}
}

// setBack is a store that can forget.
type setBack struct{ *shared }

// to puts a store in the place of the present one that has nothing but the first change of an organization.
func (s *setBack) to(t *testing.T, org roster.ID) {
	t.Helper()
	changes, err := s.Changes(t.Context(), org, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	s.shared = newShared()
	_, err = s.Update(t.Context(), org, func(roster.State) (roster.Change, error) {
		return roster.Change{At: changes[0].At, Ops: changes[0].Ops}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
