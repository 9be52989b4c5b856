package directory

import (
	"context"
	"errors"

	"github.com/roster-dev/roster"
)

// Ready reports whether the store can be read at present, with the store's error where it can't.
func (s *Service) Ready(ctx context.Context) error {
	enough := errors.New("one organization is enough")
	err := s.store.Orgs(ctx, func(*roster.Organization) error { return enough })
	if errors.Is(err, enough) {
		return nil
	}
	return err
}
