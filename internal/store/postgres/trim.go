package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// What trimming reads and writes.
const (
	trimFrom   = `SELECT trimmed_to, trimmed_seq FROM organizations WHERE id = $1`
	trimChange = `UPDATE changes SET ops = $3 WHERE org_id = $1 AND version = $2 AND ops = $4`
	trimTo     = `UPDATE organizations SET trimmed_to = $2, trimmed_seq = $3 WHERE id = $1 AND trimmed_to = $4`
	trimReads  = `SELECT version, ops FROM changes WHERE org_id = $1 AND version > $2 AND version <= $3
		ORDER BY version LIMIT $4`
	trimEntries = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = $1 AND e.seq > $2 ORDER BY e.seq`
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

// errMoved says that what was read has changed meanwhile.
var errMoved = errors.New("what was read has changed")

// Trim implements [store.Store]. Most of the work is done while others may write; where what was read has changed
// meanwhile, it is left for the next time.
func (s *Store) Trim(ctx context.Context, org roster.ID, upTo roster.Version) (since roster.Version, err error) {
	t := &trimming{org: org}
	err = s.ask(ctx, org, func() error { return s.readTrimming(ctx, t, upTo) })
	if err != nil || len(t.changes) == 0 {
		return t.from, err
	}
	if err := s.enter(ctx); err != nil {
		return t.from, err
	}
	defer s.gate.Leave()
	err = s.transact(ctx, org, t.write, notKnown)
	switch {
	case errors.Is(err, errMoved):
		return t.from, nil
	case err != nil:
		return t.from, readError(ctx, fmt.Sprintf("trim the history of %s", org), err)
	default:
		return t.changes[len(t.changes)-1].version, nil
	}
}

// write writes what was read and trimmed, unless something of it has changed since.
func (t *trimming) write(tx *transaction) error {
	if err := tx.lock(); err != nil {
		return err
	}
	steps := make([]step, 0, len(t.changes)+1)
	for _, c := range t.changes {
		steps = append(steps, step{
			query: trimChange, args: []any{uid(t.org), int64(c.version), c.new, c.old}, must: errMoved,
		})
	}
	last := t.changes[len(t.changes)-1].version
	steps = append(steps, step{
		query: trimTo, args: []any{uid(t.org), int64(last), t.seq, int64(t.from)}, must: errMoved,
	})
	return tx.send(steps, false)
}

// readTrimming reads the next part of the history that is to be trimmed, and trims it.
func (s *Store) readTrimming(ctx context.Context, t *trimming, upTo roster.Version) error {
	if err := s.queryRow(ctx, []any{&t.from, &t.seq}, trimFrom, uid(t.org)); err != nil {
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

// errEnough ends a query early.
var errEnough = errors.New("enough was read")

func (s *Store) readChanges(ctx context.Context, t *trimming, upTo roster.Version) error {
	size := 0
	err := s.query(ctx, func(rows pgx.Rows) error {
		var c trimmedChange
		if size >= trimBytes {
			return errEnough
		}
		err := rows.Scan(&c.version, &c.old)
		t.changes, size = append(t.changes, c), size+len(c.old)
		return err
	}, trimReads, uid(t.org), int64(t.from), int64(upTo), trimChanges)
	return unlessEnough(err)
}

func unlessEnough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// entriesOf returns the audit entries about the changes, by their versions. Entries are in the order of versions.
func (s *Store) entriesOf(ctx context.Context, t *trimming) (map[roster.Version][]roster.Entry, error) {
	last, found := t.changes[len(t.changes)-1].version, map[roster.Version][]roster.Entry{}
	err := s.scanEntries(ctx, trimEntries, []any{uid(t.org), t.seq}, func(e roster.Entry, _ []roster.Op) error {
		if e.Version > last {
			return errEnough
		}
		found[e.Version], t.seq = append(found[e.Version], e), e.Seq
		return nil
	})
	return found, unlessEnough(err)
}
