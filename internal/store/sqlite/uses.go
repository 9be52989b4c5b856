package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/roster-dev/roster"
)

const usesQuery = `SELECT token_id, at FROM token_uses WHERE org_id = ?`

// TouchTokens implements [store.Store]. The uses of all organizations share one transaction.
func (s *Store) TouchTokens(ctx context.Context, uses []roster.TokenUse) error {
	return s.change(ctx, "note when tokens were last used", func(w *writer) error {
		quiet := context.WithoutCancel(ctx)
		for _, use := range uses {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := w.touch.ExecContext(quiet, int64(use.At), use.Token[:], use.Org[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// TokenUses implements [store.Store].
func (s *Store) TokenUses(ctx context.Context, org roster.ID) (map[roster.ID]roster.Time, error) {
	uses := map[roster.ID]roster.Time{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var token roster.ID
		var at roster.Time
		err := rows.Scan(scanID{&token}, &at)
		uses[token] = at
		return err
	}, usesQuery, org[:])
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read when tokens of %s were last used", org), err)
	}
	return uses, nil
}
