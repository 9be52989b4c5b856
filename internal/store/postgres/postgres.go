// Package postgres is the store in a PostgreSQL database, version 15 or later, or in one that speaks like it and shards
// by the first column of keys. Every acknowledged change is as durable as the database makes a commit. Any number of
// processes may have the database. It must not know any rule about users.
package postgres

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// How long the database may take. A transaction whose client is gone holds its organization no longer than
// idleInTransaction.
const (
	statementTimeout  = 30 * time.Second
	idleInTransaction = 60 * time.Second
	connectTimeout    = 5 * time.Second
	transactionTime   = 90 * time.Second
	largeTime         = 15 * time.Minute
)

// Store is a [store.Store] in a database.
type Store struct {
	gate  store.Gate
	name  string // the database, for messages, without a password
	begin string // a statement
	// How long a transaction is tried again for, and how long it is asked what became of one.
	retryFor, settleFor time.Duration

	writers *pgxpool.Pool
	readers *pgxpool.Pool
	// side is for single statements that are needed while a writer's connection is held: who has one of it may wait for
	// nothing else, but for who settles a name.
	side     *pgxpool.Pool
	settling sync.Mutex // guards that only one settles a name
	times    leaseTimes
	queues   queues
}

var _ store.Store = (*Store)(nil)

// options are what tests change.
type options struct {
	migrations fs.FS
	lease      leaseTimes
	settleFor  time.Duration
	prepare    func(*pgxpool.Config)
}

// Open opens the store in the database that a URL names, postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=..., with
// the parameters that libpq knows, pool_max_conns for how many connections write at the same time (16), and
// default_transaction_isolation for writing at another level than READ COMMITTED, which does. Its schema is made or
// brought up to date; one of a newer version of roster is refused with [roster.Conflict]. Other processes may have it
// open. No error shows a password.
func Open(ctx context.Context, url string) (*Store, error) {
	return open(ctx, url, options{})
}

func open(ctx context.Context, url string, o options) (*Store, error) {
	if o.migrations == nil {
		o.migrations = migrations
	}
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	if o.prepare != nil {
		o.prepare(config)
	}
	s := &Store{
		name: nameOf(config.ConnConfig), begin: beginOf(config.ConnConfig), times: o.lease,
		retryFor: 5 * time.Second, settleFor: cmp.Or(o.settleFor, 20*time.Second),
	}
	if err := s.open(ctx, config, o); err != nil {
		s.release()
		return nil, fmt.Errorf("open the store %s: %w", s.name, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, config *pgxpool.Config, o options) error {
	m, err := newMigrations(config.ConnConfig, o.migrations)
	if err != nil {
		return err
	}
	defer m.close()
	if err := check(ctx, config.ConnConfig, m.db); err != nil {
		return err
	}
	for _, p := range []struct {
		to   **pgxpool.Pool
		most int32
	}{{&s.writers, config.MaxConns}, {&s.readers, max(4, config.MaxConns/2)}, {&s.side, sideConns}} {
		c := config.Copy()
		c.MaxConns = p.most
		pool, err := pgxpool.NewWithConfig(ctx, c)
		if err != nil {
			return err
		}
		*p.to = pool
	}
	if err := m.makeLeases(ctx); err != nil {
		return err
	}
	if err := s.aside(ctx, []step{{query: makeLease, args: []any{newNonce()}}}); err != nil {
		return readError(ctx, "make the lease of the database", err)
	}
	return s.migrate(ctx, m)
}

// sideConns is how many connections side has: who settles a name takes two of them, and who beats one.
const sideConns = 4

// Close implements [store.Store].
func (s *Store) Close() error {
	if err := s.gate.Close(); err != nil {
		return err
	}
	s.release()
	return nil
}

// release gives back what is open.
func (s *Store) release() {
	for _, pool := range []*pgxpool.Pool{s.writers, s.readers, s.side} {
		if pool != nil {
			pool.Close()
		}
	}
}

// enter lets a call in, which must leave.
func (s *Store) enter(ctx context.Context) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	err := ctx.Err()
	if err != nil {
		s.gate.Leave()
	}
	return err
}

// beginOf returns the statement that transactions which write begin with.
func beginOf(c *pgx.ConnConfig) string {
	if _, given := c.RuntimeParams["default_transaction_isolation"]; given {
		return "BEGIN"
	}
	return "BEGIN ISOLATION LEVEL READ COMMITTED"
}

// nameOf returns what to call a database in messages.
func nameOf(c *pgx.ConnConfig) string {
	at := c.Host
	if len(at) == 0 || at[0] != '/' {
		at = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	}
	return fmt.Sprintf("postgres://%s@%s/%s", c.User, at, c.Database)
}

// queues has those who write to one organization wait for each other before they take a connection. The zero value is
// empty.
type queues struct {
	mu   sync.Mutex
	orgs map[roster.ID]*queue // guarded by mu
}

type queue struct {
	turn chan struct{} // has room for whose turn it is
	used int           // by how many; guarded by queues.mu
}

// wait waits for the caller's turn with an organization, which lasts until done is called.
func (q *queues) wait(ctx context.Context, org roster.ID) (done func(), err error) {
	q.mu.Lock()
	if q.orgs == nil {
		q.orgs = map[roster.ID]*queue{}
	}
	line := q.orgs[org]
	if line == nil {
		line = &queue{turn: make(chan struct{}, 1)}
		q.orgs[org] = line
	}
	line.used++
	q.mu.Unlock()
	leave := func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if line.used--; line.used == 0 {
			delete(q.orgs, org)
		}
	}
	select {
	case line.turn <- struct{}{}:
		return func() { <-line.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
