package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Trim implements [store.Store]: everything at once.
func (s *Store) Trim(ctx context.Context, id roster.ID, upTo roster.Version) (since roster.Version, err error) {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	var changes []roster.Change
	docs := map[roster.Version][]byte{}
	err = s.ask(ctx, id, func(o *org) error {
		since, changes = max(o.since, min(upTo, o.version)), slices.Clone(o.changes)
		maps.Copy(docs, o.docs)
		entries := map[roster.Version][]roster.Entry{}
		for _, e := range o.entries {
			entries[e.Version] = append(entries[e.Version], e)
		}
		for v := o.since + 1; v <= since; v++ {
			c := &changes[v-1]
			doc, err := o.document(c)
			if err == nil {
				docs[v], err = store.Trimmed(doc, entries[v])
			}
			if err == nil {
				c.Ops, err = roster.DecodeOps(docs[v])
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.orgs[id]
	o.since, o.changes, o.docs = since, changes, docs
	return since, nil
}
