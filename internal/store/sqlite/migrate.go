package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"github.com/roster-dev/roster"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. It fails with [roster.Conflict] where the schema is newer than this program.
func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := steps(db)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	has, knows, err := steps.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	if has > knows {
		return newerFile(has, knows)
	}
	if _, err := steps.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}

func newerFile(has, knows int64) error {
	return roster.Errorf(roster.Conflict,
		"a newer roster wrote this file (its schema is %d, this one knows up to %d): use the newer one", has, knows)
}

// newestSchema returns the last version of the schema that this program knows.
func newestSchema() (newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		var n int64
		if n, err = goose.NumericComponent(name); err != nil {
			return 0, err
		}
		newest = max(newest, n)
	}
	return newest, err
}

// steps returns what brings the schema of db from one version to the next.
func steps(db *sql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db, dir, goose.WithTableName("schema_versions"),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
}
