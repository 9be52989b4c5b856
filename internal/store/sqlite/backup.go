package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Backup writes what the store in the file at path has at one moment into another file, which is a store of its own
// with nothing beside it. The store may be in use by this or another process and goes on being written to; it can't be
// scrubbed meanwhile. The file is readable by its owner only, and there when all of it is on disk and was found whole,
// or not at all. Backup fails with [roster.NotFound] where there is no store, with [roster.Conflict] that wraps
// [fs.ErrExist] where there is a file that it may not replace, and with [roster.Conflict] where that is a store in use.
func Backup(ctx context.Context, path, to string, c store.Copying) error {
	if err := mayWrite(path, to, c.Replace); err != nil {
		return err
	}
	if _, err := os.Stat(to + "-wal"); err == nil {
		return roster.Errorf(roster.Conflict, "%s is a store, and may be in use: choose another file", to)
	}
	temporary, err := makeCopy(ctx, path, to, c.Progress)
	if err == nil {
		err = os.Rename(temporary, to)
	}
	if err == nil {
		err = syncFolder(to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("back the store %s up: %w", path, err), discard(temporary))
	}
	return nil
}

// Restore makes the file at path the store that a backup, or another file that no process writes to, has. It fails with
// a [*store.InUseError] while a process has the file at path open, with [roster.NotFound] where there is no backup, and
// with [roster.Conflict] that wraps [fs.ErrExist] where there is a file that it may not replace, and with
// [roster.Conflict] where the backup is of a newer version of roster. What was there before stays as it was until the
// backup was found whole and is on disk.
func Restore(ctx context.Context, backup, path string, c store.Copying) (err error) {
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("find the store %s: %w", path, err)
	}
	if err := mayWrite(backup, path, c.Replace); err != nil {
		return err
	}
	lock, err := lockFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock(lock), lock.Close()) }()
	temporary, err := makeCopy(ctx, backup, path, c.Progress)
	if err == nil {
		err = replace(ctx, path, temporary)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("restore the store %s: %w", path, err), discard(temporary))
	}
	return nil
}

// mayWrite fails where a file can't be copied to another one.
func mayWrite(from, to string, replace bool) error {
	source, err := os.Stat(from)
	if errors.Is(err, fs.ErrNotExist) {
		return roster.Errorf(roster.NotFound, "there is no file %s", from)
	}
	if err != nil {
		return err
	}
	there, err := os.Stat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case os.SameFile(source, there):
		return roster.Errorf(roster.Invalid, "%s is the store itself", to)
	case !there.Mode().IsRegular():
		return roster.Errorf(roster.Invalid, "%s is not a file", to)
	case !replace:
		return &roster.Error{Code: roster.Conflict, Message: "there is a file " + to, Err: fs.ErrExist}
	default:
		return nil
	}
}

// makeCopy copies what a store has, beside the file that is to have it. The copy is on disk and whole.
func makeCopy(ctx context.Context, from, to string, progress func(done, about int64)) (string, error) {
	// SQLite writes only to a file that is new or empty, and makes a new one for everybody to read.
	file, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.part")
	if err != nil {
		return "", err
	}
	temporary := file.Name()
	if err := file.Close(); err != nil {
		return temporary, err
	}
	if err := vacuumInto(ctx, from, temporary, progress); err != nil {
		return temporary, err
	}
	if err := wantWhole(ctx, temporary); err != nil {
		return temporary, err
	}
	return temporary, syncFile(temporary)
}

// openAsIs opens a file that must exist, and changes nothing about it.
func openAsIs(path string, pragmas ...string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", fileURL(path, append([]string{"busy_timeout(10000)"}, pragmas...), "rw"))
}

// vacuumInto copies what a store has at one moment.
func vacuumInto(ctx context.Context, from, to string, progress func(done, about int64)) (err error) {
	db, err := openAsIs(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	if err := (&Reader{from, db}).notNewer(ctx); err != nil {
		return err
	}
	var size int64
	const query = `SELECT page_size * (page_count - freelist_count)
		FROM pragma_page_size, pragma_page_count, pragma_freelist_count`
	if err := db.QueryRowContext(ctx, query).Scan(&size); err != nil {
		return readError(ctx, "read the size of "+from, err)
	}
	defer watch(to, size, progress)()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, to); err != nil {
		return readError(ctx, "copy "+from, err)
	}
	return nil
}

// watch tells how a file grows, until stop is called.
func watch(path string, about int64, progress func(done, about int64)) (stop func()) {
	if progress == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				if info, err := os.Stat(path); err == nil {
					progress(min(info.Size(), about), about)
				}
			case <-end:
				return
			}
		}
	}()
	return func() { close(end); <-ended }
}

// wantWhole fails where a file is damaged.
func wantWhole(ctx context.Context, path string) (err error) {
	db, err := openAsIs(path, "query_only(1)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return readError(ctx, "check the copy", err)
	}
	if found != "ok" {
		return fmt.Errorf("the copy is damaged: %s", found)
	}
	return nil
}

// replace puts a file in the place of a store, which no process of roster has open. The log of the old one must never
// meet the new one.
func replace(ctx context.Context, path, by string) error {
	if err := emptyLog(ctx, path); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := discard(path + suffix); err != nil {
			return err
		}
	}
	if err := os.Rename(by, path); err != nil {
		return err
	}
	return syncFolder(path)
}

// emptyLog writes what the log of a store has into its file, if there is one, so that the file is whole without it.
// That can't be done with a damaged one, which is to be replaced as it is.
func emptyLog(ctx context.Context, path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	db, err := openAsIs(path)
	if err != nil {
		return err
	}
	var busy, pages, moved int
	err = db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	err = errors.Join(err, db.Close())
	switch code := primary(err); {
	case code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB:
		return nil
	case err != nil:
		return readError(ctx, "close the store that is there", err)
	case busy != 0:
		return roster.Errorf(roster.Unavailable, "somebody reads the store: try again")
	default:
		return nil
	}
}

// discard removes a file, if there is one.
func discard(path string) error {
	if err := os.Remove(path); path != "" && err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFile waits until a file is on disk.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // made above
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
