package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What the database itself is asked.
const (
	hasSchema     = `SELECT to_regclass('schema_versions') IS NOT NULL`
	schemaQuery   = `SELECT coalesce(max(version_id), 0) FROM schema_versions`
	engineQuery   = `SELECT split_part(version(), ' on ', 1)`
	relationBytes = `SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
		WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`
	allOrgs = `SELECT version, next, doc FROM organizations ORDER BY number, id`
	isOrg   = `SELECT EXISTS (SELECT 1 FROM organizations WHERE id = $1)`
)

// Reader is a [store.Reader] of a database. It keeps nobody from anything.
type Reader struct {
	name string
	pool *pgxpool.Pool
}

var _ store.Reader = (*Reader)(nil)

// Read connects to the database that a URL names as for [Open], to read it, also while a process has it.
func Read(ctx context.Context, url string) (*Reader, error) { return read(ctx, url, options{}) }

func read(ctx context.Context, url string, o options) (*Reader, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	if o.prepare != nil {
		o.prepare(config)
	}
	config.MaxConns = 2 // who reads a snapshot may ask for another one
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, unreachable(ctx, config.ConnConfig, err)
	}
	return &Reader{nameOf(config.ConnConfig), pool}, nil
}

// Close implements [store.Reader].
func (r *Reader) Close() error {
	r.pool.Close()
	return nil
}

// Info implements [store.Reader].
func (r *Reader) Info(ctx context.Context) (info store.Info, err error) {
	if info.Knows, err = store.NewestSchema(migrations); err != nil {
		return info, err
	}
	var there bool
	err = r.pool.QueryRow(ctx, hasSchema).Scan(&there)
	if err == nil && there {
		err = r.pool.QueryRow(ctx, schemaQuery).Scan(&info.Schema)
	}
	if err == nil {
		err = r.pool.QueryRow(ctx, engineQuery).Scan(&info.Engine)
	}
	if err == nil {
		err = r.pool.QueryRow(ctx, relationBytes).Scan(&info.Bytes)
	}
	if err != nil {
		return info, readError(ctx, "ask the database what it is", err)
	}
	return info, nil
}

// current fails with [roster.Conflict] where the schema is not that of this program.
func (r *Reader) current(ctx context.Context) error {
	info, err := r.Info(ctx)
	if err != nil {
		return err
	}
	return info.IsCurrent("database", r.name)
}

// Orgs implements [store.Reader].
func (r *Reader) Orgs(ctx context.Context) (all []*roster.Organization, err error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	rows, err := r.pool.Query(ctx, allOrgs)
	if err == nil {
		err = each(rows, func(rows pgx.Rows) error {
			o, err := scanOrg(rows)
			all = append(all, o)
			return err
		})
	}
	if err != nil {
		return nil, readError(ctx, "read the organizations", err)
	}
	return all, nil
}

// Nodes returns the processes that have the database open, as [store.Nodes] does. It fails with [roster.Conflict] where
// the schema is not that of this program.
func (r *Reader) Nodes(ctx context.Context) (nodes []store.Node, err error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	rows, err := r.pool.Query(ctx, readNodes)
	if err == nil {
		err = each(rows, func(rows pgx.Rows) error {
			n, err := scanNode(rows)
			nodes = append(nodes, n)
			return err
		})
	}
	if err != nil {
		return nil, readError(ctx, "read which processes there are", err)
	}
	return nodes, nil
}

// Snapshot implements [store.Reader].
func (r *Reader) Snapshot(ctx context.Context, org roster.ID) (store.Snapshot, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, readError(ctx, "begin to read", err)
	}
	s := &snapshot{conn, org}
	var there bool
	var b pgx.Batch
	b.Queue(beginRead)
	b.Queue(noTimeout)
	b.Queue(noIdleTimeout)
	b.Queue(isOrg, uid(org)).QueryRow(func(row pgx.Row) error { return row.Scan(&there) })
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		return nil, errors.Join(s.failed(ctx, err), s.Close(ctx))
	}
	if !there {
		return nil, errors.Join(store.NoOrg(org), s.Close(ctx))
	}
	return s, nil
}
