package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Trim implements [store.Store]. Most of the work is done while others may write; where what was read has changed
// meanwhile, it is left for the next time.
func (s *Store) Trim(ctx context.Context, org roster.ID, upTo roster.Version) (since roster.Version, err error) {
	t := &store.Trimming{}
	err = s.ask(ctx, org, func() error { return s.readTrimming(ctx, org, t, upTo) })
	if err != nil || len(t.Changes) == 0 {
		return t.From, err
	}
	done, err := s.write(ctx)
	if err != nil {
		return t.From, err
	}
	defer done()
	quiet := context.WithoutCancel(ctx)
	since = t.From
	err = s.writer.transact(quiet, func() (commit bool, err error) {
		commit, err = s.writer.trim(quiet, org, t)
		if commit && err == nil {
			since = t.Last()
		}
		return commit, errors.Join(err, ctx.Err())
	})
	if err != nil {
		return t.From, readError(ctx, fmt.Sprintf("trim the history of %s", org), err)
	}
	return since, nil
}

// trim writes what was read and trimmed, unless something of it has changed since.
func (w *writer) trim(ctx context.Context, org roster.ID, t *store.Trimming) (commit bool, err error) {
	for _, c := range t.Changes {
		const query = `UPDATE changes SET ops = ? WHERE org_id = ? AND version = ? AND ops = ?`
		n, err := affected(w.conn.ExecContext(ctx, query, string(c.New), org[:], int64(c.Version), string(c.Old)))
		if n == 0 || err != nil {
			return false, err
		}
	}
	const query = `UPDATE organizations SET trimmed_to = ?, trimmed_seq = ? WHERE id = ? AND trimmed_to = ?`
	n, err := affected(w.conn.ExecContext(ctx, query, int64(t.Last()), t.Seq, org[:], int64(t.From)))
	return n > 0, err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// readTrimming reads the next part of the history that is to be trimmed, and trims it.
func (s *Store) readTrimming(ctx context.Context, org roster.ID, t *store.Trimming, upTo roster.Version) error {
	const from = `SELECT trimmed_to, trimmed_seq FROM organizations WHERE id = ?`
	if err := s.readers.QueryRowContext(ctx, from, org[:]).Scan(&t.From, &t.Seq); err != nil {
		return err
	}
	const changes = `SELECT version, ops FROM changes WHERE org_id = ? AND version > ? AND version <= ?
		ORDER BY version LIMIT ?`
	err := eachRow(ctx, s.readers, func(rows *sql.Rows) error {
		var v roster.Version
		var ops []byte
		if err := rows.Scan(&v, &ops); err != nil {
			return err
		}
		return t.Add(v, ops)
	}, changes, org[:], int64(t.From), int64(upTo), store.TrimChanges)
	if err = store.UnlessEnough(err); err != nil || len(t.Changes) == 0 {
		return err
	}
	const entries = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = ? AND e.seq > ? ORDER BY e.seq`
	err = s.scanEntries(ctx, entries, []any{org[:], t.Seq}, func(e roster.Entry, _ []roster.Op) error {
		return t.AddEntry(e)
	})
	if err = store.UnlessEnough(err); err != nil {
		return err
	}
	return t.Trim()
}
