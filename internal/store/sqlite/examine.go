package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

var _ store.Examiner = (*Store)(nil)

// Examine implements [store.Examiner].
func (s *Store) Examine(ctx context.Context) []store.Finding {
	findings := []store.Finding{s.engine(ctx), s.durability(ctx), s.tryWrite(ctx)}
	if room, known := roomAt(filepath.Dir(s.path)); known {
		findings = append(findings, foundRoom(room, s.size()))
	}
	return findings
}

// size returns the bytes of the file and of its log.
func (s *Store) size() (total int64) {
	for _, name := range []string{s.path, s.path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
		}
	}
	return total
}

func (s *Store) engine(ctx context.Context) store.Finding {
	f := store.Finding{Check: "store", Severity: store.OK}
	var version string
	if err := s.readers.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		f.Severity, f.Found = store.Fail, "it can't be read: "+err.Error()
		f.Advice = "keep a copy of the file as it is, and restore the last backup"
		return f
	}
	f.Found = fmt.Sprintf("SQLite %s, %s, %d MiB with its log", version, s.path, s.size()>>20)
	return f
}

// durability looks at the connection that writes.
func (s *Store) durability(ctx context.Context) store.Finding {
	const full = 2
	f := store.Finding{Check: "durability", Severity: store.OK}
	var mode string
	synchronous := 0
	err := s.withWriter(ctx, func(conn *sql.Conn) error {
		if err := conn.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
			return err
		}
		return conn.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&synchronous)
	})
	switch {
	case err != nil:
		f.Severity, f.Found = store.Fail, "it can't be asked: "+err.Error()
	case mode != "wal" || synchronous < full:
		f.Severity, f.Found = store.Fail, fmt.Sprintf("journal_mode=%s, synchronous=%d", mode, synchronous)
		f.Advice = "acknowledged changes may be lost with the power: the file system may not support write-ahead " +
			"logs, as those over a network do not; put the file on a local disk"
	default:
		f.Found = "write-ahead log, synchronous=FULL: acknowledged changes survive a power cut"
	}
	return f
}

// withWriter calls fn with the connection that writes, outside of a transaction.
func (s *Store) withWriter(ctx context.Context, fn func(*sql.Conn) error) error {
	done, err := s.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	return fn(s.writer.conn)
}

// tryWrite commits something that nobody looks at: SQLite writes the number of the user's own even where it stays.
func (s *Store) tryWrite(ctx context.Context) store.Finding {
	var took time.Duration
	err := s.withWriter(ctx, func(conn *sql.Conn) error {
		number := 0
		if err := conn.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&number); err != nil {
			return err
		}
		began := time.Now()
		_, err := conn.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, number))
		took = time.Since(began)
		return err
	})
	return store.FoundWrite(took, err)
}

// foundRoom says what it means that a disk has so many bytes left, for a store of so many.
func foundRoom(room, size int64) store.Finding {
	const none, little = 64 << 20, 1 << 30
	f := store.Finding{Check: "disk", Severity: store.OK, Found: fmt.Sprintf("%d MiB are free", room>>20)}
	switch {
	case room < none:
		f.Severity, f.Advice = store.Fail, "make room: writes are going to fail"
	case room < max(little, size):
		f.Severity = store.Warn
		f.Advice = "make room: an import, a backup beside the file and its log need as much as the file has"
	}
	return f
}
