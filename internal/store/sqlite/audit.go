package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

const entryColumns = `e.seq, e.version, e.at, e.actor, e.user_id, e.name, e.request, e.reason, e.op_from, e.op_to,
	e.salt, e.prev, e.hash, e.form, e.name_seal, e.reason_seal`

// writeEntries chains the entries of the change to those that there are.
func (u *update) writeEntries(contents *store.Contents) error {
	if len(u.change.Entries) == 0 {
		return nil
	}
	last, err := u.tail()
	if err != nil {
		return err
	}
	if err := store.Seal(&u.change, contents, last); err != nil {
		return err
	}
	rest := u.change.Entries
	for len(rest) > 0 {
		stmt, n := u.insertEntry, 1
		if len(rest) >= entriesAtOnce {
			stmt, n = u.insertEntries, entriesAtOnce
		}
		var args []any
		for i := range rest[:n] {
			args = u.appendEntry(args, &rest[i])
		}
		if _, err := stmt.ExecContext(u.quiet, args...); err != nil {
			return fmt.Errorf("write entry %d of the audit: %w", rest[0].Seq, err)
		}
		rest = rest[n:]
	}
	return nil
}

// appendEntry appends the columns of an entry in the order of the statement insertEntry.
func (u *update) appendEntry(args []any, e *roster.Entry) []any {
	types, keys := store.Index(&u.change, e)
	return append(args, u.change.Org[:], e.Seq, int64(e.Version), int64(e.At), idOrNull(e.Actor), idOrNull(e.User),
		e.Name, idOrNull(e.Request), orNull(e.Reason), e.From, e.To, types, keys, e.Salt[:], e.Prev[:], e.Hash[:],
		e.Form)
}

// tail returns the last entry of the organization, as far as the next one needs it; zero where there is none.
func (u *update) tail() (roster.Entry, error) {
	last, known := u.tails[u.change.Org]
	if known {
		return last, nil
	}
	err := u.lastEntry.QueryRowContext(u.quiet, u.change.Org[:]).Scan(&last.Seq, scanBytes(last.Hash[:]))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return roster.Entry{}, fmt.Errorf("read the last entry of the audit: %w", err)
	}
	return last, nil
}

// remember notes the version and the last entry of a change that is committed, and the numbers that are free after it.
func (w *writer) remember(change *roster.Change, next roster.Numbers) {
	const most = 10_000
	if slices.ContainsFunc(change.Ops, deletesOrg) {
		delete(w.stands, change.Org)
		delete(w.tails, change.Org)
		return
	}
	if len(change.Ops) == 0 {
		return
	}
	if len(w.stands) >= most {
		clear(w.stands)
		clear(w.tails)
	}
	w.stands[change.Org] = stand{change.Version, next}
	if n := len(change.Entries); n > 0 {
		w.tails[change.Org] = roster.Entry{Seq: change.Entries[n-1].Seq, Hash: change.Entries[n-1].Hash}
	}
}

// Entries implements [store.Store].
func (s *Store) Entries(
	ctx context.Context, org roster.ID, q roster.EntryQuery, fn func(roster.Entry, []roster.Op) error,
) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	ops, join := `NULL`, ``
	if q.Ops {
		ops, join = `c.ops`, ` JOIN changes AS c ON c.org_id = e.org_id AND c.version = e.version`
	}
	where, args := entryFilter(org, q)
	if q.Before > 0 {
		where, args = where+` AND e.seq < ?`, append(args, q.Before)
	}
	query := `SELECT ` + entryColumns + `, ` + ops + ` FROM audit_entries AS e` + join + where +
		` ORDER BY e.seq DESC LIMIT ?`
	var failed error
	err := s.scanEntries(ctx, query, append(args, q.Limit), func(e roster.Entry, ops []roster.Op) error {
		failed = fn(e, ops)
		return failed
	})
	if failed != nil || err == nil {
		return failed
	}
	return readError(ctx, fmt.Sprintf("read the audit of %s", org), err)
}

// CountEntries implements [store.Store].
func (s *Store) CountEntries(ctx context.Context, org roster.ID, q roster.EntryQuery) (n int, err error) {
	if err := s.gate.Enter(); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	where, args := entryFilter(org, q)
	err = s.readers.QueryRowContext(ctx, `SELECT count(*) FROM audit_entries AS e`+where, args...).Scan(&n)
	if err != nil {
		return 0, readError(ctx, fmt.Sprintf("count the audit of %s", org), err)
	}
	return n, nil
}

// entryFilter returns the condition of a query but for its place, and what its parameters are.
func entryFilter(org roster.ID, q roster.EntryQuery) (where string, args []any) {
	parts := []string{`e.org_id = ?`}
	args = []any{org[:]}
	add := func(asked bool, part string, values ...any) {
		if asked {
			parts, args = append(parts, part), append(args, values...)
		}
	}
	add(!q.Actor.IsZero(), `(e.actor = ? OR e.user_id = ?)`, q.Actor[:], q.Actor[:])
	add(q.Type != "", `instr(e.types, ?) > 0`, " "+string(q.Type)+" ")
	add(!q.ID.IsZero(), `instr(e.keys, ?) > 0`, store.IndexKey(q.ID))
	add(q.From != 0, `e.at >= ?`, int64(q.From))
	add(q.To != 0, `e.at < ?`, int64(q.To))
	add(q.FirstVersion != 0, `e.version >= ?`, int64(q.FirstVersion))
	add(q.LastVersion != 0, `e.version <= ?`, int64(q.LastVersion))
	return ` WHERE ` + strings.Join(parts, ` AND `), args
}

// scanEntries calls fn with the rows of a query for entryColumns and the ops of the change, decoded up to what the
// entry is about.
func (s *Store) scanEntries(
	ctx context.Context, query string, args []any, fn func(roster.Entry, []roster.Op) error,
) (err error) {
	rows, err := s.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, doc, err := scanEntry(rows)
		if err != nil {
			return err
		}
		var ops []roster.Op
		if doc != nil {
			if ops, err = store.DecodeRange(doc, e); err != nil {
				return err
			}
		}
		if err := fn(e, ops); err != nil {
			return err
		}
	}
	return rows.Err()
}

// scanEntry reads a row of entryColumns and the ops of the change, which count until the next row.
func scanEntry(rows *sql.Rows) (e roster.Entry, doc sql.RawBytes, err error) {
	var reason sql.NullString
	err = rows.Scan(&e.Seq, &e.Version, &e.At, scanID{&e.Actor}, scanID{&e.User}, &e.Name, scanID{&e.Request},
		&reason, &e.From, &e.To, scanBytes(e.Salt[:]), scanBytes(e.Prev[:]), scanBytes(e.Hash[:]), &e.Form,
		scanSeal{&e.NameSeal}, scanSeal{&e.ReasonSeal}, &doc)
	e.Reason = reason.String
	return e, doc, err
}

// scanBytes reads a column with just as many bytes.
type scanBytes []byte

// Scan implements [sql.Scanner].
func (s scanBytes) Scan(value any) error {
	b, ok := value.([]byte)
	if !ok || copy(s, b) != len(b) || len(b) != len(s) {
		return fmt.Errorf("%v does not have %d bytes", value, len(s))
	}
	return nil
}

// scanSeal reads a column of a seal.
type scanSeal struct{ seal *roster.TextSeal }

// Scan implements [sql.Scanner].
func (s scanSeal) Scan(value any) error {
	column, _ := value.([]byte)
	return store.ReadSeal(s.seal, column)
}
