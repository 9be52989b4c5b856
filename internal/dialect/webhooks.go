package dialect

import (
	"context"

	"github.com/roster-dev/roster"
)

// Hooks is the delivery of changes to the webhooks of the organization of a principal. It is safe for concurrent use.
type Hooks interface {
	// Standings returns where the delivery stands, by the ids of webhooks; nil where nothing is delivered.
	Standings(ctx context.Context) (map[roster.ID]roster.Standing, error)
	// Deliveries returns what has become of the last messages to a webhook, the last one first, by round and then by
	// version. It writes nothing.
	Deliveries(ctx context.Context, webhook roster.ID) ([]roster.Delivery, error)
	// Test sends a message that is about nothing, and returns how that went.
	Test(ctx context.Context, webhook roster.ID) (roster.Attempt, error)
	// Replay has the delivery begin again after a version, and returns where it stands then. It fails with
	// [roster.Invalid] for a version that is still to come, and with [roster.Gone] where changes since are not kept.
	Replay(ctx context.Context, webhook roster.ID, since roster.Version) (roster.Standing, error)
	// Retry sends a message once more that was given up, and returns what has become of it. It fails with
	// [roster.NotFound] where there is none with an id, with [roster.Conflict] where it was not given up, and with
	// [roster.Gone] where its change is not kept.
	Retry(ctx context.Context, webhook roster.ID, message string) (roster.Delivery, error)
	Rehearsals
}

// Rehearsals say what would be done with a webhook, and do nothing.
type Rehearsals interface {
	// Replayed returns what Replay would.
	Replayed(ctx context.Context, webhook roster.ID, since roster.Version) (roster.Standing, error)
	// Retriable returns the message that Retry would send, as it is, and fails as that would where it would send none.
	Retriable(ctx context.Context, webhook roster.ID, message string) (roster.Delivery, error)
}
