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
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		err = &roster.Error{Code: roster.Unavailable, Message: "the store is busy", Err: err}
	}
	return fmt.Errorf("%s: %w", attempted, err)
}
