package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
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

// tracer looks for a person in what is kept of an organization, maybe within a transaction.
type tracer struct {
	rows   func(fn func(pgx.Rows) error, query string, args ...any) error
	org    roster.ID
	person *audit.Person
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
	t := tracer{func(fn func(pgx.Rows) error, query string, args ...any) error {
		rows, err := conn.Query(ctx, query, args...)
		if err == nil {
			err = each(rows, fn)
		}
		return broken(conn.Conn(), err)
	}, org, audit.NewPerson(user, nil)}
	return t.all()
}

// one reads the row of a query, if there is one.
func (t *tracer) one(dest any, query string, args ...any) error {
	return t.rows(func(rows pgx.Rows) error { return rows.Scan(dest) }, query, args...)
}

// all looks everywhere.
func (t *tracer) all() (*roster.Traces, error) {
	traces := &roster.Traces{}
	err := t.one(&traces.Version, versionQuery, uid(t.org))
	if traces.Version == 0 {
		return traces, err
	}
	if err == nil {
		err = t.records()
	}
	if err == nil {
		traces.Versions, err = t.versions(0, traces.Version)
	}
	if err == nil {
		traces.Answers, traces.At, err = t.answers(0)
	}
	t.person.Known(traces)
	return traces, err
}

// records meets the person in the records: the history may not go back to when they were written.
func (t *tracer) records() error {
	return t.rows(func(rows pgx.Rows) error {
		var typ, doc string
		if err := rows.Scan(&typ, &doc); err != nil {
			return err
		}
		e, err := roster.DecodeEntity(roster.Type(typ), []byte(doc))
		t.person.Meet(e)
		return err
	}, personQuery, uid(t.org), uid(t.person.ID))
}

// versions returns the versions after one, up to another one, with something to erase, ascending. The person is known
// by all names from there on.
func (t *tracer) versions(after, last roster.Version) (found []roster.Version, err error) {
	const some = 2000 // of one query
	changes, entries, trimmed := []roster.Version(nil), []roster.Version(nil), []trimmedOps(nil)
	for from := after; from < last && err == nil; from += some {
		err = t.changes(from, min(from+some, last), func(v roster.Version, ops []audit.Op, about bool) {
			if about {
				changes = append(changes, v)
			} else if t.person.HasTrimmed(ops) {
				trimmed = append(trimmed, trimmedOps{v, ops})
			}
		})
	}
	if err == nil {
		entries, err = t.entries(after, last)
	}
	found = union(changes, entries)
	if err == nil {
		entries, err = t.salted(trimmed)
	}
	return union(found, entries), err
}

// trimmedOps are those of a change in which documents about the person were trimmed, or erased before.
type trimmedOps struct {
	version roster.Version
	ops     []audit.Op
}

// salted returns the versions of those changes of which there is still something to erase, as the salt of an entry.
func (t *tracer) salted(all []trimmedOps) (found []roster.Version, err error) {
	for _, c := range all {
		entries, err := t.entriesOf(c.version)
		if err != nil {
			return nil, err
		}
		erased, err := t.person.Erase(entries, c.ops)
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", c.version, err)
		}
		if erased {
			found = append(found, c.version)
		}
	}
	return found, nil
}

// union returns what is in either of two ascending lists, ascending.
func union(a, b []roster.Version) (all []roster.Version) {
	for len(a) > 0 || len(b) > 0 {
		next := &a
		if len(a) == 0 || len(b) > 0 && b[0] < a[0] {
			next = &b
		}
		if v := (*next)[0]; len(all) == 0 || all[len(all)-1] != v {
			all = append(all, v)
		}
		*next = (*next)[1:]
	}
	return all
}

// changes calls found with the changes that have the person's id, and whether they say something about the person.
func (t *tracer) changes(
	after, last roster.Version, found func(v roster.Version, ops []audit.Op, about bool),
) error {
	return t.rows(func(rows pgx.Rows) error {
		var version roster.Version
		var doc []byte
		if err := rows.Scan(&version, &doc); err != nil {
			return err
		}
		ops, err := audit.DecodeOps(doc)
		if err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
		about, err := t.person.Read(ops)
		if err == nil {
			found(version, ops, about)
		}
		return err
	}, tracedChanges, uid(t.org), int64(after), int64(last), t.person.ID.String())
}

// entries returns the versions of entries of the audit that name the person, ascending.
func (t *tracer) entries(after, last roster.Version) (found []roster.Version, err error) {
	const some = 5000
	first, err := t.firstEntry(after+1, 1)
	if err != nil {
		return nil, err
	}
	end, err := t.firstEntry(last+1, first)
	harmless := harmless{} // names, so that entries with them need not be looked at
	for from := first; from < end && err == nil; from += some {
		err = t.rows(func(rows pgx.Rows) error {
			e, err := scanTexts(rows)
			if err != nil {
				return err
			}
			if t.person.IsIn(&e) {
				found = append(found, e.Version)
			} else if !t.person.IsNamed(e.Name, false) {
				harmless.add(e.Name)
			}
			return nil
		}, tracedEntries, uid(t.org), from, min(from+some, end), uid(t.person.ID), []string(harmless))
	}
	return found, err
}

func scanTexts(rows pgx.Rows) (e roster.Entry, err error) {
	var reason pgtype.Text
	err = rows.Scan(&e.Seq, &e.Version, scanID{&e.Actor}, scanID{&e.User}, &e.Name, &reason)
	e.Reason = reason.String
	return e, err
}

// harmless are a few texts.
type harmless []string

func (h *harmless) add(text string) {
	const most = 100
	if len(*h) < most && (len(*h) == 0 || (*h)[len(*h)-1] != text) {
		*h = append(*h, text)
	}
}

// firstEntry returns the place of the first entry of a version or a later one, from a place on; that after the last
// entry where there is none.
func (t *tracer) firstEntry(version roster.Version, from int64) (int64, error) {
	var last int64
	if err := t.one(&last, lastSeqQuery, uid(t.org)); err != nil {
		return 0, err
	}
	low, high := from, last+1
	for low < high {
		middle := low + (high-low)/2
		var at roster.Version
		if err := t.one(&at, seqVersionQuery, uid(t.org), middle); err != nil {
			return 0, fmt.Errorf("look for entry %d of the audit: %w", middle, err)
		}
		if at < version {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// answers returns the keys of answers from a time on that tell of the person, and the time of the last answer.
func (t *tracer) answers(since roster.Time) (keys []roster.Digest, last roster.Time, err error) {
	if err := t.one(&last, lastAnswerQuery, uid(t.org)); err != nil {
		return nil, 0, err
	}
	query, args := answersQuery(t.org, since, t.person.Texts())
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
