package directory

import (
	"context"

	"github.com/roster-dev/roster"
)

// Do carries out commands in one commit, all or none, and returns the change: Ops are what these commands did, none
// where nothing was to be done, and at Version the organization has them. Calls of one actor that come at the same time
// may share a commit, and so Version, At and one record in [Service.Changes] with the ops of all, unless they are about
// the same records; each of them sees what those before it did, and one that is refused leaves nothing behind and does
// not touch the others. The commands are one write of the audit, unless they change nothing but what users do.
//
// Where the principal's [roster.Cause] has the commands carried out once, and they were carried out less than
// [roster.OnceFor] ago, Do fails with a [*roster.RepeatedError], or with [roster.KeyReused] where the request is
// another one. Of calls with one key that come at the same time one is carried out, and the others wait for it. What
// changes nothing or is refused does not count.
//
// It fails as [roster.Decide] does (the refusal of one of several commands is a [roster.CommandError]), with a unique
// key's [roster.Conflict], and with [roster.Unavailable] where the store can't commit now. When ctx ends while the call
// waits for others, it fails with ctx's error and nothing is done; once its commit is under way, it returns what
// becomes of that.
func (s *Service) Do(
	ctx context.Context, org roster.ID, by roster.Principal, cmds ...roster.Command,
) (roster.Change, error) {
	c := newCall(by, cmds, false)
	if err := s.commit(ctx, org, c); err != nil {
		return roster.Change{}, err
	}
	return c.change, nil
}

// DoAll is [Service.Do] for who must know what became of each command; where one is refused, the error is a
// [roster.CommandError]. The outcomes have no errors.
func (s *Service) DoAll(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
) ([]roster.Outcome, error) {
	c := newCall(by, cmds, false)
	if err := s.commit(ctx, org, c); err != nil {
		return nil, err
	}
	return c.outcomes, nil
}

// DoEach carries out commands in one commit, without those that are refused, and returns what became of each. An error
// means that none was carried out. Like [Service.Do] it may share its commit with other calls.
func (s *Service) DoEach(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
) ([]roster.Outcome, error) {
	c := newCall(by, cmds, true)
	if err := s.commit(ctx, org, c); err != nil {
		return nil, err
	}
	return c.outcomes, nil
}

// CreateOrg makes an organization as MakeOrg does, and returns it.
func (s *Service) CreateOrg(
	ctx context.Context, by roster.Principal, org roster.Organization,
) (*roster.Organization, error) {
	change, err := s.MakeOrg(ctx, by, org)
	if err != nil {
		return nil, err
	}
	return made(change), nil
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

// nextOrgNumber returns a number that no organization has, or had as far as the instance has noted its end.
func (s *Service) nextOrgNumber(ctx context.Context) (int64, error) {
	next := int64(1)
	err := s.store.Orgs(ctx, func(o *roster.Organization) error {
		next = max(next, o.Number+1, o.Next.Next(roster.TypeOrganization))
		return nil
	})
	return next, err
}
