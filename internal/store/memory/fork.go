package memory

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
)

// Fork returns another store with all that is kept at one moment. What is written to either later, the other one does
// not see. They share the memory of what they have in common, so that forking takes as long as what was written since
// the store was made or last forked is much, whatever there is besides. It waits for the Update that runs.
func (s *Store) Fork(ctx context.Context) (*Store, error) {
	fork := New()
	err := s.change(ctx, func() error {
		for id, o := range s.orgs {
			fork.orgs[id] = o.fork()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fork, nil
}

func (o *org) fork() *org {
	f := *o // docs are replaced, not changed
	f.records, f.holders = o.records.fork(), o.holders.fork()
	f.changes, f.entries = slices.Clip(o.changes), slices.Clip(o.entries)
	f.uses, f.answers = maps.Clone(o.uses), maps.Clone(o.answers)
	f.jobs, f.hooks = make(map[roster.ID]*job, len(o.jobs)), make(map[roster.ID]*delivering, len(o.hooks))
	for id, j := range o.jobs {
		f.jobs[id] = &job{j.doc, j.job, maps.Clone(j.pieces)}
	}
	for id, d := range o.hooks {
		f.hooks[id] = &delivering{d.standing, slices.Clone(d.deliveries)}
	}
	return &f
}

// entities are records by some key. Forks share a base that none of them changes, and have what differs from it of
// their own.
type entities[K comparable] struct {
	base map[K]roster.Entity
	own  map[K]roster.Entity // nil for what is in the base and was removed since
}

func newEntities[K comparable]() entities[K] { return entities[K]{own: map[K]roster.Entity{}} }

// get returns the record with a key, or nil.
func (m entities[K]) get(key K) roster.Entity {
	if e, changed := m.own[key]; changed {
		return e
	}
	return m.base[key]
}

func (m entities[K]) put(key K, e roster.Entity) { m.own[key] = e }

func (m entities[K]) remove(key K) {
	if _, shared := m.base[key]; shared {
		m.own[key] = nil
		return
	}
	delete(m.own, key)
}

// all yields the records in no order.
func (m entities[K]) all() iter.Seq2[K, roster.Entity] {
	return func(yield func(K, roster.Entity) bool) {
		for key, e := range m.own {
			if e != nil && !yield(key, e) {
				return
			}
		}
		for key, e := range m.base {
			if _, changed := m.own[key]; !changed && !yield(key, e) {
				return
			}
		}
	}
}

// fork returns the same records. A new base is made once an eighth of it has changed, which pays for the work.
func (m *entities[K]) fork() entities[K] {
	switch {
	case m.base == nil:
		m.base, m.own = m.own, map[K]roster.Entity{}
	case len(m.own) > len(m.base)/8:
		m.base, m.own = maps.Collect(m.all()), map[K]roster.Entity{}
	}
	return entities[K]{m.base, maps.Clone(m.own)}
}
