package store

import (
	"context"
	"iter"

	"github.com/roster-dev/roster"
)

// Batcher is what a [Store] may be besides: one that has several goroutines work on the records of an organization
// while it reads on, for those who have more to do with each of a million users than to count it.
type Batcher interface {
	// LoadBatches is Load in batches of records of one type. work is called with each batch, by several goroutines at
	// once and in any order, and iterates over all records of it, once; a [*roster.User] is valid only until the
	// iteration goes on, anything else is kept. What work returns is called with the batches in their order, never
	// concurrently, and, unless it fails, for all of them. A batch has 1,024 users, except the last one and where they
	// are larger than users ever are.
	LoadBatches(
		ctx context.Context, org roster.ID, work func(batch iter.Seq[roster.Entity]) (then func() error),
	) (roster.Version, error)
}
