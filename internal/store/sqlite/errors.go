package sqlite

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/roster-dev/roster"
)

// primary returns SQLite's primary result code of an error, or SQLITE_OK where it is not SQLite's.
func primary(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return sqlite3.SQLITE_OK
}

// isConstraint reports whether a statement failed because a key is taken. The transaction goes on.
func isConstraint(err error) bool { return primary(err) == sqlite3.SQLITE_CONSTRAINT }

// readError says what was attempted. Where ctx is done it is the cause, whatever SQLite calls the interruption.
func readError(ctx context.Context, attempted string, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if message := excuse(err); message != "" {
		err = &roster.Error{Code: roster.Unavailable, Message: message, Err: err}
	}
	return fmt.Errorf("%s: %w", attempted, err)
}

// excuse returns what to tell clients about an error after which trying again can help, or "". Where a disk fails while
// a transaction is committed, that is undone; only if this process is killed before the next one has taken its place in
// the log, and the disk has it after all, it is found there at the next start.
func excuse(err error) string {
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "the store is busy"
	case sqlite3.SQLITE_FULL:
		return "the disk of the store is full"
	case sqlite3.SQLITE_IOERR:
		return "the disk of the store fails"
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		return "the file of the store can't be written to at present"
	default:
		return ""
	}
}
