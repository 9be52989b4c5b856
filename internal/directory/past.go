package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
)

// DefaultPastOps is the default of Options.PastOps.
const DefaultPastOps = 200_000

// Resolve returns the version of an organization that a moment names. It fails as [Service.View] does, with
// [roster.Invalid] for a moment in the future and for one before the organization was made, and with [roster.Gone]
// because of a [roster.TrimmedError] for a version that is not kept any more.
func (s *Service) Resolve(ctx context.Context, id roster.ID, m roster.Moment) (roster.Version, error) {
	view, err := s.View(ctx, id)
	if err != nil {
		return 0, err
	}
	if m.Version != 0 {
		return m.Version, s.reaches(ctx, view, m.Version)
	}
	if now := s.now(); m.At > now {
		return 0, roster.Errorf(roster.Invalid, "must not be in the future, but is %s when it is %s", m.At, now)
	}
	version, err := s.store.VersionAt(ctx, id, m.At)
	if err != nil {
		return 0, fmt.Errorf("find the version of organization %s at %s: %w", id, m.At, err)
	}
	if version == 0 {
		return 0, s.unmade(ctx, id, m.At)
	}
	version = min(version, view.Version()) // what can't be read yet is no version
	return version, s.reaches(ctx, view, version)
}

// unmade returns the error about a time before the first version.
func (s *Service) unmade(ctx context.Context, id roster.ID, at roster.Time) error {
	since, err := s.store.Since(ctx, id)
	if err != nil {
		return err
	}
	return roster.Errorf(roster.Invalid, "must not be before the first version, but is %s: the oldest version is %d",
		at, max(since, 1))
}

// reaches fails where a version is later than that of the present view, or not kept.
func (s *Service) reaches(ctx context.Context, present *index.View, version roster.Version) error {
	since, err := s.store.Since(ctx, present.Org().ID)
	if err != nil {
		return err
	}
	oldest := max(since, 1)
	switch {
	case version > present.Version() || version < 1:
		return roster.Errorf(roster.Invalid, "must be from %d to %d, the present version, not %d",
			oldest, present.Version(), version)
	case version < oldest:
		return trimmed(version, since)
	default:
		return nil
	}
}

// trimmed returns the error about a version from before what is kept.
func trimmed(version, since roster.Version) error {
	err := roster.Errorf(roster.Gone, "version %d is not kept any more: the oldest version is %d", version, since)
	err.Err = &roster.TrimmedError{Since: since}
	return err
}

