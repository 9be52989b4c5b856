package directory

import (
	"context"
	"fmt"

	"github.com/roster-dev/roster/internal/index"
)

// Adopt makes a view of an organization the present one, which another service has made of the same records, so that
// they need not be loaded: those of a store that this one's was forked from. What the store has committed since is
// applied to it. It fails as [index.View.Apply] does where the store's history is not that of the view.
func (s *Service) Adopt(ctx context.Context, view *index.View) error {
	id := view.Org().ID
	org := s.organization(id)
	<-org.writer
	defer org.release()
	present, err := s.catchUp(ctx, id, view)
	if err != nil {
		return fmt.Errorf("adopt a view of organization %s: %w", id, err)
	}
	s.measure(org, present)
	org.publish(present)
	s.touch(org)
	s.warm(org, true)
	return nil
}
