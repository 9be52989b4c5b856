package directory

import (
	"context"

	"github.com/roster-dev/roster"
)

// TokenOrg returns the organization that the token whose secret has a hash belongs to, as far as this process knows,
// without loading it: the token may not count any more. It fails with [roster.NotFound] where there is none.
func (s *Service) TokenOrg(ctx context.Context, hash string) (roster.ID, error) {
	s.mu.RLock()
	org, known := s.tokens[hash]
	s.mu.RUnlock()
	if known {
		return org, nil
	}
	return s.lookUp(ctx, hash)
}

// SlugOrg returns the organization that had a slug when this process last asked, without loading it. It fails with
// [roster.NotFound] where there is none.
func (s *Service) SlugOrg(ctx context.Context, slug string) (roster.ID, error) {
	s.mu.RLock()
	id, known := s.slugs[slug]
	s.mu.RUnlock()
	if known {
		return id, nil
	}
	org, err := s.OrgBySlug(ctx, slug)
	if err != nil {
		return roster.ID{}, err
	}
	return org.ID, nil
}

// UserOrg returns the organization with the lowest id of those that have a user with an id, without loading any. It
// fails with [roster.NotFound] where none has.
func (s *Service) UserOrg(ctx context.Context, user roster.ID) (roster.ID, error) {
	orgs, err := s.store.UserOrgs(ctx, user)
	if err != nil {
		return roster.ID{}, err
	}
	if len(orgs) == 0 {
		return roster.ID{}, roster.Errorf(roster.NotFound, "no organization has the user %s", user)
	}
	return orgs[0], nil
}

// Shed forgets the views of organizations that are not to be in the memory of this process and that nobody has asked
// for since the last call, but those that are being written to, and returns how many. It needs Options.Sheds, and must
// not be called twice at the same time.
func (s *Service) Shed(owns func(roster.ID) bool) (shed int) {
	s.last.Store(nil) // so that the next use of whatever was used last is seen
	s.mu.RLock()
	var strangers []*organization
	for id, org := range s.orgs {
		if org.view.Load() != nil && !owns(id) {
			strangers = append(strangers, org)
		}
	}
	s.mu.RUnlock()
	for _, org := range strangers {
		if used := org.used.Load(); org.seen != used {
			org.seen = used
			continue
		}
		org.evictIdle()
		if org.view.Load() == nil {
			shed++
		}
	}
	return shed
}

// Share returns how many organizations there are that are to be in the memory of this process, 0 where no other can
// have the store, and how many are in it that are not to be.
func (s *Service) Share(owns func(roster.ID) bool) (owned, strangers int) {
	s.mu.RLock()
	for id, org := range s.orgs {
		if org.view.Load() != nil && !owns(id) {
			strangers++
		}
	}
	s.mu.RUnlock()
	if s.follower == nil {
		return 0, strangers
	}
	s.follower.mu.Lock()
	defer s.follower.mu.Unlock()
	for id := range s.follower.told {
		if owns(id) {
			owned++
		}
	}
	return owned, strangers
}
