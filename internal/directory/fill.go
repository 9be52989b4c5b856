package directory

import (
	"context"
	"iter"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
)

// fill gives a builder every record of an organization and returns their version. Where the store can do so, most of
// the work is done on all processors while it reads.
func (s *Service) fill(ctx context.Context, id roster.ID, builder *index.Builder) (roster.Version, error) {
	watch := &loading{Service: s, id: id}
	batcher, ok := s.store.(store.Batcher)
	if !ok {
		return s.store.Load(ctx, id, func(e roster.Entity) error {
			builder.Add(e)
			return watch.add(weigh(e))
		})
	}
	return batcher.LoadBatches(ctx, id, func(records iter.Seq[roster.Entity]) func() error {
		var all weight
		batch := builder.Pack(func(yield func(roster.Entity) bool) {
			for e := range records {
				all.add(weigh(e))
				if !yield(e) {
					return
				}
			}
		})
		return func() error {
			builder.AddBatch(batch)
			return watch.add(all)
		}
	})
}

// weight is a number of records and how many bytes of memory a view takes for them at least.
type weight struct {
	records int
	bytes   int64
}

func (w *weight) add(more weight) { w.records, w.bytes = w.records+more.records, w.bytes+more.bytes }

func weigh(e roster.Entity) weight {
	const ofUser, deleted, member = 128, 1 << 10, 48
	if u, ok := e.(*roster.User); ok {
		return weight{1, ofUser + int64(len(u.Name)+len(u.Email)+len(u.Identifier)+len(u.Description))}
	}
	if d, ok := e.(roster.Deleted); ok {
		w := weight{1, member * int64(len(roster.MembersOf(d)))}
		if u, ok := d.Was().(*roster.User); ok {
			w.bytes += deleted + int64(len(u.Name)+len(u.Email)+len(u.Description))
		}
		return w
	}
	return weight{1, 0}
}

// loading watches what a load takes up.
type loading struct {
	*Service

	id     roster.ID
	loaded weight
}

// add counts records. It fails where the view can't fit into the limit, and once the service is closed.
func (l *loading) add(more weight) error {
	const every = 4096
	before := l.loaded.records / every
	if l.loaded.add(more); l.loaded.records/every == before {
		return nil
	}
	if l.isClosing() {
		return store.ErrClosed
	}
	if l.progress != nil {
		l.progress(l.id, l.loaded.records)
	}
	if l.maxBytes == 0 {
		return nil
	}
	org := l.organization(l.id)
	if l.loaded.bytes > l.maxBytes {
		return l.tooLarge(org, l.loaded.bytes)
	}
	org.bytes.Store(l.loaded.bytes)
	l.makeRoom(org)
	return nil
}
