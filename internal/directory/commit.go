package directory

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/trace"
)

// commit carries out a call. Calls that arrive while a transaction is under way wait in the organization's queue; the
// first of them that gets hold of the writer's token carries out the others along with its own, in one transaction.
func (s *Service) commit(ctx context.Context, id roster.ID, c *call) (err error) {
	ctx, span := trace.Begin(ctx, s.tracer, "commit")
	span.Org(id)
	span.Int("roster.commands", int64(len(c.cmds)))
	defer func() {
		span.Int("roster.version", int64(c.change.Version))
		span.End(err)
	}()
	if err := s.trace(ctx, id, c); err != nil {
		return fmt.Errorf("change organization %s: %w", id, err)
	}
	org := s.organization(id)
	s.touch(org)
	org.enqueue(c)
	select {
	case <-c.finished:
	case <-org.writer:
		s.lead(ctx, org, c)
	case <-ctx.Done():
		if org.withdraw(c) {
			return ctx.Err()
		}
		<-c.finished // it is under way, and what becomes of it must be told
	}
	if c.alone {
		if err := s.again(ctx, org, c); err != nil {
			return err
		}
	}
	s.forget(context.WithoutCancel(ctx), org, c)
	if c.err != nil {
		return fmt.Errorf("change organization %s: %w", id, c.err)
	}
	return nil
}

// lead carries out what is queued until c is done. The caller holds the writer's token, which lead gives back.
func (s *Service) lead(ctx context.Context, org *organization, c *call) {
	defer org.release()
	// Those whose calls were just finished may be about to make the next ones, which on a single processor they can
	// only do when they are let.
	runtime.Gosched()
	for !c.isFinished() {
		if batch := org.take(); len(batch) == 1 && batch[0] == c {
			s.alone(ctx, org, c)
			close(c.finished)
		} else {
			s.together(context.WithoutCancel(ctx), org, batch)
		}
	}
}

func (c *call) isFinished() bool {
	select {
	case <-c.finished:
		return true
	default:
		return false
	}
}

