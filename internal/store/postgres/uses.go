package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
)

const (
	usesQuery = `SELECT token_id, at FROM token_uses WHERE org_id = $1`
	touch     = `INSERT INTO token_uses (org_id, token_id, at)
		SELECT org_id, id, $3::bigint FROM entities WHERE org_id = $1 AND type = 'token' AND id = $2
		ON CONFLICT (org_id, token_id) DO UPDATE SET at = excluded.at WHERE token_uses.at < excluded.at`
	forgetUse = `DELETE FROM token_uses WHERE org_id = $1 AND token_id = $2`
)

// TouchTokens implements [store.Store]. Each organization has a transaction of its own.
func (s *Store) TouchTokens(ctx context.Context, uses []roster.TokenUse) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	steps := map[roster.ID][]step{}
	for _, use := range uses {
		steps[use.Org] = append(steps[use.Org], step{query: touch, args: []any{
			uid(use.Org), uid(use.Token), int64(use.At),
		}})
	}
	if err := s.writeBeside(ctx, steps); err != nil {
		return readError(ctx, "note when tokens were last used", err)
	}
	return nil
}

// writeBeside runs steps about what is kept beside the records of organizations, for each in a transaction of its own.
// They can be run twice.
func (s *Store) writeBeside(ctx context.Context, steps map[roster.ID][]step) error {
	for org, steps := range steps {
		err := s.transact(ctx, org, func(t *transaction) error {
			if err := t.lock(); err != nil {
				return err
			}
			return t.send(steps, true)
		}, notKnown)
		if err != nil {
			return err
		}
	}
	return nil
}

// notKnown has a transaction run again that may have been committed.
func notKnown(*transaction) (bool, error) { return false, nil }

// TokenUses implements [store.Store].
func (s *Store) TokenUses(ctx context.Context, org roster.ID) (map[roster.ID]roster.Time, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	uses := map[roster.ID]roster.Time{}
	err := s.query(ctx, func(rows pgx.Rows) error {
		var token roster.ID
		var at roster.Time
		err := rows.Scan(scanID{&token}, &at)
		uses[token] = at
		return err
	}, usesQuery, uid(org))
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read when tokens of %s were last used", org), err)
	}
	return uses, nil
}
