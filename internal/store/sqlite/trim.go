package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// trimming is a part of the history that is being trimmed.
type trimming struct {
	org     roster.ID
	from    roster.Version // what the history is trimmed to before
	changes []trimmedChange
	seq     int64 // the last entry about the changes, or what trimmed_seq was before
}

// trimmedChange is the ops of a change as they are kept, and as they are to be.
type trimmedChange struct {
	version  roster.Version
	old, new []byte
}

// trimBytes is about how much of the history one transaction trims: it takes a few milliseconds.
const trimBytes, trimChanges = 1 << 20, 500

// Trim implements [store.Store]. Most of the work is done while others may write; where what was read has changed
// meanwhile, it is left for the next time.
func (s *Store) Trim(ctx context.Context, org roster.ID, upTo roster.Version) (since roster.Version, err error) {
	t := &trimming{org: org}
	err = s.ask(ctx, org, func() error { return s.readTrimming(ctx, t, upTo) })
	if err != nil || len(t.changes) == 0 {
		return t.from, err
	}
	done, err := s.write(ctx)
	if err != nil {
		return t.from, err
	}
	defer done()
	quiet := context.WithoutCancel(ctx)
	since = t.from
	err = s.writer.transact(quiet, func() (commit bool, err error) {
		commit, err = s.writer.trim(quiet, t)
		if commit && err == nil {
			since = t.changes[len(t.changes)-1].version
		}
		return commit, errors.Join(err, ctx.Err())
	})
	if err != nil {
		return t.from, readError(ctx, fmt.Sprintf("trim the history of %s", org), err)
	}
	return since, nil
}

// trim writes what was read and trimmed, unless something of it has changed since.
func (w *writer) trim(ctx context.Context, t *trimming) (commit bool, err error) {
	for _, c := range t.changes {
		const query = `UPDATE changes SET ops = ? WHERE org_id = ? AND version = ? AND ops = ?`
		n, err := affected(w.conn.ExecContext(ctx, query, string(c.new), t.org[:], int64(c.version), string(c.old)))
		if n == 0 || err != nil {
			return false, err
		}
	}
	const query = `UPDATE organizations SET trimmed_to = ?, trimmed_seq = ? WHERE id = ? AND trimmed_to = ?`
	last := t.changes[len(t.changes)-1].version
	n, err := affected(w.conn.ExecContext(ctx, query, int64(last), t.seq, t.org[:], int64(t.from)))
	return n > 0, err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// readTrimming reads the next part of the history that is to be trimmed, and trims it.
func (s *Store) readTrimming(ctx context.Context, t *trimming, upTo roster.Version) error {
	const query = `SELECT trimmed_to, trimmed_seq FROM organizations WHERE id = ?`
	if err := s.readers.QueryRowContext(ctx, query, t.org[:]).Scan(&t.from, &t.seq); err != nil {
		return err
	}
	if err := s.readChanges(ctx, t, upTo); err != nil || len(t.changes) == 0 {
		return err
	}
	entries, err := s.entriesOf(ctx, t)
	if err != nil {
		return err
	}
	for i := range t.changes {
		c := &t.changes[i]
		ops, err := audit.DecodeOps(c.old)
		if err == nil {
			err = audit.Trim(entries[c.version], ops)
		}
		if err == nil {
			c.new, err = audit.EncodeOps(ops)
		}
		if err != nil {
			return fmt.Errorf("trim the change to version %d: %w", c.version, err)
		}
	}
	return nil
}

func (s *Store) readChanges(ctx context.Context, t *trimming, upTo roster.Version) (err error) {
	const query = `SELECT version, ops FROM changes WHERE org_id = ? AND version > ? AND version <= ?
		ORDER BY version LIMIT ?`
	rows, err := s.readers.QueryContext(ctx, query, t.org[:], int64(t.from), int64(upTo), trimChanges)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for size := 0; size < trimBytes && rows.Next(); {
		var c trimmedChange
		if err := rows.Scan(&c.version, &c.old); err != nil {
			return err
		}
		t.changes, size = append(t.changes, c), size+len(c.old)
	}
	return rows.Err()
}

// entriesOf returns the audit entries about the changes, by their versions. Entries are in the order of versions.
func (s *Store) entriesOf(ctx context.Context, t *trimming) (map[roster.Version][]roster.Entry, error) {
	const query = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = ? AND e.seq > ? ORDER BY e.seq`
	last, found := t.changes[len(t.changes)-1].version, map[roster.Version][]roster.Entry{}
	enough := errors.New("the next entry is about a later change")
	err := s.scanEntries(ctx, query, []any{t.org[:], t.seq}, func(e roster.Entry, _ []roster.Op) error {
		if e.Version > last {
			return enough
		}
		found[e.Version], t.seq = append(found[e.Version], e), e.Seq
		return nil
	})
	if errors.Is(err, enough) {
		err = nil
	}
	return found, err
}
