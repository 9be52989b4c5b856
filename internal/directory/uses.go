package directory

import (
	"context"

	"github.com/roster-dev/roster"
)

// TouchTokens stores when tokens were last used, each where that is later than what is stored, those of all
// organizations at once. It is no change of any of them: their versions and views stay as they are. Tokens that do not
// exist are left out. It fails with [roster.Unavailable] where the store can't commit now, and then stores nothing.
func (s *Service) TouchTokens(ctx context.Context, uses []roster.TokenUse) error {
	return s.store.TouchTokens(ctx, uses)
}

// TokenUses returns when the tokens of an organization were last used, by id, as far as that is stored; those that
// never were are not among them.
func (s *Service) TokenUses(ctx context.Context, org roster.ID) (map[roster.ID]roster.Time, error) {
	view, err := s.View(ctx, org)
	if err != nil {
		return nil, err
	}
	uses, err := s.store.TokenUses(ctx, org)
	if err != nil {
		return nil, err
	}
	for _, token := range view.Tokens() {
		if token.LastUsedAt > uses[token.ID] {
			uses[token.ID] = token.LastUsedAt
		}
	}
	return uses, nil
}
