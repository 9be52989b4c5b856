package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// openBehind opens a store in a new schema behind a proxy, and closes it.
func openBehind(t *testing.T, o options) (*Store, *pgtest.Proxy) {
	t.Helper()
	proxy := pgtest.NewProxy(t, pgtest.Schema(t, pgtest.Server(t)))
	s := openAt(t, proxy.URL, o)
	t.Cleanup(func() {
		proxy.Set(pgtest.Faults{})
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, proxy
}

func numbered(n int) *roster.User {
	return &roster.User{ID: roster.ID{7, byte(n >> 8), byte(n)}, Number: int64(n), Name: fmt.Sprintf("User %d", n)}
}

// TestCutAroundCommit loses three of eight connections around COMMIT, beside others that write: each change is made once,
// and told as made.
func TestCutAroundCommit(t *testing.T) {
	const orgs, users = 4, 40
	s, proxy := openBehind(t, options{})
	var counts [pgtest.CutAnswer + 1]atomic.Int64
	proxy.Set(pgtest.Faults{Commit: func() pgtest.Cut {
		cut := max(pgtest.NoCut, pgtest.Cut(rand.IntN(8)-4))
		counts[cut].Add(1)
		return cut
	}})
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
	proxy.Set(pgtest.Faults{})
	for cut := range counts {
		if n := counts[cut].Load(); n < 3 {
			t.Errorf("cut %d happened only %d times", cut, n)
		}
	}
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
	t.Logf("%d commits, %d connections cut before COMMIT, %d after it, %d before its answer", orgs*(users+1),
		counts[pgtest.CutBefore].Load(), counts[pgtest.CutAfter].Load(), counts[pgtest.CutAnswer].Load())
}

// TestUnknown loses the database after it has committed: the change is not told as made, nor as not made, and what is
// loaded afterwards has it.
func TestUnknown(t *testing.T) {
	s, proxy := openBehind(t, options{settleFor: 50 * time.Millisecond})
	org := named(1, 1, "one")
	mustCommit(t, s, org.ID, roster.Op{After: org})
	proxy.Set(pgtest.Faults{Commit: func() pgtest.Cut {
		proxy.Set(pgtest.Faults{Apart: true})
		return pgtest.CutAnswer
	}})
	err := commit(t, s, org.ID, roster.Op{After: numbered(1)})
	if !errors.Is(err, store.ErrUnknown) || roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("got %v, want %v", err, store.ErrUnknown)
	}
	s.readers.Reset()
	if _, err := s.Changes(t.Context(), org.ID, 0, 1); roster.CodeOf(err) != roster.Unavailable {
		t.Errorf("a read of what can't be reached: got %v, want %s", err, roster.Unavailable)
	}
	proxy.Set(pgtest.Faults{})
	version, err := s.Load(t.Context(), org.ID, func(roster.Entity) error { return nil })
	if err != nil || version != 2 {
		t.Errorf("loaded version %d, %v; want 2", version, err)
	}
	mustCommit(t, s, org.ID, roster.Op{After: numbered(2)})
}

// TestCutInRows loses connections in the middle of what is read: it is read again where nothing had come, and else for
// another time, but never taken for all.
func TestCutInRows(t *testing.T) {
	const users = 50
	s, proxy := openBehind(t, options{})
	org := named(1, 1, "one")
	mustCommit(t, s, org.ID, roster.Op{After: org})
	for n := range users {
		mustCommit(t, s, org.ID, roster.Op{After: numbered(n + 1)})
	}
	nothing := func(roster.Entity) error { return nil }
	reads := map[string]func() error{
		"load": func() error { _, err := s.Load(t.Context(), org.ID, nothing); return err },
		"changes": func() error {
			changes, err := s.Changes(t.Context(), org.ID, 0, 2*users)
			if err == nil && len(changes) != users+1 {
				err = fmt.Errorf("%d changes", len(changes))
			}
			return err
		},
		"log": func() error {
			log, err := s.Log(t.Context(), org.ID)
			if err == nil {
				_, err = audit.Verify(log)
			}
			return err
		},
	}
	refused := 0
	for name, read := range reads {
		for _, at := range []int64{1, 2, users / 2} {
			var rows atomic.Int64
			proxy.Set(pgtest.Faults{Row: func() bool { return rows.Add(1) == at }})
			err := read()
			if err != nil {
				refused++
			}
			if err != nil && (at == 1 || roster.CodeOf(err) != roster.Unavailable) {
				t.Errorf("%s, cut in row %d: got %v, want none in the first one, and %s", name, at, err, roster.Unavailable)
			}
			proxy.Set(pgtest.Faults{})
			if err := read(); err != nil {
				t.Errorf("%s, after a cut in row %d: %v", name, at, err)
			}
		}
	}
	if refused < 4 {
		t.Errorf("only %d reads were refused", refused)
	}
}

// refusals counts the answers of a server that it could not put transactions in an order.
type refusals struct{ atomic.Int64 }

// TraceQueryStart implements [pgx.QueryTracer].
func (*refusals) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (r *refusals) TraceQueryEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	r.count(data.Err)
}

