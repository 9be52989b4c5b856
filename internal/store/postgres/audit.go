package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

const (
	entryColumns = `e.seq, e.version, e.at, e.actor, e.user_id, e.name, e.request, e.reason, e.op_from, e.op_to,
	e.salt, e.prev, e.hash, e.form, e.name_seal, e.reason_seal`
	insertEntry = `INSERT INTO audit_entries (org_id, seq, version, at, actor, user_id, name, request, reason,
		op_from, op_to, types, keys, salt, prev, hash, form)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
)

// entrySteps chains the entries of the change to those that there are, and returns the steps that write them.
func (u *update) entrySteps(enc store.Encoded) (steps []step, err error) {
	entries := u.change.Entries
	if len(entries) == 0 {
		return nil, nil
	}
	contents := store.NewContents(entries)
	contents.Add(u.change.Ops, enc)
	if err := store.Seal(&u.change, contents, u.last); err != nil {
		return nil, err
	}
	if len(entries) >= rowsToCopy {
		return []step{{rows: pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
			return u.entry(&entries[i]), nil
		}), query: "audit_entries", columns: []string{
			"org_id", "seq", "version", "at", "actor", "user_id", "name", "request", "reason", "op_from", "op_to",
			"types", "keys", "salt", "prev", "hash", "form",
		}}}, nil
	}
	for i := range entries {
		steps = append(steps, step{query: insertEntry, args: u.entry(&entries[i])})
	}
	return steps, nil
}

// entry returns the columns of an entry in the order of the statement insertEntry.
func (u *update) entry(e *roster.Entry) []any {
	types, keys := store.Index(&u.change, e)
	return []any{
		uid(u.org), e.Seq, int64(e.Version), int64(e.At), uidOrNull(e.Actor), uidOrNull(e.User), e.Name,
		uidOrNull(e.Request), orNull(e.Reason), e.From, e.To, types, keys, e.Salt[:], e.Prev[:], e.Hash[:],
		int64(e.Form),
	}
}

// Entries implements [store.Store]. It reads a page at a time: fn may call the store.
func (s *Store) Entries(
	ctx context.Context, org roster.ID, q roster.EntryQuery, fn func(roster.Entry, []roster.Op) error,
) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	query, args := entriesQuery(org, q)
	var failed error
	err := s.scanEntries(ctx, query, args, func(e roster.Entry, ops []roster.Op) error {
		failed = fn(e, ops)
		return failed
	})
	if failed != nil || err == nil {
		return failed
	}
	return readError(ctx, fmt.Sprintf("read the audit of %s", org), err)
}

func entriesQuery(org roster.ID, q roster.EntryQuery) (query string, args []any) {
	ops, join := `NULL`, ``
	if q.Ops {
		ops, join = `c.ops`, ` JOIN changes AS c ON c.org_id = e.org_id AND c.version = e.version`
	}
	where, args := entryFilter(org, q, q.Before)
	args = append(args, q.Limit)
	return `SELECT ` + entryColumns + `, ` + ops + ` FROM audit_entries AS e` + join + where +
		` ORDER BY e.seq DESC LIMIT $` + strconv.Itoa(len(args)), args
}

// CountEntries implements [store.Store].
func (s *Store) CountEntries(ctx context.Context, org roster.ID, q roster.EntryQuery) (n int, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	where, args := entryFilter(org, q, 0)
	err = s.queryRow(ctx, []any{&n}, `SELECT count(*) FROM audit_entries AS e`+where, args...)
	if err != nil {
		return 0, readError(ctx, fmt.Sprintf("count the audit of %s", org), err)
	}
	return n, nil
}

// entryFilter returns the condition of a query, before a place unless that is 0, and what its parameters are.
func entryFilter(org roster.ID, q roster.EntryQuery, before int64) (where string, args []any) {
	parts := []string{`e.org_id = $1`}
	args = []any{uid(org)}
	add := func(asked bool, part string, value any) {
		if asked {
			args = append(args, value)
			parts = append(parts, strings.ReplaceAll(part, "?", "$"+strconv.Itoa(len(args))))
		}
	}
	add(!q.Actor.IsZero(), `(e.actor = ? OR e.user_id = ?)`, uid(q.Actor))
	add(q.Type != "", `strpos(e.types, ?) > 0`, " "+string(q.Type)+" ")
	add(!q.ID.IsZero(), `position(?::bytea IN e.keys) > 0`, store.IndexKey(q.ID))
	add(q.From != 0, `e.at >= ?`, int64(q.From))
	add(q.To != 0, `e.at < ?`, int64(q.To))
	add(q.FirstVersion != 0, `e.version >= ?`, int64(q.FirstVersion))
	add(q.LastVersion != 0, `e.version <= ?`, int64(q.LastVersion))
	add(before > 0, `e.seq < ?`, before)
	return ` WHERE ` + strings.Join(parts, ` AND `), args
}

// scanEntries calls fn with the rows of a query for entryColumns and the ops of the change, decoded up to what the
// entry is about.
func (s *Store) scanEntries(
	ctx context.Context, query string, args []any, fn func(roster.Entry, []roster.Op) error,
) (err error) {
	return s.query(ctx, func(rows pgx.Rows) error {
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
		return fn(e, ops)
	}, query, args...)
}

// scanEntry reads a row of entryColumns and the ops of the change, which count until the next row.
func scanEntry(rows pgx.Rows) (e roster.Entry, doc []byte, err error) {
	var reason pgtype.Text
	var name, reasonSeal []byte
	err = rows.Scan(&e.Seq, &e.Version, &e.At, scanID{&e.Actor}, scanID{&e.User}, &e.Name, scanID{&e.Request},
		&reason, &e.From, &e.To, scanBytes(e.Salt[:]), scanBytes(e.Prev[:]), scanBytes(e.Hash[:]), &e.Form,
		&name, &reasonSeal, (*pgtype.DriverBytes)(&doc))
	if err == nil {
		err = store.ReadSeal(&e.NameSeal, name)
	}
	if err == nil {
		err = store.ReadSeal(&e.ReasonSeal, reasonSeal)
	}
	e.Reason = reason.String
	return e, doc, err
}
