package webhook

import (
	"context"
	"errors"
	"sync"

	"github.com/roster-dev/roster"
)

// Node delivers the messages of a store that several processes may have, of which one delivers at a time. While it does
// not, it answers requests from what the keeper has, and what it changes is taken up by who delivers. It is safe for
// concurrent use.
type Node struct {
	config Config
	counts *counts

	// mu guards running, and is held for reading while a request is answered without it: whoever begins to deliver
	// knows what came of it.
	mu      sync.RWMutex
	running *Service
}

// NewNode returns a node that delivers nothing before [Node.Run].
func NewNode(c Config) *Node { return &Node{config: c, counts: &counts{}} }

// Run delivers as [Service.Run] does, from where the keeper says that everything stands. It may be called again when it
// has returned.
func (n *Node) Run(ctx context.Context) error {
	s, err := n.begin(ctx)
	if ctx.Err() != nil && err != nil {
		return nil // it ended before it began: there is nothing to keep
	}
	if err != nil {
		return err
	}
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.running = nil
	}()
	return s.Run(ctx)
}

func (n *Node) begin(ctx context.Context) (*Service, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, err := n.load(ctx)
	if err == nil {
		n.running = s
	}
	return s, err
}

func (n *Node) load(ctx context.Context) (*Service, error) {
	s, err := New(ctx, n.config)
	if err != nil {
		return nil, err
	}
	s.counts = n.counts
	return s, nil
}

// ask has fn answered by who delivers, if that is this node, or else by a service of its own.
func ask[Answer any](ctx context.Context, n *Node, fn func(*Service) (Answer, error)) (answer Answer, err error) {
	n.mu.RLock()
	if s := n.running; s != nil {
		n.mu.RUnlock()
		return fn(s)
	}
	defer n.mu.RUnlock()
	s, err := n.load(ctx)
	if err != nil {
		return answer, err
	}
	answer, err = fn(s)
	return answer, errors.Join(err, s.Close(ctx))
}

// Standings is [Service.Standings].
func (n *Node) Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error) {
	return ask(ctx, n, func(s *Service) (map[roster.ID]roster.Standing, error) { return s.Standings(ctx, org) })
}

// Deliveries is [Service.Deliveries].
func (n *Node) Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error) {
	return ask(ctx, n, func(s *Service) ([]roster.Delivery, error) { return s.Deliveries(ctx, org, webhook) })
}

// Test is [Service.Test].
func (n *Node) Test(
	ctx context.Context, org, webhook roster.ID, answer Answer[roster.Attempt],
) (roster.Attempt, error) {
	return ask(ctx, n, func(s *Service) (roster.Attempt, error) { return s.Test(ctx, org, webhook, answer) })
}

// Replay is [Service.Replay]. Who delivers takes it up within [Config.Poll].
func (n *Node) Replay(
	ctx context.Context, org, webhook roster.ID, since roster.Version, answer Answer[roster.Standing],
) (roster.Standing, error) {
	return ask(ctx, n, func(s *Service) (roster.Standing, error) { return s.Replay(ctx, org, webhook, since, answer) })
}

// Replayed is [Service.Replayed].
func (n *Node) Replayed(
	ctx context.Context, org, webhook roster.ID, since roster.Version,
) (roster.Standing, error) {
	return ask(ctx, n, func(s *Service) (roster.Standing, error) { return s.Replayed(ctx, org, webhook, since) })
}

// Retriable is [Service.Retriable].
func (n *Node) Retriable(ctx context.Context, org, webhook roster.ID, id string) (roster.Delivery, error) {
	return ask(ctx, n, func(s *Service) (roster.Delivery, error) { return s.Retriable(ctx, org, webhook, id) })
}

// Retry is [Service.Retry].
func (n *Node) Retry(
	ctx context.Context, org, webhook roster.ID, id string, answer Answer[roster.Delivery],
) (roster.Delivery, error) {
	return ask(ctx, n, func(s *Service) (roster.Delivery, error) { return s.Retry(ctx, org, webhook, id, answer) })
}

// Stats is [Service.Stats]. Only who delivers knows of versions that are still to be delivered.
func (n *Node) Stats() (outcomes map[string]int64, lag, backlog int64) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if n.running != nil {
		return n.running.Stats()
	}
	return (&Service{counts: n.counts}).Stats()
}

// poll takes up, until ctx ends, the replays that other processes were asked for.
func (s *Service) poll(ctx context.Context) {
	for delay := s.Poll; ; {
		select {
		case <-ctx.Done():
			return
		case <-s.After(delay):
		}
		err := s.takeUp(ctx)
		if delay = s.Poll; err == nil || ctx.Err() != nil {
			continue
		}
		s.Logger.ErrorContext(ctx, "where webhooks stand was not read", "error", err)
		delay = max(delay, mostDelay)
	}
}

// takeUp goes on where others have had the delivery begin again.
func (s *Service) takeUp(ctx context.Context) error {
	return s.Keeper.Hooks(ctx, func(kept roster.Hook) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.orgs[kept.Org]
		if o == nil {
			return nil
		}
		if h := o.hooks[kept.Webhook.ID]; h != nil && kept.Standing.Round > h.standing.Round {
			s.move(h, kept.Standing)
			s.rouse(h)
		}
		return nil
	})
}
