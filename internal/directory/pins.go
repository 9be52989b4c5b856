package directory

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// The defaults of Options.WalkTime and Options.WalkVersions.
const (
	defaultWalkTime     = 10 * time.Minute
	defaultWalkVersions = 64
)

// pins are the views of an organization that somebody wants to come back to, whatever is written meanwhile.
type pins struct {
	mu    sync.Mutex
	list  []pin  // guarded by mu
	diffs []diff // what was found out lately about pairs of versions, the latest use last; guarded by mu
	// erased is the version in which somebody was erased last: no view of before is kept any more; guarded by mu
	erased roster.Version
	// epoch counts how often all of that was dropped: what was begun before must not be kept.
	epoch atomic.Int64
}

// pin is a view that is kept.
type pin struct {
	view  *index.View
	keep  time.Duration // since the last use
	until roster.Time
	ops   int64 // of the organization, when the view was first kept
	bytes int64 // what a view takes up that was made from the history; 0 for one that was the present one
}

// Keep keeps a view of an organization for [Service.ViewAt]: for so long since its last use, Options.WalkTime at the
// most, and for that long where the time is 0. Of an organization's views at most Options.WalkVersions are kept, and
// those go first whose time would end first. It does nothing where the organization is not in memory. It never waits
// for a writer.
//
// Views share nearly all of their memory with the present one; what a view that is kept holds besides is estimated and
// counts in Options.MaxBytes. All views of an organization that are kept go with the present one when that is evicted,
// and when nothing else is left to make room for it.
func (s *Service) Keep(id roster.ID, view *index.View, most time.Duration) {
	org := s.known(id)
	if s.walkTime <= 0 || s.walkVersions <= 0 {
		return
	}
	if most <= 0 || most > s.walkTime {
		most = s.walkTime
	}
	now := s.now()
	org.pins.mu.Lock()
	defer org.pins.mu.Unlock()
	if view.Version() < org.pins.erased { // it may show who was erased while it was looked at
		return
	}
	if org.view.Load() == nil { // after which nothing would end the pin; whoever evicts clears pins later than the view
		return
	}
	if p := org.pins.find(view.Version()); p != nil {
		p.keep = max(p.keep, most)
		p.until = max(p.until, after(now, most))
		return
	}
	org.pins.expire(now)
	org.pins.shrink(s.walkVersions - 1)
	org.pins.list = append(org.pins.list, pin{view: view, keep: most, until: after(now, most), ops: org.ops.Load()})
}

// ViewAt returns the view of an organization at a version that a walk began at: the present one, one that is kept,
// which begins its time anew, or one that is made from the history as [Service.At] does. It fails as [Service.View]
// does, and with [roster.Gone] where the history does not have the version any more, it is too far from any that is at
// hand, or somebody was erased since, who would be missing on the rest of the walk.
func (s *Service) ViewAt(ctx context.Context, id roster.ID, version roster.Version) (*index.View, error) {
	org := s.known(id)
	if view := org.pins.use(version, s.now()); view != nil {
		s.touch(org)
		return view, nil
	}
	view, err := s.View(ctx, id)
	if err != nil || view.Version() == version {
		return view, err
	}
	return s.remake(ctx, id, version)
}

// remake makes the view that a walk began at from the history; another process may have begun it, at a version that is
// still to be followed.
func (s *Service) remake(ctx context.Context, id roster.ID, version roster.Version) (*index.View, error) {
	if err := s.refresh(ctx, id, version); err != nil {
		return nil, err
	}
	gone := roster.Errorf(roster.Gone, "version %d is no longer kept", version)
	if version < s.Erased(id) {
		return nil, gone
	}
	view, err := s.At(ctx, id, version)
	switch code := roster.CodeOf(err); {
	case code == roster.Gone || code == roster.Invalid || code == roster.Unavailable:
		gone.Err = err
		return nil, gone
	case err == nil && version < s.Erased(id):
		return nil, gone
	}
	return view, err
}

func after(t roster.Time, d time.Duration) roster.Time { return t + roster.Time(d.Milliseconds()) }

// use returns the view at a version, or nil where none is kept.
func (p *pins) use(version roster.Version, now roster.Time) *index.View {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(now)
	found := p.find(version)
	if found == nil {
		return nil
	}
	found.until = after(now, found.keep)
	return found.view
}

// find is called with mu held, as all that follow are, but for held and clear.
func (p *pins) find(version roster.Version) *pin {
	for i := range p.list {
		if p.list[i].view.Version() == version {
			return &p.list[i]
		}
	}
	return nil
}

// expire drops the views whose time has ended.
func (p *pins) expire(now roster.Time) {
	p.list = slices.DeleteFunc(p.list, func(p pin) bool { return p.until <= now })
	p.diffs = slices.DeleteFunc(p.diffs, func(d diff) bool { return d.until <= now })
}

// shrink drops views, those whose time ends first before others, until there are at most so many.
func (p *pins) shrink(most int) {
	for len(p.list) > most {
		first := 0
		for i := range p.list {
			if p.list[i].until < p.list[first].until {
				first = i
			}
		}
		p.list = slices.Delete(p.list, first, first+1)
	}
}

// clear drops all views.
func (p *pins) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list, p.diffs = nil, nil
	p.epoch.Add(1)
}

// forget drops all views because somebody was erased at a version.
func (p *pins) forget(version roster.Version) {
	p.mu.Lock()
	p.erased = max(p.erased, version)
	p.mu.Unlock()
	p.clear()
}

// erasedAt returns the version in which somebody was erased last.
func (p *pins) erasedAt() roster.Version {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.erased
}

// held estimates how much memory the views hold that the present one, of so many bytes, does not, after so many ops of
// the organization. An op replaces a part of each index, which the views before it keep.
func (p *pins) held(bytes, ops int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	most, own := int64(0), int64(0)
	for _, pin := range p.list {
		if own += pin.bytes; pin.bytes == 0 {
			most = max(most, ops-pin.ops)
		}
	}
	for _, d := range p.diffs {
		own += d.bytes()
	}
	return own + min(most*ofOp(bytes), int64(len(p.list))*bytes)
}

// ofOp estimates how much of a view of so many bytes an op replaces.
func ofOp(bytes int64) int64 { return 64<<10 + bytes/2048 }

// sweep drops the views whose time has ended, and reports whether any are left.
func (p *pins) sweep(now roster.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(now)
	return len(p.list) > 0
}
