package directory

import (
	"context"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Step returns what a change is to the job that it is made for, and maybe to others, given the version that it leads to
// and what became of each command. It is called inside the transaction, maybe more than once, and must have no effect.
// Where it fails, nothing is committed.
type Step = func(version roster.Version, outcomes []roster.Outcome) ([]roster.JobStep, error)

// DoStep is [Service.DoEach] for a job: what the commands do and the step are committed together, or neither is. Where
// nothing is to be done, the step alone is stored. It fails with [roster.ErrJobMoved] where the job is not any more
// what the step makes of it.
func (s *Service) DoStep(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command, step Step,
) error {
	c := newCall(by, cmds, true)
	c.step = step
	if err := s.commit(ctx, org, c); err != nil {
		return err
	}
	return s.stepAlone(ctx, org, c)
}

// DoChosen is [Service.DoStep] for commands that follow from the organization at the very version that they change. The
// change is a commit of its own.
func (s *Service) DoChosen(
	ctx context.Context, org roster.ID, by roster.Principal, choose Choose, step Step,
) error {
	c := newCall(by, nil, true)
	c.step, c.chooses = step, choose
	for done := false; !done; {
		if _, err := s.View(ctx, org); err != nil { // which may have to load it
			return err
		}
		var err error
		if done, err = s.chosen(ctx, org, c); err != nil {
			return err
		}
	}
	if c.err != nil {
		return fmt.Errorf("change organization %s: %w", org, c.err)
	}
	return s.stepAlone(ctx, org, c)
}

// Choose returns the commands that are to be carried out on an organization.
type Choose = func(roster.Users) ([]roster.Command, error)

// chosen carries out a call whose commands it has chosen. It reports false where there is no view any more.
func (s *Service) chosen(ctx context.Context, id roster.ID, c *call) (done bool, err error) {
	org := s.organization(id)
	select {
	case <-org.writer:
		defer org.release()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	view := org.view.Load()
	if view == nil {
		return false, nil
	}
	if err := c.choose(view, view.Version()); err != nil {
		return false, err
	}
	s.alone(ctx, org, c)
	return true, nil
}

// stepAlone stores the steps of a call that has changed nothing, one after the other.
func (s *Service) stepAlone(ctx context.Context, org roster.ID, c *call) error {
	if len(c.change.Ops) > 0 {
		return nil
	}
	steps, err := c.step(c.change.Version, c.outcomes)
	if err != nil {
		return err
	}
	for _, step := range steps {
		if err := s.store.PutJob(ctx, org, step); err != nil {
			return err
		}
	}
	return nil
}

// step keeps what the change is to the job of a call.
func (d *draft) step(c *call) error {
	if c.step == nil {
		return nil
	}
	if now := d.state.Version(); c.at != 0 && c.at != now {
		return roster.Errorf(roster.Unavailable, "the organization went from version %d to %d meanwhile", c.at, now)
	}
	steps, err := c.step(d.state.Version()+1, c.outcomes)
	d.steps = append(d.steps, steps...)
	return err
}

// Preview returns what would become of chosen commands on the present view, which it returns the version of.
func (s *Service) Preview(
	ctx context.Context, org roster.ID, by roster.Principal, choose Choose,
) (roster.Version, []roster.Outcome, error) {
	view, err := s.View(ctx, org)
	if err != nil {
		return 0, nil, err
	}
	cmds, err := choose(view)
	if err != nil {
		return 0, nil, err
	}
	r := Rehearsal{
		service: s, pending: roster.NewPending(&owned{State: viewState{view}}), org: org, by: by, most: mostOfStep,
	}
	outcomes, err := r.DoEach(cmds)
	return view.Version(), outcomes, err
}

// Record returns the present record of a type with an id, nil where there is none.
func (s *Service) Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error) {
	if view := s.loaded(org); view != nil {
		return viewState{view}.Get(t, id)
	}
	if t != roster.TypeOrganization {
		return s.store.Record(ctx, org, t, id)
	}
	var found roster.Entity // which stores do not keep with the records of the organization
	_, err := s.update(ctx, org, func(state roster.State) (_ roster.Change, err error) {
		found, err = state.Get(t, id)
		return roster.Change{}, err
	})
	if roster.CodeOf(err) == roster.NotFound {
		return nil, nil //nolint:nilnil // as it says
	}
	return found, err
}

// Jobs returns what keeps the jobs of organizations.
func (s *Service) Jobs() store.Jobs { return s.store }
