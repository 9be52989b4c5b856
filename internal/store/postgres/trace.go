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

// What a person is looked for with.
const (
	personQuery = `SELECT type, doc FROM entities
		WHERE org_id = $1 AND type IN ('user', 'deleted_user') AND id = $2`
	tracedChanges = `SELECT version, ops FROM changes
		WHERE org_id = $1 AND version > $2 AND version <= $3 AND strpos(ops, $4) > 0 ORDER BY version`
	tracedEntries = `SELECT seq, version, actor, user_id, name, reason FROM audit_entries
		WHERE org_id = $1 AND seq >= $2 AND seq < $3
			AND (reason IS NOT NULL OR actor = $4 OR user_id = $4 OR name <> ALL($5::text[]))
		ORDER BY seq`
	lastSeqQuery    = `SELECT coalesce(max(seq), 0) FROM audit_entries WHERE org_id = $1`
	seqVersionQuery = `SELECT version FROM audit_entries WHERE org_id = $1 AND seq = $2`
	lastAnswerQuery = `SELECT coalesce(max(at), 0) FROM answers WHERE org_id = $1`
)

// traced is a [store.Traced], maybe within a transaction.
type traced struct {
	rows func(fn func(pgx.Rows) error, query string, args ...any) error
	org  roster.ID
}

// Traces implements [store.Eraser].
func (s *Store) Traces(ctx context.Context, org, user roster.ID) (*roster.Traces, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	traces, err := s.traces(ctx, org, user)
	if isStale(err) { // as in onReader
		s.readers.Reset()
		traces, err = s.traces(ctx, org, user)
	}
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("look for traces of user %s in organization %s", user, org), err)
	}
	return traces, nil
}

// traces looks at one moment, for as long as it takes: a history may be large.
func (s *Store) traces(ctx context.Context, org, user roster.ID) (*roster.Traces, error) {
	conn, err := s.readers.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer endSnapshot(ctx, conn)
	for _, query := range []string{beginRead, noTimeout} {
		if _, err := conn.Exec(ctx, query); err != nil {
			return nil, broken(conn.Conn(), err)
		}
	}
	return store.FindTraces(&traced{func(fn func(pgx.Rows) error, query string, args ...any) error {
		rows, err := conn.Query(ctx, query, args...)
		if err == nil {
			err = each(rows, fn)
		}
		return broken(conn.Conn(), err)
	}, org}, user)
}

// one reads the row of a query, if there is one.
func (t *traced) one(dest any, query string, args ...any) error {
	return t.rows(func(rows pgx.Rows) error { return rows.Scan(dest) }, query, args...)
}

// Version implements [store.Traced].
func (t *traced) Version() (v roster.Version, err error) {
	err = t.one(&v, versionQuery, uid(t.org))
	return v, err
}

// Records implements [store.Traced].
func (t *traced) Records(user roster.ID, fn func(roster.Entity)) error {
	return t.rows(func(rows pgx.Rows) error {
		var typ, doc string
		if err := rows.Scan(&typ, &doc); err != nil {
			return err
		}
		e, err := roster.DecodeEntity(roster.Type(typ), []byte(doc))
		if err == nil {
			fn(e)
		}
		return err
	}, personQuery, uid(t.org), uid(user))
}

// Changes implements [store.Traced].
func (t *traced) Changes(after, last roster.Version, text string, fn func(roster.Version, []byte) error) error {
	return t.rows(func(rows pgx.Rows) error {
		var version roster.Version
		var doc []byte
		if err := rows.Scan(&version, (*pgtype.DriverBytes)(&doc)); err != nil {
			return err
		}
		return fn(version, doc)
	}, tracedChanges, uid(t.org), int64(after), int64(last), text)
}

// LastEntry implements [store.Audited].
func (t *traced) LastEntry() (seq int64, err error) {
	err = t.one(&seq, lastSeqQuery, uid(t.org))
	return seq, err
}

// VersionOf implements [store.Audited].
func (t *traced) VersionOf(seq int64) (v roster.Version, err error) {
	err = t.one(&v, seqVersionQuery, uid(t.org), seq)
	return v, err
}

// Names implements [store.Audited].
func (t *traced) Names(from, to int64, user roster.ID, but []string, fn func(*roster.Entry)) error {
	return t.rows(func(rows pgx.Rows) error {
		var e roster.Entry
		var reason pgtype.Text
		err := rows.Scan(&e.Seq, &e.Version, scanID{&e.Actor}, scanID{&e.User}, &e.Name, &reason)
		if e.Reason = reason.String; err == nil {
			fn(&e)
		}
		return err
	}, tracedEntries, uid(t.org), from, to, uid(user), append([]string{}, but...))
}

// Between implements [store.Audited].
func (t *traced) Between(from, to int64) (entries []roster.Entry, err error) {
	err = t.rows(func(rows pgx.Rows) error {
		e, _, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	}, entriesBetween, uid(t.org), from, to)
	return entries, err
}

// Answers implements [store.Traced].
func (t *traced) Answers(since roster.Time, texts []string) (keys []roster.Digest, last roster.Time, err error) {
	if err := t.one(&last, lastAnswerQuery, uid(t.org)); err != nil {
		return nil, 0, err
	}
	query, args := answersQuery(t.org, since, texts)
	err = t.rows(func(rows pgx.Rows) error {
		var key roster.Digest
		err := rows.Scan(scanBytes(key[:]))
		keys = append(keys, key)
		return err
	}, query, args...)
	return keys, last, err
}

// answersQuery asks for the answers that have one of some texts.
func answersQuery(org roster.ID, since roster.Time, texts []string) (query string, args []any) {
	args = []any{uid(org), int64(since)}
	tells := []string{`FALSE`}
	for _, text := range texts {
		args = append(args, []byte(text))
		tells = append(tells, `position($`+strconv.Itoa(len(args))+`::bytea IN content) > 0`)
	}
	return `SELECT key FROM answers WHERE org_id = $1 AND at >= $2 AND (` + strings.Join(tells, " OR ") + `)`, args
}
