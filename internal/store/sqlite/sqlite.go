// Package sqlite is the store in one SQLite file, for one process: the default. Every acknowledged change survives a
// power cut (write-ahead log, synchronous=FULL). Records are JSON documents that people can query with SQL while roster
// runs: docs/guides/databases.md lists the views for that. It must not know any rule about users.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Store is a [store.Store] in a file.
type Store struct {
	gate    store.Gate
	path    string // absolute
	lock    *os.File
	readers *sql.DB
	writers *sql.DB // of one connection, which writer holds
	writer  *writer
	// writing has room for the one Update that uses writer, so that those who wait for it can give up.
	writing chan struct{}
}

var _ store.Store = (*Store)(nil)

// Open opens the store in the file at path, which it creates, readable by its owner only, where there is none; the
// folder must exist. A file of an older version of roster is brought up to date; one of a newer version is refused with
// [roster.Conflict]. It fails with a [*store.InUseError] while another process, or this one, has the file open.
//
// Beside the file stand FILE-wal and FILE-shm, which belong to it and must be kept with it, and FILE.lock.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find the store %s: %w", path, err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, lock: lock, writing: make(chan struct{}, 1)}
	if err := s.open(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("open the store %s: %w", path, err), s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string) error {
	// The database has personal data and hashes of secrets in it: nobody else may read it. SQLite gives its own files
	// the same permissions.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	// What is deleted is overwritten: a person who was erased must not be found in the file.
	forWriting := dsn(path, "journal_size_limit(67108864)", "temp_store(MEMORY)", "secure_delete(1)")
	if s.writers, err = sql.Open("sqlite", forWriting); err != nil {
		return err
	}
	s.writers.SetMaxOpenConns(1)
	if err := migrate(ctx, s.writers); err != nil {
		return err
	}
	if s.writer, err = newWriter(ctx, s.writers); err != nil {
		return err
	}
	if s.readers, err = sql.Open("sqlite", dsn(path, "query_only(1)")); err != nil {
		return err
	}
	s.readers.SetMaxIdleConns(4)
	return s.readers.PingContext(ctx)
}

// dsn returns the data source name of the database at an absolute path.
func dsn(path string, pragmas ...string) string {
	pragmas = append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"}, pragmas...)
	return fileURL(path, pragmas, "rwc")
}

// fileURL returns the data source name of the file at an absolute path, which mode says how to open.
func fileURL(path string, pragmas []string, mode string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // C:/...
		path = "/" + path
	}
	query := url.Values{"_pragma": pragmas, "mode": {mode}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// Close implements [store.Store].
func (s *Store) Close() error {
	if err := s.gate.Close(); err != nil {
		return err
	}
	if err := s.release(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// release closes what is open. The lock goes last: another process may open the file as soon as it is gone.
func (s *Store) release() error {
	var errs []error
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.Close())
	}
	if s.writers != nil {
		errs = append(errs, s.writers.Close())
	}
	return errors.Join(append(errs, unlock(s.lock), s.lock.Close())...)
}

// scanID reads a column of 16 bytes; NULL is none.
type scanID struct{ id *roster.ID }

// Scan implements [sql.Scanner].
func (s scanID) Scan(value any) error {
	b, ok := value.([]byte)
	if value == nil {
		*s.id = roster.ID{}
		return nil
	}
	if !ok || copy(s.id[:], b) != len(b) || len(b) != len(s.id) {
		return fmt.Errorf("%v is not an id", value)
	}
	return nil
}

// scanJSON reads a column with the JSON form of a value.
type scanJSON struct{ value any }

// Scan implements [sql.Scanner].
func (s scanJSON) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("%v is not a text", value)
	}
	return json.Unmarshal([]byte(text), s.value)
}

// orNull returns v, or NULL where v is the zero value.
func orNull[V int64 | string](v V) any {
	var zero V
	if v == zero {
		return nil
	}
	return v
}

// idOrNull returns id's bytes, or NULL for none.
func idOrNull(id roster.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}
