package emulate

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/fault"
)

// mostSnapshots is how many snapshots are kept: far more than tests need, and a bound for one that forgets its own.
const mostSnapshots = 100

// Reset puts everything back as it was when the instance had started: records, tokens, the plan of faults and the
// clock. What counts begins anew: rate limits, the numbers of requests that faults go by, caches, walks from page to
// page, and what is recorded and found of clients. Requests that are under way are answered as if it came after them,
// and what they write is gone. It takes as long as what has been written since is much, and fails with
// [roster.Unavailable] once the instance is being closed.
func (i *Instance) Reset(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.restore(ctx, i.start)
}

// Snapshot keeps everything that [Instance.Reset] puts back as it is now under a name, in the place of any that has it.
// A name is 1 to 100 letters, digits, dots, hyphens and underscores. It fails with [roster.Invalid] for any other, and
// with [roster.Conflict] where there are 100 snapshots.
func (i *Instance) Snapshot(ctx context.Context, name string) error {
	if len(name) < 1 || len(name) > 100 || strings.Trim(name, nameLetters) != "" {
		return roster.FieldErrorf("name", "must be 1 to 100 letters, digits, dots, hyphens and underscores, not %q",
			name)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.snapshots[name] == nil && len(i.snapshots) == mostSnapshots {
		return roster.Errorf(roster.Conflict, "there are %d snapshots, which is the most: delete one", mostSnapshots)
	}
	p, err := i.present.Load().past(ctx)
	if err != nil {
		return err
	}
	i.snapshots[name] = p
	return nil
}

// nameLetters are what the names of snapshots are made of.
const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// Restore puts everything back as it was at a snapshot, as [Instance.Reset] does. The snapshot stays. It fails with
// [roster.NotFound] where there is none of the name.
func (i *Instance) Restore(ctx context.Context, name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	p := i.snapshots[name]
	if p == nil {
		return noSnapshot(name)
	}
	return i.restore(ctx, p)
}

// DropSnapshot forgets a snapshot. It fails with [roster.NotFound] where there is none of the name.
func (i *Instance) DropSnapshot(name string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.snapshots[name] == nil {
		return noSnapshot(name)
	}
	delete(i.snapshots, name)
	return nil
}

func noSnapshot(name string) error {
	return roster.Errorf(roster.NotFound, "there is no snapshot %q", name)
}

// Snapshots returns the names of the snapshots in order.
func (i *Instance) Snapshots() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Sorted(maps.Keys(i.snapshots))
}

// SetFaults has other things go wrong from now on; their numbers begin anew. It fails with [roster.Invalid] for a plan
// that does not fit the dialects, and the old one stays.
func (i *Instance) SetFaults(plan *fault.Plan) error {
	if err := plan.Check(i.dialects); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	next, err := i.withPlan(i.present.Load(), plan)
	if err != nil {
		return err
	}
	return i.enter(next)
}

// Plan returns what goes wrong at present. It must not be changed.
func (i *Instance) Plan() *fault.Plan { return i.present.Load().faults.Plan }

// Now returns the time that the APIs' clock shows, and by how much it is moved.
func (i *Instance) Now() (time.Time, time.Duration) {
	clock := i.present.Load().faults.Clock
	return clock.Now(), clock.Shifted()
}

// SetShift has the APIs' clock show another time than the machine's, by d more.
func (i *Instance) SetShift(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.present.Load().faults.Clock.Set(d)
}

// restore has a past moment come again. The caller holds mu.
func (i *Instance) restore(ctx context.Context, p *past) error {
	next, err := i.newMoment(ctx, p)
	if err != nil {
		return err
	}
	old := i.present.Load()
	if err := i.enter(next); err != nil {
		next.directory.Close()
		return err
	}
	i.inspector.Reset()
	i.closing.Go(old.directory.Close) // which may have to wait for what it does in the background
	return nil
}

// enter makes a moment the present one. The caller holds mu.
func (i *Instance) enter(next *moment) error {
	if i.ending {
		return roster.Errorf(roster.Unavailable, "the emulation is ending")
	}
	i.present.Swap(next).drain()
	return nil
}
