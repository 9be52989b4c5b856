package directory

import (
	"context"
	"slices"

	"github.com/roster-dev/roster"
)

// listener is told of changes.
type listener struct{ fn func(roster.Change) }

// Tell calls fn with every change that is committed from now on, once it can be read, until stop is called, after which
// fn is not called any more but for calls that are under way. Changes of one organization come one after the other and
// in order, those of several at the same time. Whoever has written may wait for fn: it must return soon, and must not
// call the service. What other processes commit is told when it is seen, and of what was trimmed before that there is
// nothing; that they have removed an organization is told as a change which the history does not have.
func (s *Service) Tell(fn func(roster.Change)) (stop func()) {
	l := &listener{fn}
	s.mu.Lock()
	s.listeners = append(slices.Clip(s.listeners), l)
	s.mu.Unlock()
	if s.follower != nil {
		s.follower.await()
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.listeners = slices.DeleteFunc(slices.Clone(s.listeners), func(other *listener) bool { return other == l })
	}
}

// tell tells of a change that this service has made. The caller holds the writer's token of its organization.
func (s *Service) tell(change roster.Change) {
	if s.follower != nil {
		s.follower.tell(change)
		return
	}
	s.announce(change)
}

// announce calls the listeners.
func (s *Service) announce(change roster.Change) {
	s.mu.RLock()
	listeners := s.listeners
	s.mu.RUnlock()
	for _, l := range listeners {
		l.fn(change)
	}
}

// Hooks calls fn with every webhook of every organization, until fn fails, and returns that error. It loads none.
func (s *Service) Hooks(ctx context.Context, fn func(roster.Hook) error) error {
	return s.store.Hooks(ctx, fn)
}

// Standings returns where the delivery to the webhooks of an organization stands, by id, as far as that was kept.
func (s *Service) Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error) {
	return s.store.Standings(ctx, org)
}

// KeepProgress keeps how the delivery to webhooks went on, all of it or, where it fails, none. It is no change of an
// organization. Webhooks that do not exist are left out.
func (s *Service) KeepProgress(ctx context.Context, progress []roster.Progress) error {
	return s.store.KeepProgress(ctx, progress)
}

// Deliveries returns what is kept of messages to a webhook, the last one first.
func (s *Service) Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error) {
	return s.store.Deliveries(ctx, org, webhook)
}
