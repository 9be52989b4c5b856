package directory

import (
	"context"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// Do carries out commands as one change, all or none, and returns the change; it has no ops where nothing was to be
// done. It fails as [roster.Decide] does, with a unique key's [roster.Conflict], and with [roster.Unavailable]
// where the store can't commit now.
func (s *Service) Do(
	ctx context.Context, org roster.ID, by roster.Principal, cmds ...roster.Command,
) (roster.Change, error) {
	change, _, err := s.commit(ctx, org, by, cmds, false)
	return change, err
}

// DoEach carries out commands as one change, without those that are refused, and returns what became of each. An
// error means that none was carried out.
func (s *Service) DoEach(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
) ([]roster.Outcome, error) {
	_, outcomes, err := s.commit(ctx, org, by, cmds, true)
	return outcomes, err
}

// CreateOrg makes an organization with the next free number unless it has one, and returns it.
func (s *Service) CreateOrg(
	ctx context.Context, by roster.Principal, org roster.Organization,
) (*roster.Organization, error) {
	if org.ID.IsZero() {
		id, err := s.newID()
		if err != nil {
			return nil, err
		}
		org.ID = id
	}
	given := org.Number
	for {
		if given == 0 {
			number, err := s.nextOrgNumber(ctx)
			if err != nil {
				return nil, err
			}
			org.Number = number
		}
		change, err := s.Do(ctx, org.ID, by, roster.Create{Record: &org})
		if err == nil {
			return made(change), nil
		}
		taken := roster.CodeOf(err) == roster.Conflict && roster.AsError(err).Field == "number"
		if !taken || given != 0 {
			return nil, err
		} // another organization was made meanwhile: the number after it is free
	}
}

// made returns the organization that a change made, its Version filled.
func made(change roster.Change) *roster.Organization {
	for _, op := range change.Ops {
		if o, ok := op.After.(*roster.Organization); ok {
			filled := *o
			filled.Version = change.Version
			return &filled
		}
	}
	panic("directory: a change that creates an organization has no op on it")
}

func (s *Service) nextOrgNumber(ctx context.Context) (int64, error) {
	next := int64(1)
	err := s.store.Orgs(ctx, func(o *roster.Organization) error {
		next = max(next, o.Number+1)
		return nil
	})
	return next, err
}

// commit decides on commands, commits what they do as one change and publishes the view that results.
func (s *Service) commit(
	ctx context.Context, id roster.ID, by roster.Principal, cmds []roster.Command, each bool,
) (roster.Change, []roster.Outcome, error) {
	org := s.organization(id)
	select {
	case <-org.writer:
		defer func() { org.writer <- struct{}{} }()
	case <-ctx.Done():
		return roster.Change{}, nil, ctx.Err()
	}
	env := roster.Env{Org: id, By: by, Now: s.now(), NewID: s.newID}
	var outcomes []roster.Outcome
	change, err := s.store.Update(ctx, id, func(state roster.State) (roster.Change, error) {
		pending := roster.NewPending(remember(fastest(state, org.view.Load())))
		var err error
		if outcomes, err = decide(pending, env, cmds, each); err != nil {
			return roster.Change{}, err
		}
		return roster.Change{At: env.Now, Actor: by.Actor(), Ops: pending.Ops()}, nil
	})
	if err != nil {
		return roster.Change{}, nil, fmt.Errorf("change organization %s: %w", id, err)
	}
	s.advance(context.WithoutCancel(ctx), org, change)
	return change, outcomes, nil
}

// decide puts on top of pending what commands do, where each is set without those that are refused.
func decide(pending *roster.Pending, env roster.Env, cmds []roster.Command, each bool) ([]roster.Outcome, error) {
	outcomes := make([]roster.Outcome, 0, len(cmds))
	for _, cmd := range cmds {
		ops, err := roster.Decide(pending, env, cmd)
		if err != nil && (!each || !isClientError(err)) {
			return nil, err
		}
		pending.Add(ops...)
		outcomes = append(outcomes, roster.Outcome{Ops: ops, Err: err})
	}
	return outcomes, nil
}

// advance brings the view up to a change that is committed. A view that can't be brought up is dropped: the next
// request loads it again, so that no read ever sees an old state after a write has returned.
func (s *Service) advance(ctx context.Context, org *organization, change roster.Change) {
	view := org.view.Load()
	if view == nil || len(change.Ops) == 0 {
		return
	}
	next, err := s.apply(ctx, org.id, view, change)
	if err != nil {
		next = nil
	}
	org.publish(next)
}

func (s *Service) apply(
	ctx context.Context, id roster.ID, view *index.View, change roster.Change,
) (*index.View, error) {
	if change.Version == view.Version()+1 {
		return view.Apply(change)
	}
	return s.catchUp(ctx, id, view)
}
