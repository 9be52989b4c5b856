package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
)

const usesQuery = `SELECT token_id, at FROM token_uses WHERE org_id = ?`

// TouchTokens implements [store.Store]. The uses of all organizations share one transaction.
func (s *Store) TouchTokens(ctx context.Context, uses []roster.TokenUse) error {
	done, err := s.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	quiet := context.WithoutCancel(ctx)
	err = s.writer.transact(quiet, func() (commit bool, err error) {
		for _, use := range uses {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			if _, err := s.writer.touch.ExecContext(quiet, int64(use.At), use.Token[:], use.Org[:]); err != nil {
				return false, err
			}
		}
		return true, ctx.Err()
	})
	if err != nil {
		return readError(ctx, "note when tokens were last used", err)
	}
	return nil
}

// TokenUses implements [store.Store].
func (s *Store) TokenUses(ctx context.Context, org roster.ID) (map[roster.ID]roster.Time, error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	uses, err := s.tokenUses(ctx, org)
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read when tokens of %s were last used", org), err)
	}
	return uses, nil
}

func (s *Store) tokenUses(ctx context.Context, org roster.ID) (uses map[roster.ID]roster.Time, err error) {
	rows, err := s.readers.QueryContext(ctx, usesQuery, org[:])
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	uses = map[roster.ID]roster.Time{}
	for rows.Next() {
		var token roster.ID
		var at roster.Time
		if err := rows.Scan(scanID{&token}, &at); err != nil {
			return nil, err
		}
		uses[token] = at
	}
	return uses, rows.Err()
}
