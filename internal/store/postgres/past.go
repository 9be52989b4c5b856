package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What is asked about how much of the history is kept.
const (
	sinceQuery   = `SELECT trimmed_to FROM organizations WHERE id = $1`
	versionQuery = `SELECT version FROM organizations WHERE id = $1`
	madeQuery    = `SELECT at FROM changes WHERE org_id = $1 AND version = $2`
	historyQuery = `SELECT version, greatest(trimmed_to, 1),
		(SELECT at FROM changes WHERE org_id = $1 AND version = greatest(o.trimmed_to, 1)),
		(SELECT count(*) FROM changes WHERE org_id = $1 AND version > o.trimmed_to),
		(SELECT coalesce(sum(octet_length(ops)), 0)::bigint FROM changes WHERE org_id = $1 AND version > o.trimmed_to)
		FROM organizations AS o WHERE id = $1`
)

// Since implements [store.Store].
func (s *Store) Since(ctx context.Context, org roster.ID) (since roster.Version, err error) {
	err = s.ask(ctx, org, func() error { return s.queryRow(ctx, []any{&since}, sinceQuery, uid(org)) })
	return since, err
}

// ask reads something about an organization, which does not exist where there are no rows.
func (s *Store) ask(ctx context.Context, org roster.ID, read func() error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	err := read()
	if errors.Is(err, pgx.ErrNoRows) {
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
		err := s.queryRow(ctx, []any{&last}, versionQuery, uid(org))
		if err != nil {
			return err
		}
		found, err = store.VersionAt(last, at, func(v roster.Version) (made roster.Time, err error) {
			return made, s.queryRow(ctx, []any{&made}, madeQuery, uid(org), int64(v))
		})
		return err
	})
	return found, err
}

// History implements [store.Store].
func (s *Store) History(ctx context.Context, org roster.ID) (info roster.HistoryInfo, err error) {
	err = s.ask(ctx, org, func() error {
		return s.queryRow(ctx, []any{&info.Version, &info.Oldest, &info.OldestAt, &info.Changes, &info.Bytes},
			historyQuery, uid(org))
	})
	return info, err
}
