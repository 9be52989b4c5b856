package dialect

import (
	"context"

	"github.com/roster-dev/roster"
)

// Audit tells what was written to the organization of a principal, by whom and why. It is safe for concurrent use.
type Audit interface {
	// Entries calls fn with the entries that q asks for, newest first, until fn fails, and returns that error. ops are
	// those of the write, nil where q does not ask for them.
	Entries(ctx context.Context, q roster.EntryQuery, fn func(e roster.Entry, ops []roster.Op) error) error
	// CountEntries returns how many entries q asks for, whatever its Before and Limit.
	CountEntries(ctx context.Context, q roster.EntryQuery) (int, error)
	// Verify reads everything and reports whether it is as it was written.
	Verify(ctx context.Context) (roster.AuditReport, error)
}
