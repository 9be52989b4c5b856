package dialecttest

import (
	"context"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
)

// OtherSince is the version of the organization Other after which its changes are kept: those before are forgotten.
const OtherSince = 2

// forgetful is a store that has forgotten the first changes of Other, and in whose audit of Other somebody has given
// the second entry a reason.
type forgetful struct{ store.Store }

func (f forgetful) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	if org == Other {
		after = max(after, OtherSince)
	}
	return f.Store.Changes(ctx, org, after, limit)
}

// Since implements [store.Past].
func (f forgetful) Since(ctx context.Context, org roster.ID) (roster.Version, error) {
	if org == Other {
		return OtherSince, nil
	}
	return f.Store.Since(ctx, org)
}

// Log implements [store.Store].
func (f forgetful) Log(ctx context.Context, org roster.ID) (audit.Log, error) {
	log, err := f.Store.Log(ctx, org)
	if org != Other || err != nil {
		return log, err
	}
	written := log.Entries
	log.Entries = func(yield func(roster.Entry, error) bool) {
		for e, err := range written {
			if e.Seq == 2 {
				e.Reason = "because"
			}
			if !yield(e, err) {
				return
			}
		}
	}
	return log, nil
}

// ending is the history of Company on a server that is about to end, so that nobody waits.
type ending struct{ service *directory.Service }

func (e ending) Changes(ctx context.Context, after roster.Version, limit int) ([]roster.Change, error) {
	return e.service.Changes(ctx, Company, after, limit)
}

func (e ending) Wait(
	ctx context.Context, _ roster.Version, most time.Duration,
) (roster.Version, time.Duration, error) {
	view, err := e.service.View(ctx, Company)
	if err != nil {
		return 0, 0, err
	}
	return view.Version(), most, nil
}

func (ending) Ending() bool { return true }
