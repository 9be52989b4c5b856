package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Since implements [store.Store].
func (s *Store) Since(ctx context.Context, org roster.ID) (since roster.Version, err error) {
	err = s.ask(ctx, org, func() error {
		const query = `SELECT trimmed_to FROM organizations WHERE id = ?`
		return s.readers.QueryRowContext(ctx, query, org[:]).Scan(&since)
	})
	return since, err
}

// ask reads something about an organization, which does not exist where there are no rows.
func (s *Store) ask(ctx context.Context, org roster.ID, read func() error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	err := read()
	if errors.Is(err, sql.ErrNoRows) {
		return store.NoOrg(org)
	}
	if err != nil {
		return readError(ctx, fmt.Sprintf("read the history of %s", org), err)
	}
	return nil
}

// VersionAt implements [store.Store].
func (s *Store) VersionAt(ctx context.Context, org roster.ID, at roster.Time) (found roster.Version, err error) {
	err = s.ask(ctx, org, func() error {
		var last roster.Version
		err := s.readers.QueryRowContext(ctx, `SELECT version FROM organizations WHERE id = ?`, org[:]).Scan(&last)
		if err != nil {
			return err
		}
		found, err = store.VersionAt(last, at, func(v roster.Version) (made roster.Time, err error) {
			const query = `SELECT at FROM changes WHERE org_id = ? AND version = ?`
			return made, s.readers.QueryRowContext(ctx, query, org[:], int64(v)).Scan(&made)
		})
		return err
	})
	return found, err
}

// History implements [store.Store].
func (s *Store) History(ctx context.Context, org roster.ID) (info roster.HistoryInfo, err error) {
	err = s.ask(ctx, org, func() error {
		const query = `SELECT version, max(trimmed_to, 1),
			(SELECT at FROM changes WHERE org_id = o.id AND version = max(trimmed_to, 1)),
			(SELECT count(*) FROM changes WHERE org_id = o.id AND version > trimmed_to),
			(SELECT coalesce(sum(octet_length(ops)), 0) FROM changes WHERE org_id = o.id AND version > trimmed_to)
			FROM organizations AS o WHERE id = ?`
		return s.readers.QueryRowContext(ctx, query, org[:]).Scan(
			&info.Version, &info.Oldest, &info.OldestAt, &info.Changes, &info.Bytes)
	})
	return info, err
}
