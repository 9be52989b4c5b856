package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// tracer looks for a person in what is kept of an organization. Its connection may be that of a transaction.
type tracer struct {
	ctx    context.Context // of the call that made the tracer
	db     querier
	org    roster.ID
	person *audit.Person
}

// Traces implements [store.Eraser].
func (s *Store) Traces(ctx context.Context, org, user roster.ID) (*roster.Traces, error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	t := tracer{ctx, s.readers, org, audit.NewPerson(user, nil)}
	traces, err := t.all()
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("look for traces of user %s in organization %s", user, org), err)
	}
	return traces, nil
}

// all looks everywhere.
func (t *tracer) all() (*roster.Traces, error) {
	traces := &roster.Traces{}
	const query = `SELECT version FROM organizations WHERE id = ?`
	err := t.db.QueryRowContext(t.ctx, query, t.org[:]).Scan(&traces.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return traces, nil
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

// rows calls fn with each row of a query.
func (t *tracer) rows(fn func(*sql.Rows) error, query string, args ...any) error {
	return eachRow(t.ctx, t.db, fn, query, args...)
}

// records meets the person in the records: the history may not go back to when they were written.
func (t *tracer) records() error {
	const query = `SELECT e.type, e.doc FROM collections AS c JOIN entities AS e ON e.collection = c.id
		WHERE c.org_id = ? AND c.type IN ('user', 'deleted_user') AND e.id = ?`
	return t.rows(func(rows *sql.Rows) error {
		var typ, doc string
		if err := rows.Scan(&typ, &doc); err != nil {
			return err
		}
		e, err := roster.DecodeEntity(roster.Type(typ), []byte(doc))
		t.person.Meet(e)
		return err
	}, query, t.org[:], t.person.ID[:])
}

// versions returns the versions after one, up to another one, with something to erase, ascending. The person is known
// by all names from there on.
func (t *tracer) versions(after, last roster.Version) (found []roster.Version, err error) {
	const some = 2000 // of one query, which keeps the log from being begun anew
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
	const query = `SELECT version, ops FROM changes
		WHERE org_id = ? AND version > ? AND version <= ? AND instr(ops, ?) > 0 ORDER BY version`
	return t.rows(func(rows *sql.Rows) error {
		var version roster.Version
		var doc sql.RawBytes
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
	}, query, t.org[:], int64(after), int64(last), t.person.ID.String())
}

// entries returns the versions of entries of the audit that name the person, ascending.
func (t *tracer) entries(after, last roster.Version) (found []roster.Version, err error) {
	const some = 5000
	query := `SELECT seq, version, actor, user_id, name, reason FROM audit_entries WHERE org_id = ? AND seq >= ? AND
		seq < ? AND (reason IS NOT NULL OR actor = ? OR user_id = ? OR name NOT IN (SELECT value FROM json_each(?)))
		ORDER BY seq`
	first, err := t.firstEntry(after+1, 1)
	if err != nil {
		return nil, err
	}
	end, err := t.firstEntry(last+1, first)
	harmless := harmless{} // names, so that entries with them need not be looked at
	for from := first; from < end && err == nil; from += some {
		err = t.rows(func(rows *sql.Rows) error {
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
		}, query, t.org[:], from, min(from+some, end), t.person.ID[:], t.person.ID[:], harmless.json())
	}
	return found, err
}

func scanTexts(rows *sql.Rows) (e roster.Entry, err error) {
	var reason sql.NullString
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

func (h harmless) json() string {
	doc, err := json.Marshal([]string(h))
	if err != nil || h == nil {
		return "[]"
	}
	return string(doc)
}

// firstEntry returns the place of the first entry of a version or a later one, from a place on; that after the last
// entry where there is none.
func (t *tracer) firstEntry(version roster.Version, from int64) (int64, error) {
	var last sql.NullInt64
	const query = `SELECT max(seq) FROM audit_entries WHERE org_id = ?`
	if err := t.db.QueryRowContext(t.ctx, query, t.org[:]).Scan(&last); err != nil {
		return 0, err
	}
	low, high := from, last.Int64+1
	for low < high {
		middle := low + (high-low)/2
		var at roster.Version
		const query = `SELECT version FROM audit_entries WHERE org_id = ? AND seq = ?`
		if err := t.db.QueryRowContext(t.ctx, query, t.org[:], middle).Scan(&at); err != nil {
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
	const query = `SELECT coalesce(max(at), 0) FROM answers WHERE org_id = ?`
	if err := t.db.QueryRowContext(t.ctx, query, t.org[:]).Scan(&last); err != nil {
		return nil, 0, err
	}
	args := []any{t.org[:], int64(since)}
	var tells []string
	for _, text := range t.person.Texts() {
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
