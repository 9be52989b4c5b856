package directory

import (
	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// ahead is the view after a change that is being committed: it is made while the commit waits for the disk. The zero
// ahead is none. Whoever begins one must wait for it, for views of an organization are made one after the other.
type ahead struct {
	ops  []roster.Op
	made chan *index.View // gets the view, or nil where it can't be made
}

// begin makes the view after a change of an organization to a version that is about to be committed, if view, which may
// be nil, is the one before it. None must be under way.
func (a *ahead) begin(view *index.View, org roster.ID, version roster.Version, change roster.Change) {
	if view == nil || view.Version() != version-1 || len(change.Ops) == 0 {
		return
	}
	change.Org, change.Version = org, version
	made := make(chan *index.View, 1)
	a.ops, a.made = change.Ops, made
	go func() {
		var next *index.View
		defer func() {
			_ = recover() // it happens again, to whose change it is
			made <- next
		}()
		if applied, err := view.Apply(change); err == nil {
			next = applied
		}
	}()
}

// wait returns the view that was begun, or nil.
func (a *ahead) wait() *index.View {
	if a.made == nil {
		return nil
	}
	next := <-a.made
	a.made = nil
	return next
}

// after returns the view after a change that is committed, if that is the one that was begun, or nil.
func (a *ahead) after(change roster.Change) *index.View {
	next := a.wait()
	same := next != nil && next.Version() == change.Version &&
		len(change.Ops) == len(a.ops) && &change.Ops[0] == &a.ops[0]
	if !same {
		return nil
	}
	return next
}
