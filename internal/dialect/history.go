package dialect

import (
	"context"
	"time"

	"github.com/roster-dev/roster"
)

// History is what happens to the organization of a principal, for those who follow it. It is safe for concurrent use by
// the requests that it was made for.
type History interface {
	// Changes returns the changes after a version, oldest first and without a gap, at most limit (> 0) of them; none
	// after the present version. It fails with [roster.Gone] because of a [roster.TrimmedError] where not all of them
	// are kept any more. Records are shared and read only, and the Version of an organization means nothing.
	Changes(ctx context.Context, after roster.Version, limit int) ([]roster.Change, error)
	// Wait returns the present version once it is beyond after, or after at most that long, or when the server is
	// about to end, and how much of the time is left, 0 where it is over. It fails with the context's error, and as the
	// request itself would now: where the token has been revoked meanwhile, with [roster.Unauthenticated].
	Wait(ctx context.Context, after roster.Version, most time.Duration) (roster.Version, time.Duration, error)
	// Ending reports whether the server is about to end, so that nobody should wait any longer.
	Ending() bool
}