// again carries out a call that could not be carried out together with others.
func (s *Service) again(ctx context.Context, org *organization, c *call) error {
	select {
	case <-org.writer:
		defer org.release()
		s.alone(ctx, org, c)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// alone carries out a call in a transaction of its own. The caller holds the writer's token.
func (s *Service) alone(ctx context.Context, org *organization, c *call) {
	change, next, err := s.transact(ctx, org, []*call{c})
	c.settle(change, err)
	if err == nil {
		s.advance(context.WithoutCancel(ctx), org, change, next)
	}
	s.doubt(org, err)
}

// doubt drops the view of an organization where it is not known whether a change was committed. The caller holds the
// writer's token.
func (s *Service) doubt(org *organization, err error) {
	switch {
	case !errors.Is(err, store.ErrUnknown):
	case s.follower != nil: // as if another process had made it
		s.follower.want(org.id)
	default:
		org.bytes.Store(0)
		org.publish(nil)
	}
}

// together carries out calls in one transaction and finishes them. Those that are deferred it leaves to their callers.
// Where it can't be because of one of them, it leaves each to its caller: where a key is taken that only the store
// knows of, and where one panics, which must happen to nobody else. The caller holds the writer's token.
func (s *Service) together(ctx context.Context, org *organization, batch []*call) {
	settled := false
	defer func() {
		if !settled {
			_ = recover() // it happens again, to the caller whose call it is
		}
		for _, c := range batch {
			c.alone = !settled || c.deferred
			close(c.finished)
		}
	}()
	change, next, err := s.transact(ctx, org, batch)
	if isClientError(err) {
		return
	}
	for _, c := range batch {
		if !c.deferred {
			c.settle(change, err)
		}
	}
	settled = true
	if err == nil {
		s.advance(ctx, org, change, next)
	}
	s.doubt(org, err)
}

// transact decides on calls, each on top of those before it, and commits what they do as one change, which it returns
// with the view after it, or nil where that is still to be made.
func (s *Service) transact(
	ctx context.Context, org *organization, batch []*call,
) (change roster.Change, next *index.View, err error) {
	var a ahead
	defer a.wait()
	env := roster.Env{Org: org.id, Now: s.now(), NewID: s.newID, KeepDeleted: s.keepDeleted}
	if len(batch) == 1 && org.view.Load() == nil && !org.surprised && batch[0].mayGuess() {
		change, err := s.update(ctx, org.id, func(state roster.State) (roster.Change, error) {
			return s.guess(batch[0], state, env)
		})
		if !isClientError(err) && !errors.Is(err, errGuess) {
			return change, nil, err
		}
	}
	change, err = s.update(ctx, org.id, func(state roster.State) (roster.Change, error) {
		a.wait()
		view, err := s.decidable(org, state)
		if err != nil {
			return roster.Change{}, err
		}
		known := remember(fastest(state, view))
		if err := known.prepare(batch, view, state.Version()); err != nil {
			return roster.Change{}, err
		}
		org.surprised = known.met > 0
		d := s.newDraft(state, known, env, len(batch) == 1)
		for _, c := range batch {
			d.add(c)
		}
		if len(batch) == 1 && batch[0].err != nil {
			return roster.Change{}, batch[0].err
		}
		change := d.change(batch[0].by.Actor())
		a.begin(view, org.id, state.Version()+1, change)
		return change, nil
	})
	if err != nil {
		return change, nil, err
	}
	return change, a.after(change), nil
}

// decidable returns the view of an organization that commands may be decided on in a transaction, nil for none. The
// caller holds the writer's token.
func (s *Service) decidable(org *organization, state roster.State) (*index.View, error) {
	if s.follower == nil {
		return org.view.Load(), nil
	}
	return s.follower.decidable(org, state)
}

// prepare has the commands of calls chosen, and what they need looked up, that are about to be decided on at a version.
func (m *memo) prepare(batch []*call, view *index.View, now roster.Version) error {
	for _, c := range batch {
		if err := c.choose(view, now); err != nil {
			return err
		}
		if err := m.expect(c.cmds); err != nil {
			return err
		}
	}
	return nil
}

// advance brings the view up to a change that is committed. A view that can't be brought up is dropped: the next
// request loads it again, so that no read ever sees an old state after a write has returned. made is the view after the
// change, nil where it is still to be made. The caller holds the writer's token.
func (s *Service) advance(ctx context.Context, org *organization, change roster.Change, made *index.View) {
	if len(change.Ops) == 0 {
		return
	}
	trace.Remember(ctx, s.tracer, org.id, change.Version)
	defer s.tell(change) // after the view is there
	org.needs.Store(0)
	view := org.view.Load()
	if org.gone = deletes(change); org.gone {
		org.bytes.Store(0)
		org.history.Store(nil) // another one may get the id
		org.publish(nil)
		return
	}
	if view == nil {
		org.publish(nil) // those who wait for a version must look
		return
	}
	if s.follower != nil && change.Version != view.Version()+1 {
		if s.follower.bringUp(ctx, org) != nil {
			org.drop()
		}
		return
	}
	var next *index.View
	defer func() { // even where Apply panics
		if next == nil {
			org.bytes.Store(0)
		}
		org.publish(next)
	}()
	applied, err := made, error(nil)
	if made == nil {
		applied, err = s.apply(ctx, org.id, view, change)
	}
	if err == nil {
		next = applied
		s.grow(org, next, len(change.Ops))
		s.changed(org, len(change.Ops))
	}
}

func (s *Service) apply(
	ctx context.Context, id roster.ID, view *index.View, change roster.Change,
) (*index.View, error) {
	if change.Version == view.Version()+1 {
		return view.Apply(change)
	}
	return s.catchUp(ctx, id, view)
}
