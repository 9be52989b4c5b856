package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// delivering is what is kept of the delivery to a webhook. Guarded by Store.mu.
type delivering struct {
	standing   roster.Standing
	deliveries []roster.Delivery // the latest first
}

// Hooks implements [store.Store].
func (s *Store) Hooks(ctx context.Context, fn func(roster.Hook) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, h := range s.allHooks() {
		if err := fn(h); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) allHooks() (all []roster.Hook) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, id := range slices.SortedFunc(maps.Keys(s.orgs), roster.ID.Compare) {
		o := s.orgs[id]
		for _, e := range o.ofType(roster.TypeWebhook) {
			w := e.(*roster.Webhook) //nolint:forcetypeassert // by its type
			h := roster.Hook{Org: id, Version: o.version, Webhook: w, Standing: w.Begin()}
			if kept := o.hooks[w.ID]; kept != nil {
				h.Standing = kept.standing
			}
			all = append(all, h)
		}
	}
	return all
}

// Standings implements [store.Store].
func (s *Store) Standings(ctx context.Context, id roster.ID) (map[roster.ID]roster.Standing, error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := map[roster.ID]roster.Standing{}
	if o, ok := s.orgs[id]; ok {
		for webhook, kept := range o.hooks {
			all[webhook] = kept.standing
		}
	}
	return all, nil
}

// KeepProgress implements [store.Store].
func (s *Store) KeepProgress(ctx context.Context, progress []roster.Progress) error {
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
	for i := range progress {
		p := &progress[i]
		o, ok := s.orgs[p.Org]
		if !ok || o.records[roster.Key{Type: roster.TypeWebhook, ID: p.Webhook}] == nil {
			continue
		}
		kept := o.hooks[p.Webhook]
		if kept == nil {
			kept = &delivering{}
			o.hooks[p.Webhook] = kept
		}
		kept.keep(p)
	}
	return nil
}

func (d *delivering) keep(p *roster.Progress) {
	d.standing = p.Standing
	for _, next := range p.Deliveries {
		d.deliveries = slices.DeleteFunc(d.deliveries, func(old roster.Delivery) bool {
			return old.Version == next.Version && old.Round == next.Round
		})
		d.deliveries = append(d.deliveries, next)
	}
	slices.SortFunc(d.deliveries, func(a, b roster.Delivery) int {
		return cmp.Or(
			cmp.Compare(b.Last.At, a.Last.At), cmp.Compare(b.Version, a.Version), cmp.Compare(b.Round, a.Round),
		)
	})
	kept := map[roster.DeliveryState]int{}
	d.deliveries = slices.DeleteFunc(d.deliveries, func(old roster.Delivery) bool {
		kept[old.State]++
		return kept[old.State] > store.Kept(old.State)
	})
}

// Deliveries implements [store.Store].
func (s *Store) Deliveries(
	ctx context.Context, org, webhook roster.ID, q roster.DeliveryQuery,
) (list []roster.Delivery, total int, err error) {
	if err := s.gate.Enter(); err != nil {
		return nil, 0, err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.orgs[org]
	if !ok || o.hooks[webhook] == nil {
		return nil, 0, nil
	}
	for _, d := range o.hooks[webhook].deliveries {
		if q.State == "" || d.State == q.State {
			list = append(list, d)
		}
	}
	return list[:min(len(list), q.Limit)], len(list), nil
}
