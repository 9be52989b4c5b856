package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// fault is what becomes of a connection when COMMIT is to be sent on it.
type fault int32

const (
	noFault     fault = iota
	cutBefore         // it is lost before
	cutAfter          // it is lost after, before the answer
	cutAndApart       // as cutAfter, and no new ones are made
)

// network is a network with faults. It traces queries, since on the wire COMMIT is the name of a prepared statement.
type network struct {
	next  func() fault
	apart atomic.Bool
	cuts  atomic.Int64
}

func (n *network) prepare(c *pgxpool.Config) {
	dial := c.ConnConfig.DialFunc
	c.ConnConfig.Tracer = n
	c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if n.apart.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("no route")}
		}
		conn, err := dial(ctx, network, addr)
		return &faulty{Conn: conn, network: n}, err
	}
}

func (n *network) commit(conn *pgx.Conn) {
	if c, ok := conn.PgConn().Conn().(*faulty); ok {
		c.fault.Store(int32(n.next()))
	}
}

// TraceQueryStart implements [pgx.QueryTracer].
func (n *network) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if data.SQL == "COMMIT" {
		n.commit(conn)
	}
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (*network) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements [pgx.BatchTracer].
func (n *network) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		if q.SQL == "COMMIT" {
			n.commit(conn)
		}
	}
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (*network) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*network) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// faulty is a connection with a fault to come.
type faulty struct {
	net.Conn

	network *network
	fault   atomic.Int32
	written atomic.Bool
}

func (c *faulty) Write(b []byte) (int, error) {
	if fault(c.fault.Load()) == cutBefore {
		return 0, c.cut()
	}
	n, err := c.Conn.Write(b)
	if fault(c.fault.Load()) >= cutAfter {
		c.written.Store(true)
	}
	return n, err
}

func (c *faulty) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.written.Load() && n > 0 {
		return 0, c.cut()
	}
	return n, err
}

func (c *faulty) cut() error {
	c.network.cuts.Add(1)
	if fault(c.fault.Load()) == cutAndApart {
		c.network.apart.Store(true)
	}
	return errors.Join(errors.New("connection reset"), c.Conn.Close())
}

func numbered(n int) *roster.User {
	return &roster.User{ID: roster.ID{7, byte(n >> 8), byte(n)}, Number: int64(n), Name: fmt.Sprintf("User %d", n)}
}

