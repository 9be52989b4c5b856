package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
)

// codeOf returns the SQLSTATE of an error, "" where the server has not said it.
func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// isTaken reports whether a transaction failed because a key is taken.
func isTaken(err error) bool { return codeOf(err) == "23505" }

// isReadOnly reports whether the server is a replica now.
func isReadOnly(err error) bool { return codeOf(err) == "25006" }

// isLost reports whether a connection is of no use any more, or was not to be had.
func isLost(err error) bool {
	code := codeOf(err)
	if code == "" {
		return isNetwork(err)
	}
	switch code {
	case "57P01", "57P02", "57P03", "53300":
		return true
	default:
		return code[:2] == "08"
	}
}

// isStale reports whether a connection was lost that there was before.
func isStale(err error) bool {
	code := codeOf(err)
	return errors.Is(err, errBroken) || code == "57P01" || code == "57P02"
}

// isNetwork reports whether an error comes from between here and the server.
func isNetwork(err error) bool {
	if _, ok := errors.AsType[*roster.Error](err); ok {
		return false
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return connecting || errors.Is(err, errBroken)
}

// errBroken marks an error after which the connection is closed.
var errBroken = errors.New("the connection to the database was lost")

// broken marks err where the connection that it happened on is closed.
func broken(conn *pgx.Conn, err error) error {
	if err != nil && conn.IsClosed() && codeOf(err) == "" {
		return errors.Join(errBroken, err)
	}
	return err
}

// isWorthRetrying reports whether a transaction that was not committed may fare better next time.
func isWorthRetrying(err error) bool {
	switch codeOf(err) {
	case "40001", "40P01", "25006", "55P03":
		return true
	default:
		return isLost(err)
	}
}

// readError says what was attempted. Where ctx is done it is the cause, whatever the database calls the interruption.
func readError(ctx context.Context, attempted string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", attempted, ctx.Err())
	}
	if message := excuse(err); message != "" {
		err = &roster.Error{Code: roster.Unavailable, Message: message, Err: err}
	}
	return fmt.Errorf("%s: %w", attempted, err)
}

// excuse returns what to tell clients about an error after which trying again can help, or "".
func excuse(err error) string {
	switch code := codeOf(err); {
	case isLost(err):
		return "the database can't be reached"
	case isReadOnly(err):
		return "the database does not let anybody write at present"
	case code == "40001" || code == "40P01" || code == "55P03":
		return "the store is busy"
	case code == "57014" || errors.Is(err, context.DeadlineExceeded):
		return "the database took too long"
	case code != "" && code[:2] == "53": // disk full, out of memory
		return "the database has no room left"
	default:
		return ""
	}
}

// uid returns id as a parameter.
func uid(id roster.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

// uidOrNull returns id as a parameter, NULL for none.
func uidOrNull(id roster.ID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: !id.IsZero()} }

// orNull returns v, or NULL where v is the zero value.
func orNull[V int64 | string](v V) any {
	var zero V
	if v == zero {
		return nil
	}
	return v
}

// scanID reads a column of an id; NULL is none.
type scanID struct{ id *roster.ID }

// ScanUUID implements [pgtype.UUIDScanner].
func (s scanID) ScanUUID(v pgtype.UUID) error {
	*s.id = roster.ID{}
	if v.Valid {
		*s.id = v.Bytes
	}
	return nil
}

// scanJSON reads a column with the JSON form of a value.
type scanJSON struct{ value any }

// ScanText implements [pgtype.TextScanner].
func (s scanJSON) ScanText(v pgtype.Text) error { return json.Unmarshal([]byte(v.String), s.value) }

// scanBytes reads a column with just as many bytes.
type scanBytes []byte

// ScanBytes implements [pgtype.BytesScanner].
func (s scanBytes) ScanBytes(v []byte) error {
	if len(v) != len(s) {
		return fmt.Errorf("%d bytes where there should be %d", len(v), len(s))
	}
	copy(s, v)
	return nil
}
