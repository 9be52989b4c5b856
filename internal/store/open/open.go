// Package open makes a store from the one line of text that names it in flags and configuration. It is the only place
// that knows every driver.
package open

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/store/postgres"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// driver is one way to keep organizations.
type driver struct {
	scheme string
	form   string // what to write, for messages; "" for another way to write the one before
	open   func(ctx context.Context, rest string) (store.Store, error)
}

// drivers returns every driver there is.
func drivers() []driver {
	return []driver{
		{"sqlite", "sqlite:FILE", openSQLite},
		{"memory", "memory:", openMemory},
		{"postgres", "postgres://USER:PASSWORD@HOST/DATABASE", openPostgres},
		{"postgresql", "", openPostgres}, // as libpq has it
	}
}

// Store opens the store that dsn names: "sqlite:FILE" or the FILE alone, which is created where there is none,
// "memory:" for one that is gone with the process, or the URL of a PostgreSQL database. A text with another scheme, or
// none, fails with [roster.Invalid]; else it fails as the driver does, for a store in use with a [*store.InUseError].
func Store(ctx context.Context, dsn string) (store.Store, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	all := drivers()
	if i := slices.IndexFunc(all, func(d driver) bool { return found && d.scheme == scheme }); i >= 0 {
		return all[i].open(ctx, rest)
	}
	if isPath(dsn) {
		return openSQLite(ctx, dsn)
	}
	return nil, unknown(dsn)
}

// IsMissing reports whether dsn names a file that does not exist, which [Store] would create.
func IsMissing(dsn string) bool {
	path, found := strings.CutPrefix(dsn, "sqlite:")
	if path == "" || !found && !isPath(dsn) {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// isPath reports whether dsn is the path of a file: a colon in its first part would be a scheme's, if it has more than
// the one letter of a Windows drive.
func isPath(dsn string) bool {
	first, _, _ := strings.Cut(dsn, "/")
	colon := strings.IndexByte(first, ':')
	return dsn != "" && (colon < 0 || colon == 1)
}

func unknown(dsn string) error {
	var forms []string
	for _, d := range drivers() {
		if d.form != "" {
			forms = append(forms, d.form)
		}
	}
	// Only the scheme: the rest can hold a password.
	scheme, _, _ := strings.Cut(dsn, ":")
	return roster.Errorf(roster.Invalid,
		"a store is %s or the path of a file, not %q", strings.Join(forms, ", "), scheme)
}

func openSQLite(ctx context.Context, path string) (store.Store, error) {
	if path == "" {
		return nil, roster.Errorf(roster.Invalid, "sqlite: needs the path of a file, as in sqlite:roster.db")
	}
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func openPostgres(ctx context.Context, rest string) (store.Store, error) {
	s, err := postgres.Open(ctx, "postgres:"+rest)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func openMemory(_ context.Context, rest string) (store.Store, error) {
	if rest != "" {
		return nil, roster.Errorf(roster.Invalid, "memory: takes nothing after the colon")
	}
	return memory.New(), nil
}
