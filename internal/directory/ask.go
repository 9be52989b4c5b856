package directory

import (
	"context"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/trace"
)

// The operations of a store that take long enough to be timed, as spans name them: see Options.Times.
const (
	ofStore    = "store."
	askUpdate  = ofStore + "update"
	askLoad    = ofStore + "load"
	askChanges = ofStore + "changes"
)

// Operations returns what Options.Times is told of.
func Operations() []string {
	return []string{askUpdate[len(ofStore):], askLoad[len(ofStore):], askChanges[len(ofStore):]}
}

// asking is a call of the store that is under way.
type asking struct {
	*Service
	operation string
	began     time.Time
	span      trace.Span
}

// ask begins a call of the store about an organization, which end ends.
func (s *Service) ask(ctx context.Context, org roster.ID, operation string) (context.Context, asking) {
	a := asking{Service: s, operation: operation}
	if s.times != nil {
		a.began = time.Now()
	}
	ctx, a.span = trace.Begin(ctx, s.tracer, operation)
	a.span.Org(org)
	return ctx, a
}

func (a asking) end(err error) {
	if a.times != nil {
		a.times(a.operation[len(ofStore):], time.Since(a.began), err)
	}
	a.span.End(err)
}

// update is the store's Update.
func (s *Service) update(
	ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	ctx, a := s.ask(ctx, org, askUpdate)
	change, err := s.store.Update(ctx, org, s.deciding(ctx, fn))
	a.span.Int("roster.version", int64(change.Version))
	a.end(err)
	return change, err
}

// deciding returns fn with a span of its own.
func (s *Service) deciding(
	ctx context.Context, fn func(roster.State) (roster.Change, error),
) func(roster.State) (roster.Change, error) {
	if s.tracer == nil {
		return fn
	}
	return func(state roster.State) (roster.Change, error) {
		_, span := trace.Begin(ctx, s.tracer, "decide")
		change, err := fn(state)
		span.Int("roster.ops", int64(len(change.Ops)))
		span.End(err)
		return change, err
	}
}

// changesAfter is the store's Changes.
func (s *Service) changesAfter(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	ctx, a := s.ask(ctx, org, askChanges)
	changes, err := s.store.Changes(ctx, org, after, limit)
	a.end(err)
	return changes, err
}

// Queued returns how many calls wait to be written, of all organizations and of the one of which the most do.
func (s *Service) Queued() (all, most int) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, org := range s.orgs {
		n := org.waiting()
		all, most = all+n, max(most, n)
	}
	return all, most
}
