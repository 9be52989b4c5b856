package directory

import (
	"cmp"
	"context"
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
	changes, err := s.store.Changes(ctx, id, after, limit)
	if err != nil {
		return nil, err
	}
	view := s.loaded(id)
	if len(changes) > 0 {
		return published(changes, view), kept(after, changes[0].Version-1)
	}
	if view == nil || view.Version() <= after {
		return nil, nil
	}
	// The view may have moved on since the store was asked: what it shows now is committed.
	if changes, err = s.store.Changes(ctx, id, after, limit); err != nil || len(changes) > 0 {
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
