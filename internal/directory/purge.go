package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
)

// purgedAtOnce is how many deleted records one change removes at the most.
const purgedAtOnce = 200

// Purger returns the principal in whose name deleted records are removed when their time is over.
func Purger() roster.Principal {
	return roster.Principal{
		Name: "purge of deleted records", Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.Everything},
	}
}

// Purge removes the deleted records of all organizations whose time is over, a few in each change, and the
// organizations that were deleted themselves, and returns how many they were. What the history says of records stays;
// of an organization that of the instance has a note, and nothing else does. It does not load organizations.
func (s *Service) Purge(ctx context.Context) (purged int, err error) {
	orgs, err := s.AllOrgs(ctx)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, org := range orgs {
		var n int
		var err error
		switch {
		case org.IsInstance(), org.IsDeleted() && s.now() < org.PurgeAt:
		case org.IsDeleted():
			n, err = s.purgeOrg(ctx, org)
		default:
			n, err = s.purge(ctx, org.ID)
		}
		purged += n
		if err != nil { // which keeps nobody else's from going
			errs = append(errs, fmt.Errorf("purge the deleted records of organization %s: %w", org.ID, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return purged, errors.Join(errs...)
}

// purgeOrg removes an organization whose time is over. The log of the instance says so first: after a crash in between
// both are done again, of which the first is nothing then.
func (s *Service) purgeOrg(ctx context.Context, org *roster.Organization) (int, error) {
	if err := s.EnsureInstance(ctx); err != nil {
		return 0, err
	}
	if _, err := s.Do(ctx, roster.InstanceID(), Purger(), roster.NoteDeleted{Organization: org}); err != nil {
		return 0, err
	}
	_, err := s.Do(ctx, org.ID, Purger(), roster.Purge{})
	if roster.CodeOf(err) == roster.NotFound {
		return 0, nil // somebody else was faster
	}
	if err != nil {
		return 0, err
	}
	return 1, nil
}

func (s *Service) purge(ctx context.Context, org roster.ID) (purged int, err error) {
	for {
		cmds, err := s.due(ctx, org)
		if err != nil || len(cmds) == 0 {
			return purged, err
		}
		outcomes, err := s.DoEach(ctx, org, Purger(), cmds)
		if err != nil {
			return purged, err
		}
		gone := 0
		for _, o := range outcomes {
			if o.Err == nil {
				gone++
			}
		}
		if purged += gone; gone == 0 { // all were restored meanwhile
			return purged, nil
		}
	}
}

// errEnough ends a look at records.
var errEnough = errors.New("enough")

// due returns the commands that remove some of the deleted records whose time is over, as they are.
func (s *Service) due(ctx context.Context, org roster.ID) (cmds []roster.Command, err error) {
	now := s.now()
	add := func(e roster.Entity) error {
		deleted, ok := e.(roster.Deleted)
		if ok && deleted.About().PurgeAt <= now {
			tag, key := roster.Tag(roster.Shown(e, Purger().Permissions)), e.Key()
			cmds = append(cmds, roster.Delete{
				Type: key.Type, Ref: roster.Ref{ID: key.ID}, IfMatch: []string{tag},
			})
		}
		if len(cmds) == purgedAtOnce {
			return errEnough
		}
		return nil
	}
	if view := s.known(org).view.Load(); view != nil {
		err = eachDeleted(viewState{view}, add)
	} else {
		_, err = s.update(ctx, org, func(state roster.State) (roster.Change, error) {
			cmds = nil
			return roster.Change{}, eachDeleted(state, add)
		})
	}
	if errors.Is(err, errEnough) || roster.CodeOf(err) == roster.NotFound {
		err = nil
	}
	return cmds, err
}

// eachDeleted calls fn with every deleted record until fn fails, and returns that error.
func eachDeleted(state roster.State, fn func(roster.Entity) error) error {
	for _, t := range roster.DeletedTypes() {
		if err := state.Each(t, fn); err != nil {
			return err
		}
	}
	return nil
}
