package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/roster-dev/roster/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrating brings a schema up to date.
type migrating struct {
	db    *sql.DB
	steps *goose.Provider
}

func newMigrations(config *pgx.ConnConfig, files fs.FS) (*migrating, error) {
	c := config.Copy()
	c.RuntimeParams["statement_timeout"] = "0" // a table may be large
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(1)
	dir, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	steps, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithTableName("schema_versions"),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the migrations: %w", err), db.Close())
	}
	return &migrating{db, steps}, nil
}

func (m *migrating) close() { _ = m.db.Close() } // nothing is under way

// makeLeases makes the table of leases. Others may be at it, too: who comes second sees that it is made.
func (m *migrating) makeLeases(ctx context.Context) (err error) {
	for range 3 {
		var has int64
		if has, err = m.steps.GetDBVersion(ctx); err == nil && has >= 1 {
			return nil
		}
		if err == nil {
			_, err = m.steps.UpTo(ctx, 1)
		}
		if err == nil {
			return nil
		}
	}
	return readError(ctx, "make the schema", err)
}

// isDone reports whether the schema is up to date. It fails with [roster.Conflict] where the schema is newer than this
// program.
func (m *migrating) isDone(ctx context.Context) (bool, error) {
	has, knows, err := m.steps.GetVersions(ctx)
	if err != nil {
		return false, readError(ctx, "read the schema's version", err)
	}
	return has == knows, store.IsKnown("database", has, knows)
}

// What keeps others from changing the schema meanwhile, however long it takes.
const (
	noIdleTimeout = `SET LOCAL idle_in_transaction_session_timeout = 0`
	lockLease     = `SELECT generation FROM leases WHERE name = 'roster' FOR UPDATE`
)

// migrate brings the schema up to date, while others wait who are about to.
func (s *Store) migrate(ctx context.Context, m *migrating) error {
	if done, err := m.isDone(ctx); done || err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, s.side, func(tx pgx.Tx) error {
		for _, query := range []string{noTimeout, noIdleTimeout, lockLease} {
			if _, err := tx.Exec(ctx, query); err != nil {
				return err
			}
		}
		if done, err := m.isDone(ctx); done || err != nil {
			return err
		}
		_, err := m.steps.Up(ctx)
		return err
	})
	if err != nil {
		return readError(ctx, "bring the schema up to date", err)
	}
	return nil
}
