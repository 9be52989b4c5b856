package directory

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// Changes returns the changes of an organization after a version, oldest first and without a gap, at most limit (> 0)
// of them. There are none after the present version, which is that of the view where there is one: what is committed
// and not yet to be read is not told yet. There are none for an organization that does not exist. Where not all of
// them are kept any more it fails with [roster.Gone] because of a [roster.TrimmedError].
func (s *Service) Changes(
	ctx context.Context, id roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	changes, err := s.changesAfter(ctx, id, after, limit)
	if err != nil {
		return nil, err
	}
	view := s.loaded(id)
	if len(changes) > 0 {
		return published(changes, view), kept(after, changes[0].Version-1)
	}
	if view == nil {
		since, err := s.store.Since(ctx, id)
		if roster.CodeOf(err) == roster.NotFound {
			return nil, nil
		}
		return nil, errors.Join(err, kept(after, since))
	}
	if view.Version() <= after {
		return nil, nil
	}
	// The view may have moved on since the store was asked: what it shows now is committed.
	if changes, err = s.changesAfter(ctx, id, after, limit); err != nil || len(changes) > 0 {
		return published(changes, view), err
	}
	return nil, kept(after, view.Version())
}

// published returns the changes that a view, which may be nil, shows already.
func published(changes []roster.Change, view *index.View) []roster.Change {
	if view == nil {
		return changes
	}
	beyond, _ := slices.BinarySearchFunc(changes, view.Version()+1, func(c roster.Change, v roster.Version) int {
		return cmp.Compare(c.Version, v)
	})
	return changes[:beyond]
}

// kept fails where changes are asked for after a version before the first after which all are there.
func kept(after, since roster.Version) error {
	if after >= since {
		return nil
	}
	err := roster.Errorf(roster.Gone, "the changes after version %d are not kept any more, only those after "+
		"version %d: read the records again and go on from their version", after, since)
	err.Err = &roster.TrimmedError{Since: since}
	return err
}

// Wait returns the view of an organization once it is at least at a version. It ends with ctx. Waiting alone does not
// keep an organization in memory.
func (s *Service) Wait(ctx context.Context, id roster.ID, version roster.Version) (*index.View, error) {
	for first := true; ; first = false {
		org := s.organization(id)
		next := org.next() // before the view is read, so that no replacement is missed
		if first || s.mayBeAt(ctx, org, version) {
			view, err := s.View(ctx, id)
			if err != nil || view.Version() >= version {
				return view, err
			}
		}
		if first && s.follower != nil { // somebody else may have made it
			if err := s.refresh(ctx, id, version); err != nil {
				return nil, err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-next:
		}
	}
}

// mayBeAt reports whether the view of an organization that has moved is worth a look: not where it was only forgotten
// to make room, or those who wait for several organizations would load one after the other for ever.
func (s *Service) mayBeAt(ctx context.Context, org *organization, version roster.Version) bool {
	if org.view.Load() != nil {
		return true
	}
	reached, err := s.changesAfter(ctx, org.id, version-1, 1)
	if err != nil || len(reached) > 0 {
		return true
	}
	rest, err := s.changesAfter(ctx, org.id, 0, 1)
	return err != nil || len(rest) == 0 // the organization is gone
}
