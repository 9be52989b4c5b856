package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// traced is a [store.Traced]. Its connection may be that of a transaction.
type traced struct {
	ctx context.Context // of the call that made it
	db  querier
	org roster.ID
}

// Traces implements [store.Eraser].
func (s *Store) Traces(ctx context.Context, org, user roster.ID) (*roster.Traces, error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	traces, err := store.FindTraces(&traced{ctx, s.readers, org}, user)
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("look for traces of user %s in organization %s", user, org), err)
	}
	return traces, nil
}

// rows calls fn with each row of a query.
func (t *traced) rows(fn func(*sql.Rows) error, query string, args ...any) error {
	return eachRow(t.ctx, t.db, fn, query, args...)
}

// one reads the row of a query.
func (t *traced) one(dest any, query string, args ...any) error {
	return t.db.QueryRowContext(t.ctx, query, args...).Scan(dest)
}

// Version implements [store.Traced].
func (t *traced) Version() (v roster.Version, err error) {
	err = t.one(&v, `SELECT version FROM organizations WHERE id = ?`, t.org[:])
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

// Records implements [store.Traced].
func (t *traced) Records(user roster.ID, fn func(roster.Entity)) error {
	const query = `SELECT e.type, e.doc FROM collections AS c JOIN entities AS e ON e.collection = c.id
		WHERE c.org_id = ? AND c.type IN ('user', 'deleted_user') AND e.id = ?`
	return t.rows(func(rows *sql.Rows) error {
		var typ, doc string
		if err := rows.Scan(&typ, &doc); err != nil {
			return err
		}
		e, err := roster.DecodeEntity(roster.Type(typ), []byte(doc))
		if err == nil {
			fn(e)
		}
		return err
	}, query, t.org[:], user[:])
}

// Changes implements [store.Traced].
func (t *traced) Changes(after, last roster.Version, text string, fn func(roster.Version, []byte) error) error {
	const query = `SELECT version, ops FROM changes
		WHERE org_id = ? AND version > ? AND version <= ? AND instr(ops, ?) > 0 ORDER BY version`
	return t.rows(func(rows *sql.Rows) error {
		var version roster.Version
		var doc sql.RawBytes
		if err := rows.Scan(&version, &doc); err != nil {
			return err
		}
		return fn(version, doc)
	}, query, t.org[:], int64(after), int64(last), text)
}

// LastEntry implements [store.Audited].
func (t *traced) LastEntry() (seq int64, err error) {
	err = t.one(&seq, `SELECT coalesce(max(seq), 0) FROM audit_entries WHERE org_id = ?`, t.org[:])
	return seq, err
}

// VersionOf implements [store.Audited].
func (t *traced) VersionOf(seq int64) (v roster.Version, err error) {
	err = t.one(&v, `SELECT version FROM audit_entries WHERE org_id = ? AND seq = ?`, t.org[:], seq)
	return v, err
}

// Names implements [store.Audited].
func (t *traced) Names(from, to int64, user roster.ID, but []string, fn func(*roster.Entry)) error {
	const query = `SELECT seq, version, actor, user_id, name, reason FROM audit_entries WHERE org_id = ? AND seq >= ?
		AND seq < ? AND (reason IS NOT NULL OR actor = ? OR user_id = ? OR name NOT IN (SELECT value FROM json_each(?)))
		ORDER BY seq`
	names, err := json.Marshal(append([]string{}, but...))
	if err != nil {
		return fmt.Errorf("encode names: %w", err)
	}
	return t.rows(func(rows *sql.Rows) error {
		var e roster.Entry
		var reason sql.NullString
		err := rows.Scan(&e.Seq, &e.Version, scanID{&e.Actor}, scanID{&e.User}, &e.Name, &reason)
		if e.Reason = reason.String; err == nil {
			fn(&e)
		}
		return err
	}, query, t.org[:], from, to, user[:], user[:], string(names))
}

// Between implements [store.Audited].
func (t *traced) Between(from, to int64) (entries []roster.Entry, err error) {
	const query = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = ? AND e.seq >= ? AND e.seq < ? ORDER BY e.seq`
	err = t.rows(func(rows *sql.Rows) error {
		e, _, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	}, query, t.org[:], from, to)
	return entries, err
}

// Answers implements [store.Traced].
func (t *traced) Answers(since roster.Time, texts []string) (keys []roster.Digest, last roster.Time, err error) {
	if err := t.one(&last, `SELECT coalesce(max(at), 0) FROM answers WHERE org_id = ?`, t.org[:]); err != nil {
		return nil, 0, err
	}
	args := []any{t.org[:], int64(since)}
	tells := []string{`FALSE`}
	for _, text := range texts {
		tells, args = append(tells, `instr(content, ?) > 0`), append(args, []byte(text))
	}
	err = t.rows(func(rows *sql.Rows) error {
		var key roster.Digest
		err := rows.Scan(scanBytes(key[:]))
		keys = append(keys, key)
		return err
	}, `SELECT key FROM answers WHERE org_id = ? AND at >= ? AND (`+strings.Join(tells, " OR ")+`)`, args...)
	return keys, last, err
}
