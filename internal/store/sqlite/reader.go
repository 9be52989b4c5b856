package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Reader is a [store.Reader] of a file, which may be a backup.
type Reader struct {
	path string
	db   *sql.DB
}

var _ store.Reader = (*Reader)(nil)

// Read opens the file at a path to read it, also while a process has it as its store. It fails with [roster.NotFound]
// where there is no file, and with [roster.Invalid] where it is no store.
func Read(ctx context.Context, path string) (*Reader, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the store %s: %w", path, err)
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, roster.Errorf(roster.NotFound, "there is no file %s", path)
	}
	db, err := openAsIs(path, "query_only(1)")
	if err != nil {
		return nil, err
	}
	r := &Reader{path, db}
	if _, err := r.schema(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return r, nil
}

// Close implements [store.Reader].
func (r *Reader) Close() error { return r.db.Close() }

// schema returns the version of the schema.
func (r *Reader) schema(ctx context.Context) (version int64, err error) {
	const query = `SELECT coalesce(max(version_id), 0) FROM schema_versions`
	if err := r.db.QueryRowContext(ctx, query).Scan(&version); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, &roster.Error{
			Code: roster.Invalid, Message: r.path + " is not a store of roster, or is damaged", Err: err,
		}
	}
	return version, nil
}

// notNewer fails where there is no store, and with [roster.Conflict] where the schema is newer than this program.
func (r *Reader) notNewer(ctx context.Context) error {
	info, err := r.Info(ctx)
	if err != nil {
		return err
	}
	return store.IsKnown("file", info.Schema, info.Knows)
}

// current fails with [roster.Conflict] where the schema is not that of this program.
func (r *Reader) current(ctx context.Context) error {
	info, err := r.Info(ctx)
	if err != nil {
		return err
	}
	return info.IsCurrent("file", r.path)
}

// Info implements [store.Reader].
func (r *Reader) Info(ctx context.Context) (info store.Info, err error) {
	if info.Knows, err = store.NewestSchema(migrations); err != nil {
		return info, err
	}
	if info.Schema, err = r.schema(ctx); err != nil {
		return info, err
	}
	var version string
	if err := r.db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return info, readError(ctx, "ask for the version of SQLite", err)
	}
	info.Engine = "SQLite " + version
	for _, suffix := range []string{"", "-wal"} {
		file, err := os.Stat(r.path + suffix)
		if err == nil {
			info.Bytes += file.Size()
		} else if suffix == "" {
			return info, err
		}
	}
	return info, nil
}

// Orgs implements [store.Reader].
func (r *Reader) Orgs(ctx context.Context) (all []*roster.Organization, err error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	err = eachRow(ctx, r.db, func(rows *sql.Rows) error {
		o, err := scanOrg(rows)
		all = append(all, o)
		return err
	}, orgsQuery)
	if err != nil {
		return nil, readError(ctx, "read the organizations", err)
	}
	return all, nil
}

// Snapshot implements [store.Reader].
func (r *Reader) Snapshot(ctx context.Context, org roster.ID) (store.Snapshot, error) {
	if err := r.current(ctx); err != nil {
		return nil, err
	}
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, readError(ctx, "begin to read", err)
	}
	s := &snapshot{tx, org}
	var there bool
	const query = `SELECT EXISTS (SELECT 1 FROM organizations WHERE id = ?)`
	if err := tx.QueryRowContext(ctx, query, org[:]).Scan(&there); err != nil {
		return nil, errors.Join(readError(ctx, "begin to read", err), s.Close(ctx))
	}
	if !there {
		return nil, errors.Join(store.NoOrg(org), s.Close(ctx))
	}
	return s, nil
}
