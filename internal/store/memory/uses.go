package memory

import (
	"context"
	"maps"

	"github.com/roster-dev/roster"
)

// TouchTokens implements [store.Store].
func (s *Store) TouchTokens(ctx context.Context, uses []roster.TokenUse) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, use := range uses {
		o, ok := s.orgs[use.Org]
		if !ok || o.records[roster.Key{Type: roster.TypeToken, ID: use.Token}] == nil {
			continue
		}
		o.uses[use.Token] = max(o.uses[use.Token], use.At)
	}
	return nil
}

// TokenUses implements [store.Store].
func (s *Store) TokenUses(ctx context.Context, id roster.ID) (map[roster.ID]roster.Time, error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if o, ok := s.orgs[id]; ok {
		return maps.Clone(o.uses), nil
	}
	return map[roster.ID]roster.Time{}, nil
}
