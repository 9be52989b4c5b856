package directory

import (
	"context"

	"github.com/roster-dev/roster"
)

// Rehearsal decides on commands without carrying any out. It is not safe for concurrent use, and keeps what the
// commands would have done in memory.
type Rehearsal struct {
	service *Service
	pending *roster.Pending
	org     roster.ID
	by      roster.Principal
	most    int // as decide has it
}

// Rehearse begins a rehearsal on the present view of an organization; what is committed later does not show in it. It
// fails with [roster.NotFound] where there is no such organization.
func (s *Service) Rehearse(ctx context.Context, org roster.ID, by roster.Principal) (*Rehearsal, error) {
	view, err := s.View(ctx, org)
	if err != nil {
		return nil, err
	}
	return &Rehearsal{service: s, pending: roster.NewPending(&owned{State: viewState{view}}), org: org, by: by}, nil
}

// DoEach returns what would become of commands if [Service.DoEach] carried them out after those of earlier calls.
func (r *Rehearsal) DoEach(cmds []roster.Command) ([]roster.Outcome, error) {
	env := roster.Env{Org: r.org, By: r.by, Now: r.service.now(), NewID: r.service.newID}
	env.KeepDeleted = r.service.keepDeleted
	return decide(r.pending, env, cmds, true, r.most)
}

// DryRun returns what DoEach would for commands on the present view, and changes nothing. The ids of new records are
// not those that they would have.
func (s *Service) DryRun(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
) ([]roster.Outcome, error) {
	r, err := s.Rehearse(ctx, org, by)
	if err != nil {
		return nil, err
	}
	return r.DoEach(cmds)
}
