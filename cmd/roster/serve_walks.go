package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
)

// walkFlags say for how long page walks go on at the version at which they began, and how far back it can be asked.
type walkFlags struct {
	time, pinPages time.Duration
	versions       int
	// retention is for how long the history is kept; 0 for ever.
	retention time.Duration
	// reach is how many records may have changed since a version that is asked for.
	reach int
}

// defaultWalks are the flags where none is given.
func defaultWalks() walkFlags {
	return walkFlags{
		time: 10 * time.Minute, pinPages: time.Minute, versions: 64, reach: directory.DefaultPastOps,
	}
}

func (f *walkFlags) add(flags *pflag.FlagSet) {
	o := defaultWalks()
	flags.DurationVar(&f.time, "walk-time", o.time,
		"for how long since its last page the version at which a walk by page_token began is kept in memory;\n"+
			"later it is made from the history (--history-reach)")
	flags.IntVar(&f.versions, "walk-versions", o.versions,
		"how many versions of each organization are kept for walks, those not used for longest go first; 0 for none")
	flags.DurationVar(&f.pinPages, "pin-pages", o.pinPages,
		"for how long since its last page a walk by page numbers or offsets does the same, at most --walk-time;\n"+
			"0 for not at all")
	flags.DurationVar(&f.retention, "history-retention", 0,
		"for how long it can be asked what was, such as 8760h; 0 for as long as there is room")
	flags.IntVar(&f.reach, "history-reach", o.reach,
		"how many changes of records may lie between a version that is asked for with as_of or walked through\n"+
			"and one in memory, or between two that are compared; going further takes longer, and memory for each\n"+
			"record that differs")
}

// check fails for values that mean nothing.
func (f *walkFlags) check() error {
	switch {
	case f.time <= 0:
		return roster.FieldErrorf("--walk-time", "must be more than 0, such as 10m, not %s", f.time)
	case f.versions < 0:
		return roster.FieldErrorf("--walk-versions", "must not be negative, but is %d", f.versions)
	case f.pinPages < 0 || f.pinPages > f.time:
		return roster.FieldErrorf("--pin-pages", "must be from 0 to --walk-time, which is %s, not %s",
			f.time, f.pinPages)
	case f.reach < 1:
		return roster.FieldErrorf("--history-reach", "must be at least 1, but is %d", f.reach)
	default:
		return checkRetention(f.retention)
	}
}

// keep chooses which old versions a directory keeps.
func (f *walkFlags) keep(o *directory.Options) {
	o.WalkTime, o.WalkVersions, o.PastOps = f.time, f.versions, f.reach
	if f.versions == 0 {
		o.WalkVersions = -1 // of a directory 0 means its default
	}
}

// retain trims histories now and then to what is to be kept of them, until ctx ends.
func (s *service) retain(ctx context.Context, d *directory.Service) {
	const every = 10 * time.Minute
	if s.walks.retention == 0 {
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := d.Retain(ctx, s.walks.retention); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "the history was not trimmed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
