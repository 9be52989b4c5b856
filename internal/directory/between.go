package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
)

// Between returns what became of the records of an organization from one version to another, in at most one op for each
// and as if it had happened at once, by type, number and id: what was made and deleted in between is not among them,
// and neither is what is as it was. The second version may be the earlier one; then what was done in between is undone.
// The Version of an organization means nothing. What is returned is shared and must not be modified.
//
// It fails as [Service.Resolve] does, and with [roster.Unavailable] where there are more than Options.PastOps ops
// between the versions.
func (s *Service) Between(ctx context.Context, id roster.ID, from, to roster.Version) ([]roster.Op, error) {
	present, err := s.View(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, version := range []roster.Version{from, to} {
		if err := s.reaches(ctx, present, version); err != nil {
			return nil, err
		}
	}
	org := s.known(id)
	now := s.now()
	if ops, known := org.pins.diff(from, to, now, after(now, s.walkTime)); known {
		return ops, nil
	}
	select {
	case s.travel <- struct{}{}:
		defer func() { <-s.travel }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	epoch := org.pins.epoch.Load()
	ops, err := s.net(ctx, id, from, to)
	if errors.Is(err, errTooFar) {
		return nil, roster.Errorf(roster.Unavailable, "more than %d records were written between the versions %d and "+
			"%d: the server compares nothing that is further apart (--history-reach)",
			s.pastOps, min(from, to), max(from, to))
	}
	if err != nil {
		return nil, fmt.Errorf("compare versions %d and %d of organization %s: %w", from, to, id, err)
	}
	s.keepDiff(org, diff{from: from, to: to, ops: ops, until: after(s.now(), s.walkTime)}, epoch)
	return ops, nil
}

// net reads what Between returns.
func (s *Service) net(ctx context.Context, id roster.ID, from, to roster.Version) ([]roster.Op, error) {
	var ops []roster.Op
	known := map[roster.Key]int{}
	err := s.ops(ctx, id, min(from, to), max(from, to), func(op roster.Op) {
		key := op.Key()
		if at, seen := known[key]; seen {
			ops[at].After = op.After
			return
		}
		known[key] = len(ops)
		ops = append(ops, op)
	})
	if err != nil {
		return nil, err
	}
	failed := error(nil)
	ops = slices.DeleteFunc(ops, func(op roster.Op) bool {
		same, err := isNothing(op)
		failed = errors.Join(failed, err)
		return same
	})
	if from > to {
		for i, op := range ops {
			ops[i] = roster.Op{Before: op.After, After: op.Before}
		}
	}
	slices.SortFunc(ops, func(a, b roster.Op) int { return compareRecords(left(a), left(b)) })
	return ops, failed
}

// left returns the record that an op leaves behind, or the one that it deletes.
func left(op roster.Op) roster.Entity {
	if op.After != nil {
		return op.After
	}
	return op.Before
}

// isNothing reports whether a record is after an op what it was before.
func isNothing(op roster.Op) (bool, error) {
	if op.Before == nil || op.After == nil {
		return op.Before == op.After, nil
	}
	before, err := encodeBare(op.Before)
	if err != nil {
		return false, err
	}
	after, err := encodeBare(op.After)
	return err == nil && bytes.Equal(before, after), err
}

// encodeBare returns the document of a record, that of an organization without what is kept apart.
func encodeBare(e roster.Entity) ([]byte, error) {
	if o, ok := e.(*roster.Organization); ok {
		bare := *o
		bare.Version, bare.Next = 0, roster.Numbers{}
		e = &bare
	}
	return roster.EncodeEntity(e)
}
