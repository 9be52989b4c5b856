package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Batcher = (*Store)(nil)

// Records in the order of Load: those without a number first.
const (
	beginRead       = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	loadOrg         = `SELECT version, next, doc FROM organizations WHERE id = $1`
	unnumberedQuery = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND number IS NULL ORDER BY id`
	numberedQuery   = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND number IS NOT NULL ORDER BY number`
)

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	return s.load(ctx, org, store.Each(fn))
}

// LoadBatches implements [store.Batcher].
func (s *Store) LoadBatches(
	ctx context.Context, org roster.ID, work func(iter.Seq[roster.Entity]) (then func() error),
) (roster.Version, error) {
	return s.load(ctx, org, store.EachBatch(work))
}

// load reads the records of org at one version, which it returns.
func (s *Store) load(ctx context.Context, org roster.ID, l store.Loading) (roster.Version, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	conn, o, err := s.snapshot(ctx, org)
	if isStale(err) { // as in onReader
		s.readers.Reset()
		conn, o, err = s.snapshot(ctx, org)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, store.NoOrg(org)
	}
	if err != nil {
		return 0, readError(ctx, fmt.Sprintf("read the organization %s", org), err)
	}
	defer endSnapshot(ctx, conn)
	version := o.Version
	if err := l.First(o); err != nil {
		return 0, err
	}
	return version, l.Rest(ctx, func(reading context.Context, add func(roster.Type, string) error) error {
		if err := readDocuments(reading, conn, org, add); err != nil {
			return readError(ctx, fmt.Sprintf("read the records of %s", org), broken(conn.Conn(), err))
		}
		return nil
	})
}

// snapshot begins to read an organization.
func (s *Store) snapshot(ctx context.Context, org roster.ID) (*pgxpool.Conn, *roster.Organization, error) {
	conn, err := s.readers.Acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	var o *roster.Organization
	var b pgx.Batch
	b.Queue(beginRead)
	b.Queue(noTimeout)
	b.Queue(loadOrg, uid(org)).QueryRow(func(row pgx.Row) (err error) {
		o, err = scanOrg(row)
		return err
	})
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		err = broken(conn.Conn(), err)
		endSnapshot(ctx, conn)
		return nil, nil, err
	}
	return conn, o, nil
}

// endSnapshot gives the connection back.
func endSnapshot(ctx context.Context, conn *pgxpool.Conn) {
	defer conn.Release() // which closes one that is still in its transaction
	if ctx.Err() != nil || conn.Conn().IsClosed() {
		return
	}
	_, _ = conn.Exec(ctx, "ROLLBACK")
}

// readDocuments calls add with the documents of org in the order of Load. It asks for all of them at once.
func readDocuments(
	ctx context.Context, conn *pgxpool.Conn, org roster.ID, add func(roster.Type, string) error,
) error {
	types := roster.Types()[1:]
	var b pgx.Batch
	for _, t := range types {
		b.Queue(unnumberedQuery, uid(org), string(t))
		b.Queue(numberedQuery, uid(org), string(t))
	}
	results := conn.SendBatch(ctx, &b)
	for i := range 2 * len(types) {
		if err := readResult(results, types[i/2], add); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx)) // rather than to read the rest
			_ = results.Close()
			return err
		}
	}
	return results.Close()
}

// readResult calls add with the documents of a type that are the next result.
func readResult(results pgx.BatchResults, t roster.Type, add func(roster.Type, string) error) error {
	rows, err := results.Query()
	if err != nil {
		return err
	}
	var doc string
	return each(rows, func(rows pgx.Rows) error {
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		return add(t, doc)
	})
}
