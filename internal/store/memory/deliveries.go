package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
)

// delivering is what is kept of the delivery to a webhook. Guarded by Store.mu.
type delivering struct {
	standing   roster.Standing
	deliveries []roster.Delivery // as [roster.KeepDeliveries] has them
}

// Hooks implements [store.Store].
func (s *Store) Hooks(ctx context.Context, fn func(roster.Hook) error) error {
	var all []roster.Hook
	if err := s.read(ctx, func() error { all = s.allHooks(); return nil }); err != nil {
		return err
	}
	for _, h := range all {
		if err := fn(h); err != nil {
			return err
		}
	}
	return nil
}

// allHooks returns all webhooks. The caller reads.
func (s *Store) allHooks() (all []roster.Hook) {
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
func (s *Store) Standings(ctx context.Context, id roster.ID) (all map[roster.ID]roster.Standing, err error) {
	err = s.read(ctx, func() error {
		all = map[roster.ID]roster.Standing{}
		if o, ok := s.orgs[id]; ok {
			for webhook, kept := range o.hooks {
				all[webhook] = kept.standing
			}
		}
		return nil
	})
	return all, err
}

// KeepProgress implements [store.Store].
func (s *Store) KeepProgress(ctx context.Context, progress []roster.Progress) error {
	return s.change(ctx, func() error {
		for i := range progress {
			p := &progress[i]
			if o, ok := s.orgs[p.Org]; ok && o.records.get(roster.Key{Type: roster.TypeWebhook, ID: p.Webhook}) != nil {
				o.keepProgress(p)
			}
		}
		return nil
	})
}

func (o *org) keepProgress(p *roster.Progress) {
	kept := o.hooks[p.Webhook]
	if kept == nil {
		kept = &delivering{}
		o.hooks[p.Webhook] = kept
	}
	if !p.Standing.IsBefore(kept.standing) {
		kept.standing = p.Standing
	}
	kept.deliveries = roster.KeepDeliveries(kept.deliveries, p.Deliveries)
	for _, a := range p.Answers {
		o.answers[a.Key] = a
	}
}

// Deliveries implements [store.Store].
func (s *Store) Deliveries(ctx context.Context, org, webhook roster.ID) (list []roster.Delivery, err error) {
	err = s.read(ctx, func() error {
		if o, ok := s.orgs[org]; ok && o.hooks[webhook] != nil {
			list = slices.Clone(o.hooks[webhook].deliveries)
		}
		return nil
	})
	return list, err
}
