package directory

import (
	"context"
	"errors"
	"time"

	"github.com/roster-dev/roster"
)

// mostQuiet is how long a store may not have answered what others have written, and mostBehind how long an organization
// may be behind what they have, before requests had better go to another process.
const mostQuiet, mostBehind = 5 * time.Second, 15 * time.Second

// Ready reports whether the store can be read at present, with the store's error where it can't, and whether what this
// service shows is recent.
func (s *Service) Ready(ctx context.Context) error {
	if f, ok := s.Following(); ok && (f.Quiet > mostQuiet || f.Behind > mostBehind) {
		return roster.Errorf(roster.Unavailable, "what other processes have written was last asked for %s ago, and "+
			"some of it is being read for %s", f.Quiet, f.Behind)
	}
	enough := errors.New("one organization is enough")
	err := s.store.Orgs(ctx, func(*roster.Organization) error { return enough })
	if errors.Is(err, enough) {
		return nil
	}
	return err
}
