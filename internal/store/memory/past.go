package memory

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Since implements [store.Store].
func (s *Store) Since(ctx context.Context, id roster.ID) (since roster.Version, err error) {
	err = s.ask(ctx, id, func(o *org) error {
		since = o.since
		return nil
	})
	return since, err
}

// ask calls fn with an organization while nobody changes it.
func (s *Store) ask(ctx context.Context, id roster.ID, fn func(*org) error) error {
	return s.read(ctx, func() error {
		if o, ok := s.orgs[id]; ok {
			return fn(o)
		}
		return store.NoOrg(id)
	})
}

// VersionAt implements [store.Store].
func (s *Store) VersionAt(ctx context.Context, id roster.ID, at roster.Time) (version roster.Version, err error) {
	err = s.ask(ctx, id, func(o *org) error {
		version, err = store.VersionAt(o.version, at, func(v roster.Version) (roster.Time, error) {
			return o.changes[v-1].At, nil
		})
		return err
	})
	return version, err
}

// History implements [store.Store].
func (s *Store) History(ctx context.Context, id roster.ID) (info roster.HistoryInfo, err error) {
	err = s.ask(ctx, id, func(o *org) error {
		oldest := max(o.since, 1)
		info = roster.HistoryInfo{Oldest: oldest, OldestAt: o.changes[oldest-1].At, Version: o.version}
		for i := range o.changes[o.since:] {
			doc, err := o.document(&o.changes[int(o.since)+i])
			if err != nil {
				return err
			}
			info.Changes, info.Bytes = info.Changes+1, info.Bytes+int64(len(doc))
		}
		return nil
	})
	return info, err
}
