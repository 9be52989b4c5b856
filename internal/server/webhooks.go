package server

import (
	"context"

	"github.com/roster-dev/roster"
)

// Webhooks delivers changes to webhooks. It is safe for concurrent use.
type Webhooks interface {
	// Standings returns where the delivery to the webhooks of an organization stands, by their ids.
	Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error)
	// Deliveries, Test, Replay and Retry are as those of [dialect.Hooks].
	Deliveries(
		ctx context.Context, org, webhook roster.ID, q roster.DeliveryQuery,
	) (list []roster.Delivery, total int, err error)
	Test(ctx context.Context, org, webhook roster.ID) (roster.Attempt, error)
	Replay(ctx context.Context, org, webhook roster.ID, since roster.Version) (roster.Standing, error)
	Retry(ctx context.Context, org, webhook roster.ID, message string) (roster.Delivery, error)
	// Stats returns how many attempts have ended how, messages were given up and webhooks disabled, and how many
	// versions the webhook that is the furthest behind, and all together, have still to be sent.
	Stats() (outcomes map[string]int64, lag, backlog int64)
}

// hooking is what an endpoint can do with webhooks: those of the principal's own organization.
type hooking struct {
	*Server
	by roster.Principal
}

// Standings implements [dialect.Hooks].
func (h hooking) Standings(ctx context.Context) (map[roster.ID]roster.Standing, error) {
	if h.Webhooks == nil {
		return nil, nil //nolint:nilnil // nothing is delivered
	}
	return h.Webhooks.Standings(ctx, h.by.Org)
}

// Deliveries implements [dialect.Hooks].
func (h hooking) Deliveries(
	ctx context.Context, webhook roster.ID, q roster.DeliveryQuery,
) (list []roster.Delivery, total int, err error) {
	if h.Webhooks == nil {
		return nil, 0, noHooks()
	}
	return h.Webhooks.Deliveries(ctx, h.by.Org, webhook, q)
}

// Test implements [dialect.Hooks].
func (h hooking) Test(ctx context.Context, webhook roster.ID) (roster.Attempt, error) {
	if h.Webhooks == nil {
		return roster.Attempt{}, noHooks()
	}
	return h.Webhooks.Test(ctx, h.by.Org, webhook)
}

// Replay implements [dialect.Hooks].
func (h hooking) Replay(ctx context.Context, webhook roster.ID, since roster.Version) (roster.Standing, error) {
	if h.Webhooks == nil {
		return roster.Standing{}, noHooks()
	}
	return h.Webhooks.Replay(ctx, h.by.Org, webhook, since)
}

// Retry implements [dialect.Hooks].
func (h hooking) Retry(ctx context.Context, webhook roster.ID, message string) (roster.Delivery, error) {
	if h.Webhooks == nil {
		return roster.Delivery{}, noHooks()
	}
	return h.Webhooks.Retry(ctx, h.by.Org, webhook, message)
}

func noHooks() error {
	return roster.Errorf(roster.Unavailable, "this server delivers nothing to webhooks")
}
