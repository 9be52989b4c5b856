package upkeep

import (
	"context"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Target is a store that organizations are copied into, and what reads it.
type Target struct {
	store.Filler
	store.Reader
}

// Copied is what became of an organization.
type Copied struct {
	Version roster.Version
	store.Sum

	// WasThere is set where the same organization was in the target before.
	WasThere bool
}

// Copy copies an organization, all that is kept of it, as it is at one moment, and reads the copy again to hold it to
// what was read first. The copy is complete or not there. Where the target has the organization already it is left as
// it is, and Copy fails with [roster.Conflict] unless it is the same. seen is called for every row that is read.
func Copy(ctx context.Context, from store.Reader, to Target, org roster.ID, seen func()) (c Copied, err error) {
	s, err := from.Snapshot(ctx, org)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	st, err := s.Standing(ctx)
	if err != nil {
		return c, err
	}
	c.Version = st.Version
	there, err := digest(ctx, to, org, seen)
	switch {
	case roster.CodeOf(err) == roster.NotFound:
		return c, c.fill(ctx, s, to, org, seen)
	case err != nil:
		return c, err
	}
	if c.Sum, err = store.Digest(ctx, s, seen); err != nil {
		return c, err
	}
	c.WasThere = true
	if table := c.Differs(there); table != "" {
		return c, roster.Errorf(roster.Conflict, "it is there already, and is not the same: its %s differ", table)
	}
	return c, nil
}

// fill makes the copy.
func (c *Copied) fill(ctx context.Context, s store.Snapshot, to Target, org roster.ID, seen func()) error {
	var sums store.Summing
	rows := sums.Watch(store.All(ctx, s))
	err := to.Fill(ctx, org, func(yield func(store.TableRow, error) bool) {
		for row, err := range rows {
			seen()
			if !yield(row, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	c.Sum = sums.Sum()
	there, err := digest(ctx, to, org, seen)
	if err != nil {
		return fmt.Errorf("read the copy: %w", err)
	}
	if table := c.Differs(there); table != "" {
		return fmt.Errorf("the copy is not what was read: its %s differ", table)
	}
	return nil
}

// digest reads all of an organization.
func digest(ctx context.Context, r store.Reader, org roster.ID, seen func()) (sum store.Sum, err error) {
	s, err := r.Snapshot(ctx, org)
	if err != nil {
		return sum, err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	return store.Digest(ctx, s, seen)
}