// TraceBatchStart implements [pgx.BatchTracer].
func (*refusals) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements [pgx.BatchTracer].
func (r *refusals) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	r.count(data.Err)
}

// TraceBatchEnd implements [pgx.BatchTracer].
func (*refusals) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (r *refusals) count(err error) {
	if codeOf(err) == "40001" {
		r.Add(1)
	}
}

// TestSerializable writes at the level where the database refuses what it can't put in an order, beside somebody else who
// writes to the same rows, and beside writers of other organizations.
func TestSerializable(t *testing.T) {
	url := pgtest.Schema(t, pgtest.Server(t))
	var refused refusals
	s := openAt(t, pgtest.With(t, url, "default_transaction_isolation", "serializable"),
		options{prepare: func(c *pgxpool.Config) { c.ConnConfig.Tracer = &refused }})
	defer s.Close()
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	const orgs, users = 4, 10
	one := named(1, 1, "org-1")
	mustCommit(t, s, one.ID, roster.Op{After: one})
	var group errgroup.Group
	for n := 1; n < orgs; n++ {
		group.Go(func() error {
			org := named(byte(n+1), int64(n+1), fmt.Sprintf("org-%d", n+1))
			err := commit(t, s, org.ID, roster.Op{After: org})
			for i := range users {
				err = errors.Join(err, commit(t, s, org.ID, roster.Op{After: numbered(i + 1)}))
			}
			return err
		})
	}
	for n := range users {
		tx, err := other.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), `UPDATE organizations SET name = name WHERE id = $1`, uid(one.ID)); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- commit(t, s, one.ID, roster.Op{After: numbered(n + 1)}) }()
		waitForBlocked(t, s, other)
		if err := errors.Join(tx.Commit(t.Context()), <-done); err != nil {
			t.Fatal(err)
		}
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for n := range orgs {
		changes, err := s.Changes(t.Context(), roster.ID{byte(n + 1)}, 0, 2*users)
		if err != nil || len(changes) != users+1 || changes[users].Version != users+1 {
			t.Errorf("organization %d: %d changes, %v; want %d", n+1, len(changes), err, users+1)
		}
	}
	if n := refused.Load(); n < users {
		t.Errorf("the database refused %d transactions, want %d at least", n, users)
	}
	t.Logf("%d commits, %d refused with 40001 and made again", orgs*(users+1), refused.Load())
}

// waitForBlocked waits until somebody waits for what a connection has locked.
func waitForBlocked(t *testing.T, s *Store, by *pgx.Conn) {
	t.Helper()
	for waits := 0; waits == 0; {
		const query = `SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`
		if err := s.queryRow(t.Context(), []any{&waits}, query, int32(by.PgConn().PID())); err != nil {
			t.Fatal(err)
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
