package directory

import (
	"context"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
)

// bringUp reads what was committed to an organization since the view was made, or since listeners know, and takes it
// in. The caller holds the writer's token. Where it fails, all is as after the changes that were taken in.
func (f *follower) bringUp(ctx context.Context, org *organization) error {
	for batch, again := firstBatch, false; ; {
		after := f.place(org)
		changes, err := f.Service.store.Changes(ctx, org.id, after, batch)
		if err != nil {
			return err
		}
		if len(changes) == 0 || changes[0].Version != after+1 {
			version, err := f.store.Version(ctx, org.id)
			if len(changes) == 0 && version > after && !again {
				again = true // it was written to since
				continue
			}
			return f.lose(org, version, err)
		}
		f.takeIn(org, changes)
		if again = false; len(changes) < batch {
			return nil
		}
		ops := 0
		for i := range changes {
			ops += len(changes[i].Ops)
		}
		batch = nextBatch(len(changes), ops)
	}
}

// place returns the version after which there is something to learn of an organization.
func (f *follower) place(org *organization) roster.Version {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.told[org.id]
	if view := org.view.Load(); view != nil && (!f.isReady() || view.Version() < at) {
		return view.Version()
	}
	return at
}

// lose takes in that there is no change after what is known of an organization which is at a version now, or of which
// err says why that is not known: it is as it was, not all that it was is kept, it is gone, or it was set back, as by a
// failover that has lost something. Listeners go on from there. The caller holds the writer's token.
func (f *follower) lose(org *organization, version roster.Version, err error) error {
	view := org.view.Load()
	switch {
	case roster.CodeOf(err) == roster.NotFound:
		f.remove(org)
		return nil
	case err != nil:
		return err
	case view != nil && view.Version() != version:
		org.drop()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told[org.id] = version
	return nil
}

// drop has the view loaded again when it is next asked for. The caller holds the writer's token.
func (o *organization) drop() {
	o.bytes.Store(0)
	o.publish(nil)
}

// remove takes in that an organization is gone. The caller holds the writer's token.
func (f *follower) remove(org *organization) {
	f.mu.Lock()
	told, known := f.told[org.id]
	delete(f.told, org.id)
	f.mu.Unlock()
	view := org.view.Load()
	if !known && view == nil {
		return
	}
	before := &roster.Organization{ID: org.id}
	if view != nil {
		before = view.Org()
	}
	org.history.Store(nil)
	org.drop()
	f.announce(roster.Change{Org: org.id, Version: told + 1, Ops: []roster.Op{{Before: before}}})
}

// takeIn brings an organization up to changes that are committed, the first of which follows what place returns, and
// tells of those that are news. A view that can't be brought up is dropped. The caller holds the writer's token.
func (f *follower) takeIn(org *organization, changes []roster.Change) {
	org.needs.Store(0)
	org.gone = false
	was := org.view.Load()
	view, ops := was, 0
	for i := range changes {
		if slices.ContainsFunc(changes[i].Ops, roster.Op.IsErased) {
			org.pins.forget(changes[i].Version)
		}
		if view == nil || changes[i].Version != view.Version()+1 {
			continue
		}
		view = applied(view, changes[i])
		ops += len(changes[i].Ops)
	}
	switch {
	case was == nil:
		org.publish(nil) // those who wait for a version must look
	case view != was:
		f.replace(org, view, ops)
	}
	for i := range changes {
		f.tell(changes[i])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats.Changes += int64(len(changes))
}

// applied returns the view after a change that somebody else has made, or nil where it must be loaded again.
func applied(view *index.View, change roster.Change) (next *index.View) {
	if isUncounted(change) {
		return nil
	}
	defer func() { _ = recover() }() // what is loaded anew may be better
	next, err := view.Apply(change)
	if err != nil {
		return nil
	}
	return next
}

// isUncounted reports whether a record was made by a change that was erased since: which number it had the change does
// not tell any more.
func isUncounted(change roster.Change) bool {
	return slices.ContainsFunc(change.Ops, func(op roster.Op) bool {
		_, erased := op.After.(roster.Erased)
		return erased && op.Before == nil && !op.Key().Type.IsDeleted()
	})
}

// replace publishes a view that ops have led to, nil for none. The caller holds the writer's token.
func (f *follower) replace(org *organization, view *index.View, ops int) {
	if view == nil {
		org.drop()
		return
	}
	org.publish(view)
	f.grow(org, view, ops)
	f.changed(org, ops)
}

// tell tells of a change that can be read, where it is the next one that listeners are to know; one that comes too
// early is told later. The caller holds the writer's token.
func (f *follower) tell(change roster.Change) {
	if !f.isReady() {
		return
	}
	f.mu.Lock()
	told := f.told[change.Org]
	next := change.Version == told+1
	if next {
		f.told[change.Org] = change.Version
	}
	f.mu.Unlock()
	switch {
	case next && deletes(change):
		f.mu.Lock()
		delete(f.told, change.Org)
		f.mu.Unlock()
		f.announce(change)
	case next:
		f.announce(change)
	case change.Version > told:
		f.want(change.Org)
	}
}

// decidable returns the view of an organization, which may be nil, brought up to what a transaction finds where others
// have written since, if that is not too much. What it takes in is committed, whatever becomes of the transaction. The
// caller holds the writer's token.
func (f *follower) decidable(org *organization, state roster.State) (*index.View, error) {
	const most = 1000 // changes
	view := org.view.Load()
	if view == nil || view.Version() == state.Version() {
		return view, nil
	}
	if view.Version() > state.Version() { // what it shows was lost
		org.drop()
		f.want(org.id)
		return nil, nil //nolint:nilnil // as it says
	}
	recent, ok := state.(store.Recent)
	if missed := state.Version() - view.Version(); !ok || missed > most {
		return view, nil
	}
	changes, err := recent.Changes(view.Version(), most)
	if err != nil {
		return nil, err
	}
	if len(changes) > 0 && changes[0].Version == view.Version()+1 {
		f.takeIn(org, changes)
	}
	return org.view.Load(), nil
}

// refresh brings the view of an organization up to what is committed, where others write and it is in memory but not at
// a version yet, which is the present one for 0.
func (s *Service) refresh(ctx context.Context, id roster.ID, version roster.Version) error {
	org := s.known(id)
	isThere := func() bool {
		view := org.view.Load()
		return view == nil || version != 0 && view.Version() >= version
	}
	if s.follower == nil || isThere() {
		return nil
	}
	select {
	case <-org.writer:
		defer org.release()
	case <-ctx.Done():
		return ctx.Err()
	}
	if isThere() {
		return nil
	}
	return s.follower.bringUp(ctx, org)
}
