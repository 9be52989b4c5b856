package store

import (
	"context"
	"sort"

	"github.com/roster-dev/roster"
)

// Past is the part of a [Store] that is about how much of the history is kept. All methods fail with [roster.NotFound]
// where the organization does not exist.
type Past interface {
	// Since returns the version after which every change of org is kept, 0 where all are.
	Since(ctx context.Context, org roster.ID) (roster.Version, error)

	// VersionAt returns the last version that org had at a time, also one whose change was trimmed, and 0 for a time
	// before the first. Where the clock was set back, so that several spans of versions have the time, it is the last
	// of one of them.
	VersionAt(ctx context.Context, org roster.ID, at roster.Time) (roster.Version, error)

	// History says how much is kept of org. It reads all that is.
	History(ctx context.Context, org roster.ID) (roster.HistoryInfo, error)

	// Trim gives up a part of the changes of org up to a version, included and at most the present one, oldest first:
	// so many that nobody else has to wait for long. In the place of the documents in their ops it puts what the audit
	// can be verified with. It returns what Since does afterwards; there is nothing left to trim once that is the
	// version. It is no change of the organization.
	Trim(ctx context.Context, org roster.ID, upTo roster.Version) (roster.Version, error)
}

// VersionAt returns what [Past.VersionAt] does for an organization at a version, given when each version was made.
func VersionAt(
	version roster.Version, at roster.Time, made func(roster.Version) (roster.Time, error),
) (roster.Version, error) {
	var failed error
	found := sort.Search(int(version), func(i int) bool {
		if failed != nil {
			return true
		}
		t, err := made(roster.Version(i + 1))
		failed = err
		return t > at
	})
	return roster.Version(found), failed
}
