package memory

import (
	"context"
	"maps"

	"github.com/roster-dev/roster"
)

// TouchTokens implements [store.Store].
func (s *Store) TouchTokens(ctx context.Context, uses []roster.TokenUse) error {
	return s.change(ctx, func() error {
		for _, use := range uses {
			o, ok := s.orgs[use.Org]
			if !ok || o.records.get(roster.Key{Type: roster.TypeToken, ID: use.Token}) == nil {
				continue
			}
			o.uses[use.Token] = max(o.uses[use.Token], use.At)
		}
		return nil
	})
}

// TokenUses implements [store.Store].
func (s *Store) TokenUses(ctx context.Context, id roster.ID) (uses map[roster.ID]roster.Time, err error) {
	err = s.read(ctx, func() error {
		uses = map[roster.ID]roster.Time{}
		if o, ok := s.orgs[id]; ok {
			maps.Copy(uses, o.uses)
		}
		return nil
	})
	return uses, err
}
