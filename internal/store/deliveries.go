package store

import (
	"context"

	"github.com/roster-dev/roster"
)

// Deliveries is the part of a [Store] that is about the delivery of changes to webhooks. It stands beside the records:
// nothing of it is a change of an organization, and what is kept of a webhook goes when the webhook does.
type Deliveries interface {
	// Hooks calls fn with every webhook of every organization by their ids, until fn fails, and returns that error. fn
	// may call the store.
	Hooks(ctx context.Context, fn func(roster.Hook) error) error

	// Standings returns where the delivery to webhooks of org stands, by id, as far as that was kept. There are none
	// for an organization that does not exist. The map is the caller's.
	Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error)

	// KeepProgress keeps standings, in the place of those before, deliveries, as [roster.KeepDeliveries] does, and
	// answers, in the place of those with the same key; it leaves out webhooks that do not exist, and standings that
	// are before the one that is kept ([roster.Standing.IsBefore]): they come from who was overtaken. Of each
	// organization all is kept, or none where it fails.
	KeepProgress(ctx context.Context, progress []roster.Progress) error

	// Deliveries returns what is kept of the deliveries to a webhook, the last message first, by round and then by
	// version. There are none for a webhook that does not exist. The slice is the caller's.
	Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error)
}
