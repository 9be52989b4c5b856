package directory

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// touch marks an organization as the one that was used last. It writes only where that was another one, so that those
// who read one organization do not wait for each other.
func (s *Service) touch(org *organization) {
	if (s.maxBytes > 0 || s.sheds) && s.last.Load() != org {
		s.last.Store(org)
		org.used.Store(s.uses.Add(1))
	}
}

// makeRoom evicts views until all of them fit into the limit: those that were not used for longest first, keep's and
// those of organizations that are being written to never; in the end the old views of keep that are kept for walks.
// What is being loaded counts and stays.
func (s *Service) makeRoom(keep *organization) {
	if s.maxBytes == 0 {
		return
	}
	s.evicting.Lock()
	defer s.evicting.Unlock()
	total, others := s.held(keep)
	for _, org := range others {
		if total <= s.maxBytes {
			return
		}
		total -= org.evictIdle()
	}
	if total > s.maxBytes {
		keep.pins.clear()
	}
}

// held returns how much memory all organizations hold, and those but one that do, the least recently used first.
func (s *Service) held(but *organization) (total int64, others []*organization) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	used := map[*organization]int64{} // which goes on changing
	for _, org := range s.orgs {
		bytes := org.bytes.Load()
		total += bytes + org.kept()
		if bytes > 0 && org != but {
			others = append(others, org)
			used[org] = org.used.Load()
		}
	}
	slices.SortFunc(others, func(a, b *organization) int { return cmp.Compare(used[a], used[b]) })
	return total, others
}

// evictIdle drops the view, and those that are kept besides, unless the organization is being written to, and returns
// how much memory that sets free.
// Those who wait for a version go on waiting: they would have it loaded again at once.
func (o *organization) evictIdle() int64 {
	select {
	case <-o.writer:
		defer o.release()
	default:
		return 0
	}
	if o.isWanted() || o.view.Swap(nil) == nil {
		return 0
	}
	kept := o.kept()
	o.pins.clear()
	return o.bytes.Swap(0) + kept
}

// kept estimates what the views take up that are kept besides the present one.
func (o *organization) kept() int64 { return o.pins.held(o.bytes.Load(), o.ops.Load()) }

// grow measures the view again once so much has been written that it may have grown by a sixteenth: measuring looks at
// every part of a view. The caller holds the writer's token.
func (s *Service) grow(org *organization, view *index.View, ops int) {
	const least = 64
	ofRecord := int64(1 << 10)
	org.ops.Add(int64(ops))
	if org.pins.sweep(s.now()) {
		ofRecord = ofOp(org.bytes.Load())
	}
	org.written += ops
	if s.maxBytes > 0 && org.written >= least && int64(org.written)*ofRecord > org.bytes.Load()/16 {
		s.measure(org, view)
	}
}

// measure takes the size of a view as that of its organization and makes room for it. The caller holds the writer's
// token.
func (s *Service) measure(org *organization, view *index.View) {
	if s.maxBytes > 0 {
		org.written = 0
		org.bytes.Store(view.Bytes())
		s.makeRoom(org)
	}
}

// fit makes room for a view that was built, or fails where there can't be enough. Of a view that may not fit with the
// index over texts that searches need, it is made at once, so that it counts.
func (s *Service) fit(ctx context.Context, view *index.View, id roster.ID) error {
	if s.maxBytes == 0 {
		return nil
	}
	bytes := view.Bytes()
	if bytes > s.maxBytes/2 && bytes <= s.maxBytes {
		if err := view.Warm(ctx); err != nil {
			return err
		}
		bytes = view.Bytes()
	}
	org := s.organization(id)
	if bytes > s.maxBytes {
		return s.tooLarge(org, bytes)
	}
	org.bytes.Store(bytes)
	s.makeRoom(org)
	return nil
}

// tooLarge returns the error about an organization whose view does not fit into the limit. Until it changes, it need
// not be loaded to know that.
func (s *Service) tooLarge(org *organization, needs int64) error {
	org.needs.Store(needs)
	return roster.Errorf(roster.Unavailable,
		"the organization needs at least %s of memory, which is more than the %s that there may be in use",
		mebibytes(needs), mebibytes(s.maxBytes))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.2f MiB", float64(n)/(1<<20)) }
