package directory

import (
	"cmp"
	"context"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// around returns the views that one at a version may be made from: the nearest one that is not older, among those that
// are kept and the present one, and the nearest older one, nil for the time before the first version; the nearer of
// both first.
func (p *pins) around(present *index.View, version roster.Version) []*index.View {
	p.mu.Lock()
	defer p.mu.Unlock()
	after, before := present, (*index.View)(nil)
	for _, pin := range p.list {
		switch v := pin.view.Version(); {
		case v >= version && v < after.Version():
			after = pin.view
		case v < version && (before == nil || v > before.Version()):
			before = pin.view
		}
	}
	since := roster.Version(0)
	if before != nil {
		since = before.Version()
	}
	if version-since < after.Version()-version {
		return []*index.View{before, after}
	}
	return []*index.View{after, before}
}

// keepPast keeps a view that was made from the history as those for walks are, unless everything was dropped since an
// epoch: what is in the view may not be there any more.
func (s *Service) keepPast(org *organization, view *index.View, bytes, epoch int64) {
	if s.walkTime <= 0 || s.walkVersions <= 0 {
		return
	}
	s.addPast(org, pin{view: view, keep: s.walkTime, bytes: max(bytes, 1)}, epoch)
	s.makeRoom(org)
}

func (s *Service) addPast(org *organization, p pin, epoch int64) {
	now := s.now()
	p.until = after(now, p.keep)
	org.pins.mu.Lock()
	defer org.pins.mu.Unlock()
	if org.view.Load() == nil || org.pins.epoch.Load() != epoch || org.pins.find(p.view.Version()) != nil {
		return
	}
	org.pins.expire(now)
	org.pins.shrink(s.walkVersions - 1)
	org.pins.list = append(org.pins.list, p)
}

// diff is what became of records from a version to another.
type diff struct {
	from, to roster.Version
	ops      []roster.Op
	until    roster.Time
}

// bytes estimates the memory that a diff takes up.
func (d *diff) bytes() int64 {
	const ofOp = 2 << 10
	return int64(len(d.ops)) * ofOp
}

// mostDiffs bounds how many diffs of an organization are kept.
const mostDiffs = 4

// diff returns the ops of a diff that is kept, and whether there is one, and lets its time begin anew.
func (p *pins) diff(from, to roster.Version, now, until roster.Time) ([]roster.Op, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(now)
	i := slices.IndexFunc(p.diffs, func(d diff) bool { return d.from == from && d.to == to })
	if i < 0 {
		return nil, false
	}
	found := p.diffs[i]
	found.until = until
	p.diffs = append(slices.Delete(p.diffs, i, i+1), found)
	return found.ops, true
}

// keepDiff keeps a diff in the place of others, so that there are few ops in all of them together.
func (s *Service) keepDiff(org *organization, d diff, epoch int64) {
	if s.walkTime <= 0 || s.walkVersions <= 0 {
		return
	}
	p := &org.pins
	p.mu.Lock()
	if org.view.Load() != nil && p.epoch.Load() == epoch {
		p.diffs = append(p.diffs, d)
		for total(p.diffs) > s.pastOps || len(p.diffs) > mostDiffs {
			p.diffs = slices.Delete(p.diffs, 0, 1)
		}
	}
	p.mu.Unlock()
	s.makeRoom(org)
}

func total(diffs []diff) (ops int) {
	for _, d := range diffs {
		ops += len(d.ops)
	}
	return ops
}

// Kept says how much of the history of an organization is kept. It fails with [roster.NotFound] where there is no such
// organization. The history is measured once for each version and each time that it is trimmed.
func (s *Service) Kept(ctx context.Context, id roster.ID) (roster.HistoryInfo, error) {
	since, err := s.store.Since(ctx, id)
	if err != nil {
		return roster.HistoryInfo{}, err
	}
	view, org := s.loaded(id), s.known(id)
	known := org.history.Load()
	if known != nil && view != nil && known.Version == view.Version() && known.Oldest == max(since, 1) {
		return *known, nil
	}
	info, err := s.store.History(ctx, id)
	if err == nil {
		org.history.Store(&info)
	}
	return info, err
}

// compareRecords orders records, nil first, by type, number and id.
func compareRecords(a, b roster.Entity) int {
	if a == nil || b == nil {
		return cmp.Compare(flag(a != nil), flag(b != nil))
	}
	x, y, types := a.Key(), b.Key(), roster.Types()
	return cmp.Or(cmp.Compare(slices.Index(types, x.Type), slices.Index(types, y.Type)),
		cmp.Compare(a.Keys().Number, b.Keys().Number), x.ID.Compare(y.ID))
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
