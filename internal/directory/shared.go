package directory

import (
	"context"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

// IsShared reports whether other processes may write to the store.
func (s *Service) IsShared() bool { return s.follower != nil }

// Alone calls fn when it is this process's turn to do what one process must do at a time, and again when it is its turn
// anew, until ctx ends: see [store.Shared.Alone]. Where the process has the store for itself its turn is at once, and
// lasts. fn must go on until its context ends; where it fails, another process has its turn first.
func (s *Service) Alone(ctx context.Context, fn func(context.Context) error) error {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return fn(ctx)
	}
	return shared.Alone(ctx, func(ctx context.Context) error {
		s.working.Store(true)
		defer s.working.Store(false)
		return fn(ctx)
	})
}

// Secret returns 32 bytes that all processes have that share the store, under a name; those that own returns where
// nobody shares it.
func (s *Service) Secret(ctx context.Context, name string, own func() ([]byte, error)) ([]byte, error) {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return own()
	}
	return shared.Secret(ctx, name)
}

// Nodes returns the processes that have the store open, as far as they say so; none where only one can.
func (s *Service) Nodes(ctx context.Context) ([]store.Node, error) {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return nil, nil
	}
	return shared.Nodes(ctx)
}

// nodeEvery is how often a process says that it has the store open.
const nodeEvery = 2 * time.Second

// Announce says now and then that this process has the store open, with an id of its own, until ctx ends, where others
// may have it, too. What can't be said is said later; failed, which may be nil, is told.
func (s *Service) Announce(ctx context.Context, n store.Node, failed func(error)) {
	shared, ok := s.store.(store.Shared)
	if !ok {
		return
	}
	ticks := time.NewTicker(nodeEvery)
	defer ticks.Stop()
	for {
		n.Working = s.working.Load()
		if err := shared.Register(ctx, n); err != nil && ctx.Err() == nil && failed != nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), followTime)
			defer cancel()
			_ = shared.Unregister(ctx, n.ID) // else it is forgotten by and by
			return
		case <-ticks.C:
		}
	}
}
