package directory

import (
	"context"
	"fmt"

	"github.com/roster-dev/roster"
)

// trace looks for what the erasures among the commands of a call are to erase, before the call waits for others: the
// history may be long. What can't be erased is left to be refused.
func (s *Service) trace(ctx context.Context, org roster.ID, c *call) error {
	for _, cmd := range c.cmds {
		erase, ok := cmd.(roster.Erase)
		if !ok {
			continue
		}
		user, err := s.whom(ctx, org, c.by, erase)
		if err != nil {
			return err
		}
		if user.IsZero() {
			continue
		}
		if c.traces == nil {
			c.traces = map[roster.ID]*roster.Traces{}
		}
		if c.traces[user], err = s.store.Traces(ctx, org, user); err != nil {
			return err
		}
	}
	return nil
}

// whom returns the user that a command would erase, none where it would be refused.
func (s *Service) whom(
	ctx context.Context, org roster.ID, by roster.Principal, cmd roster.Erase,
) (user roster.ID, err error) {
	env := roster.Env{Org: org, By: by, Now: s.now(), NewID: s.newID}
	_, err = s.update(ctx, org, func(state roster.State) (roster.Change, error) {
		ops, err := roster.Decide(state, env, cmd)
		user = erased(ops)
		if isClientError(err) {
			err = nil
		}
		return roster.Change{}, err
	})
	return user, err
}

// erased returns the user whom the ops of an erasure are about, which is the first of them.
func erased(ops []roster.Op) roster.ID {
	if len(ops) == 0 {
		return roster.ID{}
	}
	return ops[0].Key().ID
}

// erasures returns what a call that was decided on erases.
func (c *call) erasures() (all []roster.Erasure) {
	for i, cmd := range c.cmds {
		if _, ok := cmd.(roster.Erase); !ok || i >= len(c.outcomes) || c.outcomes[i].Err != nil {
			continue
		}
		user := erased(c.outcomes[i].Ops)
		all = append(all, roster.Erasure{User: user, Traces: c.traces[user]})
	}
	return all
}

// forget lets go of what is kept of people who were erased: of views of the past, and where the store can, of what it
// has overwritten. Where it can't, [Service.Scrub] does so later.
func (s *Service) forget(ctx context.Context, org *organization, c *call) {
	if c.err != nil || len(c.erasures()) == 0 {
		return
	}
	org.pins.forget(c.change.Version)
	_ = s.store.Scrub(ctx)
}

// Erased returns the version in which somebody of an organization was erased last, as far as the service has seen it,
// or 0. What was made of an older version before it returned that may show the person; what is made later does not.
func (s *Service) Erased(org roster.ID) roster.Version {
	return s.known(org).pins.erasedAt()
}

// Scrub has the store overwrite on disk what is left there of people who were erased. It fails with
// [roster.Unavailable] where somebody reads that: then it must be called again.
func (s *Service) Scrub(ctx context.Context) error {
	if err := s.store.Scrub(ctx); err != nil {
		return fmt.Errorf("scrub what was erased: %w", err)
	}
	return nil
}
