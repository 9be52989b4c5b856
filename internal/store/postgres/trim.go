package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
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

// errMoved says that what was read has changed meanwhile.
var errMoved = errors.New("what was read has changed")

// Trim implements [store.Store]. Most of the work is done while others may write; where what was read has changed
// meanwhile, it is left for the next time.
func (s *Store) Trim(ctx context.Context, org roster.ID, upTo roster.Version) (since roster.Version, err error) {
	part := &store.Trimming{}
	err = s.ask(ctx, org, func() error { return s.readTrimming(ctx, org, part, upTo) })
	if err != nil || len(part.Changes) == 0 {
		return part.From, err
	}
	if err := s.enter(ctx); err != nil {
		return part.From, err
	}
	defer s.gate.Leave()
	err = s.transact(ctx, org, func(tx *transaction) error { return tx.trim(part) }, notKnown)
	switch {
	case errors.Is(err, errMoved):
		return part.From, nil
	case err != nil:
		return part.From, readError(ctx, fmt.Sprintf("trim the history of %s", org), err)
	default:
		return part.Last(), nil
	}
}

// trim writes what was read and trimmed, unless something of it has changed since.
func (t *transaction) trim(part *store.Trimming) error {
	if err := t.lock(); err != nil {
		return err
	}
	steps := make([]step, 0, len(part.Changes)+1)
	for _, c := range part.Changes {
		steps = append(steps, step{
			query: trimChange, args: []any{uid(t.org), int64(c.Version), c.New, c.Old}, must: errMoved,
		})
	}
	steps = append(steps, step{
		query: trimTo, args: []any{uid(t.org), int64(part.Last()), part.Seq, int64(part.From)}, must: errMoved,
	})
	return t.send(steps, false)
}

// readTrimming reads the next part of the history that is to be trimmed, and trims it.
func (s *Store) readTrimming(ctx context.Context, org roster.ID, t *store.Trimming, upTo roster.Version) error {
	if err := s.queryRow(ctx, []any{&t.From, &t.Seq}, trimFrom, uid(org)); err != nil {
		return err
	}
	err := s.query(ctx, func(rows pgx.Rows) error {
		var v roster.Version
		var ops []byte
		if err := rows.Scan(&v, &ops); err != nil {
			return err
		}
		return t.Add(v, ops)
	}, trimReads, uid(org), int64(t.From), int64(upTo), store.TrimChanges)
	if err = store.UnlessEnough(err); err != nil || len(t.Changes) == 0 {
		return err
	}
	err = s.scanEntries(ctx, trimEntries, []any{uid(org), t.Seq}, func(e roster.Entry, _ []roster.Op) error {
		return t.AddEntry(e)
	})
	if err = store.UnlessEnough(err); err != nil {
		return err
	}
	return t.Trim()
}