// TestCutAroundCommit loses every other connection around COMMIT, beside others that write: each change is made once,
// and told as made.
func TestCutAroundCommit(t *testing.T) {
	const orgs, users = 4, 40
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	wire := &network{next: func() fault {
		mu.Lock()
		defer mu.Unlock()
		return fault(random.IntN(4)) % cutAndApart // none as often as both together
	}}
	s := openNew(t, options{prepare: wire.prepare})
	var group errgroup.Group
	for n := range orgs {
		group.Go(func() error {
			org := named(byte(n+1), int64(n+1), fmt.Sprintf("org-%d", n+1))
			if err := commit(t, s, org.ID, roster.Op{After: org}); err != nil {
				return err
			}
			for i := range users {
				// Every third change goes the longer way, where a record must be there.
				ops := []roster.Op{{After: numbered(i + 1)}}
				if i%3 == 2 {
					ops = append(ops, roster.Op{Before: numbered(i)})
				}
				if err := commit(t, s, org.ID, ops...); err != nil {
					return fmt.Errorf("user %d: %w", i+1, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := wire.cuts.Load(); n < orgs*users/4 {
		t.Errorf("only %d connections were cut", n)
	}
	wire.next = func() fault { return noFault }
	for n := range orgs {
		changes, err := s.Changes(t.Context(), roster.ID{byte(n + 1)}, 0, 10*users)
		if err != nil || len(changes) != users+1 {
			t.Fatalf("organization %d: %d changes, %v; want %d", n+1, len(changes), err, users+1)
		}
		for i, change := range changes {
			if change.Version != roster.Version(i+1) || i > 0 && change.Ops[0].After.Key() != numbered(i).Key() {
				t.Errorf("organization %d: change %d is %+v", n+1, i+1, change)
			}
		}
	}
	if !s.doubts.none() {
		t.Error("there are doubts left")
	}
}

// TestUnknown loses the database after COMMIT was sent: the change is not told as made, nor as not made, and what is
// loaded afterwards has it.
func TestUnknown(t *testing.T) {
	next := noFault
	wire := &network{next: func() fault { return next }}
	s := openNew(t, options{prepare: wire.prepare, settleFor: 50 * time.Millisecond})
	org := named(1, 1, "one")
	mustCommit(t, s, org.ID, roster.Op{After: org})
	mustCommit(t, s, org.ID, roster.Op{After: numbered(3)}) // so that the statements are prepared
	next = cutAndApart
	s.readers.Reset()
	err := commit(t, s, org.ID, roster.Op{After: numbered(1)})
	if !errors.Is(err, store.ErrUnknown) || roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("got %v, want %v", err, store.ErrUnknown)
	}
	if _, err := s.Changes(t.Context(), org.ID, 0, 1); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("a read of what can't be reached: got %v, want %s", err, roster.Unavailable)
	}
	next = noFault
	wire.apart.Store(false)
	version, err := s.Load(t.Context(), org.ID, func(roster.Entity) error { return nil })
	if err != nil || version != 3 || !s.doubts.none() {
		t.Errorf("loaded version %d, %v; want 3", version, err)
	}
	mustCommit(t, s, org.ID, roster.Op{After: numbered(2)})
}

// TestSerializable lets somebody else write to the same rows at the level where the database refuses what comes second.
func TestSerializable(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	s := openAt(t, url, options{isolation: "SERIALIZABLE"})
	defer s.Close()
	org := named(1, 1, "one")
	mustCommit(t, s, org.ID, roster.Op{After: org})
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	const users = 10
	for n := range users {
		tx, err := other.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `UPDATE organizations SET name = name WHERE id = $1`, uid(org.ID)); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- commit(t, s, org.ID, roster.Op{After: numbered(n + 1)}) }()
		waitForLock(t, s)
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	changes, err := s.Changes(t.Context(), org.ID, 0, 2*users)
	if err != nil || len(changes) != users+1 {
		t.Errorf("%d changes, %v; want %d", len(changes), err, users+1)
	}
}

// waitForLock waits until a connection of the store waits for a lock.
func waitForLock(t *testing.T, s *Store) {
	t.Helper()
	for {
		waits := 0
		const query = `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'roster'`
		if err := s.queryRow(t.Context(), []any{&waits}, query); err != nil {
			t.Fatal(err)
		}
		if waits > 0 {
			return
		}
	}
}

// TestReadOnly moves the primary: connections that lead to a replica are given up, and the change is made.
func TestReadOnly(t *testing.T) {
	var replicas atomic.Int64
	s := openNew(t, options{prepare: func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			if replicas.Add(-1) < 0 {
				return nil
			}
			_, err := conn.Exec(ctx, `SET default_transaction_read_only = on`)
			return err
		}
	}})
	org := named(1, 1, "one")
	mustCommit(t, s, org.ID, roster.Op{After: org})
	s.writers.Reset()
	replicas.Store(2)
	mustCommit(t, s, org.ID, roster.Op{After: numbered(1)})
	if n := replicas.Load(); n >= 0 {
		t.Errorf("%d connections were not made", n+1)
	}
}

// TestKilledSessions ends every session of the store while it writes: nothing is lost, and nothing done twice.
func TestKilledSessions(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	schema := "killed " + url[len(url)-12:]
	s := openAt(t, pgtest.With(t, url, "application_name", schema), options{})
	defer s.Close()
	org := named(1, 1, "one")
	mustCommit(t, s, org.ID, roster.Op{After: org})
	const users, every = 60, 10
	var group errgroup.Group
	for n := range users {
		if n%every == 0 {
			group.Go(func() error {
				conn, err := pgx.Connect(t.Context(), url)
				if err != nil {
					return err
				}
				defer conn.Close(t.Context())
				const query = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1`
				_, err = conn.Exec(t.Context(), query, schema)
				return err
			})
		}
		if err := commit(t, s, org.ID, roster.Op{After: numbered(n + 1)}); err != nil {
			t.Fatalf("user %d: %v", n+1, err)
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	s.readers.Reset()
	changes, err := s.Changes(t.Context(), org.ID, 0, 2*users)
	if err != nil || len(changes) != users+1 {
		t.Errorf("%d changes, %v; want %d", len(changes), err, users+1)
	}
}
