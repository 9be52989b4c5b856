package store

import (
	"context"
	"time"

	"github.com/roster-dev/roster"
)

// Shared is what a [Store] may be besides: one that several processes may have open, each of which writes to it. The
// State that its Update hands out is [Recent] then. Whoever keeps something of the store in memory follows the others.
type Shared interface {
	// Versions returns the present versions of the organizations that were changed in the last while, by the store's
	// clock; of all organizations where that is 0. A change counts from the beginning of its transaction, and is there
	// when that is committed: whoever follows looks back further than to the last call, and at all now and then.
	Versions(ctx context.Context, while time.Duration) (map[roster.ID]roster.Version, error)

	// Version returns the present version of org, or fails with [roster.NotFound].
	Version(ctx context.Context, org roster.ID) (roster.Version, error)

	// MadeAt returns when a version of org was made, as its change says, also where that was trimmed. It fails with
	// [roster.NotFound] where there is no such version.
	MadeAt(ctx context.Context, org roster.ID, version roster.Version) (roster.Time, error)

	// Alone waits until it is this process's turn to do what one process must do at a time, and calls fn, whose context
	// ends when the turn does: where another process may have taken over, since this one could not reach the store for
	// a while. Then it waits for the next turn. It returns when ctx has ended, and fn's error where fn has failed or
	// returned before its turn was over; then another process may have the next turn. One that ends or is killed gives
	// way to another at once where both are on one machine, and otherwise within seconds.
	//
	// For a moment two processes may believe that it is their turn. What each of them writes must be such that the
	// store can tell what comes too late: a job by its revision, a standing by its round and position.
	Alone(ctx context.Context, fn func(ctx context.Context) error) error

	// Secret returns the 32 random bytes that all processes have under a name, which are made when somebody first asks.
	Secret(ctx context.Context, name string) ([]byte, error)

	Nodes
}

// Nodes is the part of a [Shared] store that knows which processes have it open.
type Nodes interface {
	// Register notes that a process has the store open, as of now by the store's clock, in the place of what was noted
	// of the one with that id. Quiet is ignored. What has not been noted for a day is forgotten,
	// and buckets that are full: see [Buckets].
	Register(ctx context.Context, n Node) error

	// Unregister forgets a process. There need not be one.
	Unregister(ctx context.Context, id roster.ID) error

	// Nodes returns the processes that were noted, by when they were started and then by id.
	Nodes(ctx context.Context) ([]Node, error)
}

// Buckets is what a [Shared] store may be besides: one that keeps rate limits which all processes share.
type Buckets interface {
	// Draw takes up to want requests, 1 at least, out of a bucket at once, by the store's clock. It returns how many it
	// got, 0 where the bucket is empty, and how long it then takes until the bucket is full again. A bucket never owes
	// more than the Size of the moment. What was drawn last may be forgotten where the store fails.
	Draw(ctx context.Context, b Bucket, want int64) (got int64, full time.Duration, err error)
}

// Bucket is a bucket of requests.
type Bucket struct {
	// Org is whose it is; the zero ID where that is not known. Key tells it from others of Org.
	Org roster.ID
	Key []byte
	// Gap is how long it takes until the bucket gains a request, 1 ns at least; Size is how many it holds, 1 at least.
	// Their product is less than 110 years.
	Gap  time.Duration
	Size int64
}

// Node is a process that has a [Shared] store open.
type Node struct {
	ID   roster.ID
	Host string // the machine
	PID  int
	// URL is where others reach it that pass requests on to it, "" where none are to.
	URL string
	// Software is its version.
	Software string
	Started  roster.Time
	// Quiet is for how long nothing was heard of it.
	Quiet time.Duration
	// Working says whether it was its turn with [Shared.Alone] when it was noted.
	Working bool
}

// Recent is what the State of a [Shared] store is besides: it knows what others have written since a view was made.
type Recent interface {
	// Changes returns the changes after a version up to the present one, as the store's method of that name does.
	Changes(after roster.Version, limit int) ([]roster.Change, error)
}
