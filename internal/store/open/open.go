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
	read   func(ctx context.Context, rest string) (store.Reader, error)
	// backup copies the store to a file, and restore a file to the store.
	backup, restore func(ctx context.Context, rest, file string, c store.Copying) error
}

// drivers returns every driver there is.
func drivers() []driver {
	pg := driver{ //nolint:gosec // the form of a URL is no password
		scheme: "postgres", form: "postgres://USER:PASSWORD@HOST/DATABASE", open: openPostgres,
		backup:  ownTools("pg_dump --format=custom --no-owner --file=FILE URL"),
		restore: ownTools("pg_restore --no-owner --dbname=URL FILE"),
		read:    readPostgres,
	}
	again := pg
	again.scheme, again.form = "postgresql", "" // as libpq has it
	return []driver{
		{
			scheme: "sqlite", form: "sqlite:FILE", open: openSQLite, read: readSQLite,
			backup: backupSQLite, restore: restoreSQLite,
		},
		{
			scheme: "memory", form: "memory:", open: openMemory, read: readMemory,
			backup: notInMemory, restore: notInMemory,
		},
		pg, again,
	}
}

// find returns the driver that dsn names, and what dsn says besides. A text with another scheme, or none, fails with
// [roster.Invalid].
func find(dsn string) (driver, string, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	all := drivers()
	if i := slices.IndexFunc(all, func(d driver) bool { return found && d.scheme == scheme }); i >= 0 {
		return all[i], rest, nil
	}
	if isPath(dsn) {
		return all[0], dsn, nil
	}
	return driver{}, "", unknown(dsn)
}

// Store opens the store that dsn names: "sqlite:FILE" or the FILE alone, which is created where there is none,
// "memory:" for one that is gone with the process, or the URL of a PostgreSQL database. A text with another scheme, or
// none, fails with [roster.Invalid]; else it fails as the driver does, for a store in use with a [*store.InUseError].
func Store(ctx context.Context, dsn string) (store.Store, error) {
	d, rest, err := find(dsn)
	if err != nil {
		return nil, err
	}
	return d.open(ctx, rest)
}

// Reader opens the store that dsn names to read it row by row, also while a process has it. What is in memory can't be:
// then it fails with [roster.Invalid].
func Reader(ctx context.Context, dsn string) (store.Reader, error) {
	d, rest, err := find(dsn)
	if err != nil {
		return nil, err
	}
	return d.read(ctx, rest)
}

// Distribution returns where the tables of the database that dsn names are to be on a Citus cluster. With apply it puts
// those there that are not, and returns which. Of other stores it fails with [roster.Invalid].
func Distribution(ctx context.Context, dsn string, apply bool) ([]store.Placement, error) {
	d, rest, err := find(dsn)
	switch {
	case err != nil:
		return nil, err
	case d.scheme != "postgres" && d.scheme != "postgresql":
		return nil, roster.Errorf(roster.Invalid, "only a PostgreSQL database can be distributed")
	case apply:
		return postgres.Distribute(ctx, "postgres:"+rest)
	default:
		return postgres.Distribution(), nil
	}
}

// Backup copies the store that dsn names to a file, as [sqlite.Backup] does. Of other stores than files it fails with
// [roster.Invalid], and says what to do instead.
func Backup(ctx context.Context, dsn, file string, c store.Copying) error {
	d, rest, err := find(dsn)
	if err != nil {
		return err
	}
	return d.backup(ctx, rest, file, c)
}

// Restore makes the store that dsn names what a backup has, as [sqlite.Restore] does. Of other stores than files it
// fails with [roster.Invalid], and says what to do instead.
func Restore(ctx context.Context, dsn, file string, c store.Copying) error {
	d, rest, err := find(dsn)
	if err != nil {
		return err
	}
	return d.restore(ctx, rest, file, c)
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

func readSQLite(ctx context.Context, path string) (store.Reader, error) {
	r, err := sqlite.Read(ctx, path)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func readPostgres(ctx context.Context, rest string) (store.Reader, error) {
	r, err := postgres.Read(ctx, "postgres:"+rest)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func readMemory(context.Context, string) (store.Reader, error) { return nil, gone() }

func gone() error {
	return roster.Errorf(roster.Invalid, "what is in memory is gone with the process: there is nothing to look at")
}

func backupSQLite(ctx context.Context, path, file string, c store.Copying) error {
	return sqlite.Backup(ctx, path, file, c)
}

func restoreSQLite(ctx context.Context, path, file string, c store.Copying) error {
	return sqlite.Restore(ctx, file, path, c)
}

// ownTools says which tools copy a store that roster does not copy.
func ownTools(command string) func(context.Context, string, string, store.Copying) error {
	return func(context.Context, string, string, store.Copying) error {
		return roster.Errorf(roster.Invalid, "a PostgreSQL database is copied with PostgreSQL's own tools, such as "+
			"`%s`: see docs/guides/databases.md", command)
	}
}

func notInMemory(context.Context, string, string, store.Copying) error {
	return gone()
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