// At returns the view of an organization at a version, as it was then. It is made from the history, which takes as long
// as reading the changes since or until then, whichever are fewer, and is kept as those for walks are: see
// [Service.Keep]. Requests for the same one wait for the first.
//
// It fails as [Service.Resolve] does, and with [roster.Unavailable] where more than Options.PastOps ops lie between the
// version and any that is at hand.
func (s *Service) At(ctx context.Context, id roster.ID, version roster.Version) (*index.View, error) {
	present, err := s.View(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.reaches(ctx, present, version); err != nil || present.Version() == version {
		return present, err
	}
	org := s.known(id)
	if view := org.pins.use(version, s.now()); view != nil {
		s.touch(org)
		return view, nil
	}
	// One that was begun before somebody was erased is not for who asks afterwards.
	key := id.String() + strconv.FormatInt(int64(version), 10) + " " + strconv.FormatInt(org.pins.epoch.Load(), 10)
	made := s.pasts.DoChan(key, func() (any, error) {
		return s.goBack(context.WithoutCancel(ctx), org, present, version)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-made:
		view, _ := result.Val.(*index.View)
		return view, result.Err
	}
}

// errTooFar says that too many ops lie between two versions.
var errTooFar = errors.New("there are too many ops between the versions")

// goBack makes the view of an organization at a version and keeps it. Few are made at once, whatever is asked for: each
// takes memory for the records that differ.
func (s *Service) goBack(
	ctx context.Context, org *organization, present *index.View, version roster.Version,
) (*index.View, error) {
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.background.Done()
	select {
	case s.travel <- struct{}{}:
		defer func() { <-s.travel }()
	case <-s.closing:
		return nil, store.ErrClosed
	}
	epoch := org.pins.epoch.Load()
	var tooFar error = roster.Errorf(roster.Unavailable, "more than %d records were written between version %d and "+
		"any that is in memory: the server goes no further (--history-reach)", s.pastOps, version)
	for _, base := range org.pins.around(present, version) {
		view, bytes, err := s.travelFrom(ctx, org.id, base, version)
		switch {
		case errors.Is(err, errTooFar):
		case roster.CodeOf(err) == roster.Gone: // the other way may still be open
			tooFar = err
		case err != nil:
			return nil, fmt.Errorf("go back to version %d of organization %s: %w", version, org.id, err)
		default:
			s.keepPast(org, view, bytes, epoch)
			return view, nil
		}
	}
	return nil, tooFar
}

// travelFrom makes the view at a version from one at another, or from nothing where that is nil, and estimates the
// memory that it takes up besides.
func (s *Service) travelFrom(
	ctx context.Context, id roster.ID, base *index.View, version roster.Version,
) (view *index.View, bytes int64, err error) {
	from := roster.Version(0)
	if base != nil {
		from = base.Version()
	}
	records, err := s.difference(ctx, id, from, version)
	if err != nil {
		return nil, 0, err
	}
	if base != nil {
		view, err = base.Derive(version, records)
		whole := base.Bytes()
		return view, min(int64(len(records))*ofOp(whole), whole), err
	}
	slices.SortStableFunc(records, func(a, b index.Record) int { return compareRecords(a.Entity, b.Entity) })
	builder := index.NewBuilder(s.forms)
	for _, r := range records {
		if r.Entity != nil {
			builder.Add(r.Entity)
		}
	}
	view = builder.View(version)
	return view, view.Bytes(), nil
}

// difference returns the records that may differ between two versions as they are in the second, which may be the
// earlier one. It fails with errTooFar, and with [roster.Gone] where not all changes between them are kept.
func (s *Service) difference(
	ctx context.Context, id roster.ID, from, to roster.Version,
) (records []index.Record, err error) {
	known := map[roster.Key]int{}
	back := from > to
	err = s.ops(ctx, id, min(from, to), max(from, to), func(op roster.Op) {
		key, e := op.Key(), op.After
		if back {
			e = op.Before
		}
		switch at, seen := known[key]; {
		case !seen:
			known[key] = len(records)
			records = append(records, index.Record{Key: key, Entity: e})
		case !back:
			records[at].Entity = e
		}
	})
	return records, err
}

// ops calls fn with every op of the changes after a version up to another, in order, without what was erased of
// them ([roster.Op.Left]). It fails with errTooFar after Options.PastOps of them, and with
// [roster.Gone] where not all changes are kept.
func (s *Service) ops(ctx context.Context, id roster.ID, after, to roster.Version, fn func(roster.Op)) error {
	read := 0
	for batch := firstBatch; after < to; {
		changes, err := s.changesAfter(ctx, id, after, min(batch, int(to-after)))
		if err != nil {
			return fmt.Errorf("read the history: %w", err)
		}
		if len(changes) == 0 {
			return kept(after, to)
		}
		if err := kept(after, changes[0].Version-1); err != nil {
			return err
		}
		in := 0
		for _, c := range changes {
			after, in = c.Version, in+len(c.Ops)
			eachLeft(c.Ops, fn)
		}
		if read += in; read > s.pastOps {
			return errTooFar
		}
		if s.isClosing() {
			return store.ErrClosed
		}
		batch = nextBatch(len(changes), in)
	}
	return nil
}

// eachLeft calls fn with what is left of ops.
func eachLeft(ops []roster.Op, fn func(roster.Op)) {
	for _, op := range ops {
		if op = op.Left(); op.Before != nil || op.After != nil {
			fn(op)
		}
	}
}

// firstBatch is how many changes are read at once before it is known how large they are.
const firstBatch = 16

// nextBatch returns how many changes to read next, after some with so many ops, so that those in memory have few.
func nextBatch(changes, ops int) int {
	const most, mostOps = 1000, 4000
	return min(most, max(1, mostOps*changes/max(1, ops)))
}
