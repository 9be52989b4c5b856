package main

import (
	"context"
	"time"

	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
)

// deletedFlags say what becomes of deleted records.
type deletedFlags struct{ kept time.Duration }

func (f *deletedFlags) add(flags *pflag.FlagSet) {
	flags.DurationVar(&f.kept, "deleted-kept", time.Duration(roster.KeptFor)*time.Millisecond,
		"how long deleted records can be restored; counts for those that are deleted from now on")
	env(flags, "deleted-kept")
}

// check fails for a time that is none.
func (f *deletedFlags) check() error {
	if f.kept != 0 && f.kept < time.Second { // 0 is for a server that has no such flag
		return roster.Errorf(roster.Invalid, "--deleted-kept must be at least 1s, such as 720h, not %s", f.kept)
	}
	return nil
}

// keep chooses how long a directory keeps deleted records.
func (f *deletedFlags) keep(o *directory.Options) { o.KeepDeleted = roster.Time(f.kept.Milliseconds()) }

// purge removes now and then the deleted records whose time is over, until ctx ends. What was erased is scrubbed then,
// too, where it could not be at once, and what requests were answered is forgotten that are too old to be repeated.
func (s *service) purge(ctx context.Context, d *directory.Service) {
	const every = time.Minute
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if n, err := d.Purge(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "deleted records were not purged", "error", err)
		} else if n > 0 {
			s.log.InfoContext(ctx, "deleted records were purged", "records", n)
		}
		if err := d.Scrub(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "what was erased is still to be scrubbed", "error", err)
		}
		if err := d.ForgetAnswers(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "the answers to old requests were not forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
