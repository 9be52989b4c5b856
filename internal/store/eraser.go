package store

import (
	"context"

	"github.com/roster-dev/roster"
)

// Eraser is the part of a [Store] that is about people of whom nothing is to be left: see [roster.Erasure], which
// Update makes.
type Eraser interface {
	// Traces looks for what Update would erase of a person, deleted or not, so that Update need not look while nobody
	// else can write. It reads the whole history of org, a part at a time, and keeps nobody from writing. There are
	// none in an organization that does not exist.
	Traces(ctx context.Context, org, user roster.ID) (*roster.Traces, error)

	// Scrub sees to it that nothing of what was erased is left on disk, also not where it stood before it was
	// overwritten. It does nothing where that is so already, and fails with [roster.Unavailable] where somebody reads
	// who may still need it: then it must be called again. What was erased before a crash is still to be scrubbed
	// afterwards.
	Scrub(ctx context.Context) error
}
