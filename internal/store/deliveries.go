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

	// KeepProgress keeps standings, in the place of those before, and deliveries, in the place of those of the same
	// version and round; it leaves out webhooks that do not exist. Of a webhook it keeps the last
	// [roster.KeptDelivered] and [roster.KeptDead] deliveries of these states. All of it is kept, or none where it
	// fails.
	KeepProgress(ctx context.Context, progress []roster.Progress) error

	// Deliveries returns deliveries to a webhook, those whose last attempt is the latest first and those of one instant
	// by version and round, the last one first; and how many there are whatever the query's Limit. There are none for a
	// webhook that does not exist.
	Deliveries(
		ctx context.Context, org, webhook roster.ID, q roster.DeliveryQuery,
	) (list []roster.Delivery, total int, err error)
}

// Kept returns how many deliveries of a state are kept of a webhook; 0 where that state is not kept.
func Kept(state roster.DeliveryState) int {
	switch state {
	case roster.Delivered:
		return roster.KeptDelivered
	case roster.Dead:
		return roster.KeptDead
	default:
		return 0
	}
}
