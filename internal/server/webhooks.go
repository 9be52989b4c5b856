package server

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Webhooks delivers changes to webhooks: see package webhook. It is safe for concurrent use. An answer function, which
// may be nil, returns what the request is answered when it is repeated.
type Webhooks interface {
	// Standings returns where the delivery to the webhooks of an organization stands, by their ids.
	Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error)
	// Deliveries, Test, Replay and Retry are as those of [dialect.Hooks].
	Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error)
	Test(
		ctx context.Context, org, webhook roster.ID, answer func(roster.Attempt) (*roster.Answer, error),
	) (roster.Attempt, error)
	Replay(
		ctx context.Context, org, webhook roster.ID, since roster.Version,
		answer func(roster.Standing) (*roster.Answer, error),
	) (roster.Standing, error)
	Retry(
		ctx context.Context, org, webhook roster.ID, message string,
		answer func(roster.Delivery) (*roster.Answer, error),
	) (roster.Delivery, error)
	WebhookRehearsals
	// Stats returns how many attempts have ended how, messages were given up and webhooks disabled, and how many
	// versions the webhook that is the furthest behind, and all together, have still to be sent.
	Stats() (outcomes map[string]int64, lag, backlog int64)
}

// WebhookRehearsals say what would be done with a webhook: as those of [dialect.Rehearsals].
type WebhookRehearsals interface {
	Replayed(ctx context.Context, org, webhook roster.ID, since roster.Version) (roster.Standing, error)
	Retriable(ctx context.Context, org, webhook roster.ID, message string) (roster.Delivery, error)
}

// hooking is what an endpoint can do with webhooks: those of the principal's own organization.
type hooking struct {
	*exchange
	by  roster.Principal
	req *dialect.Request
}

// answering returns how a request is answered when it is repeated, nil where it has no key.
func answering[What any](
	ctx context.Context, h hooking, told func(What) dialect.Hooks,
) func(What) (*roster.Answer, error) {
	if h.by.Cause.Once == nil {
		return nil
	}
	return func(what What) (*roster.Answer, error) {
		again := *h.req
		again.Hooks = told(what)
		return h.answerTo(ctx, h.by.Cause.Once, &again)
	}
}

// toldHooks are webhooks of which those that do something do nothing, and return what they are told.
type toldHooks struct {
	hooking
	attempt  roster.Attempt
	standing roster.Standing
	delivery roster.Delivery
}

// Standings implements [dialect.Hooks].
func (h hooking) Standings(ctx context.Context) (map[roster.ID]roster.Standing, error) {
	if h.Webhooks == nil {
		return nil, nil //nolint:nilnil // nothing is delivered
	}
	return h.Webhooks.Standings(ctx, h.by.Org)
}

// Deliveries implements [dialect.Hooks].
func (h hooking) Deliveries(ctx context.Context, webhook roster.ID) ([]roster.Delivery, error) {
	if h.Webhooks == nil {
		return nil, noHooks()
	}
	return h.Webhooks.Deliveries(ctx, h.by.Org, webhook)
}

// Test implements [dialect.Hooks].
func (h hooking) Test(ctx context.Context, webhook roster.ID) (roster.Attempt, error) {
	if h.Webhooks == nil {
		return roster.Attempt{}, noHooks()
	}
	answer := answering(ctx, h, func(a roster.Attempt) dialect.Hooks { return toldHooks{hooking: h, attempt: a} })
	return h.Webhooks.Test(ctx, h.by.Org, webhook, answer)
}

// Test implements [dialect.Hooks].
func (t toldHooks) Test(context.Context, roster.ID) (roster.Attempt, error) { return t.attempt, nil }

// Replay implements [dialect.Hooks].
func (h hooking) Replay(ctx context.Context, webhook roster.ID, since roster.Version) (roster.Standing, error) {
	if h.Webhooks == nil {
		return roster.Standing{}, noHooks()
	}
	answer := answering(ctx, h, func(s roster.Standing) dialect.Hooks { return toldHooks{hooking: h, standing: s} })
	return h.Webhooks.Replay(ctx, h.by.Org, webhook, since, answer)
}

// Replay implements [dialect.Hooks].
func (t toldHooks) Replay(context.Context, roster.ID, roster.Version) (roster.Standing, error) {
	return t.standing, nil
}

// Retry implements [dialect.Hooks].
func (h hooking) Retry(ctx context.Context, webhook roster.ID, message string) (roster.Delivery, error) {
	if h.Webhooks == nil {
		return roster.Delivery{}, noHooks()
	}
	answer := answering(ctx, h, func(d roster.Delivery) dialect.Hooks { return toldHooks{hooking: h, delivery: d} })
	return h.Webhooks.Retry(ctx, h.by.Org, webhook, message, answer)
}

// Retry implements [dialect.Hooks].
func (t toldHooks) Retry(context.Context, roster.ID, string) (roster.Delivery, error) {
	return t.delivery, nil
}

// Replayed implements [dialect.Hooks].
func (h hooking) Replayed(ctx context.Context, webhook roster.ID, since roster.Version) (roster.Standing, error) {
	if h.Webhooks == nil {
		return roster.Standing{}, noHooks()
	}
	return h.Webhooks.Replayed(ctx, h.by.Org, webhook, since)
}

// Retriable implements [dialect.Hooks].
func (h hooking) Retriable(ctx context.Context, webhook roster.ID, message string) (roster.Delivery, error) {
	if h.Webhooks == nil {
		return roster.Delivery{}, noHooks()
	}
	return h.Webhooks.Retriable(ctx, h.by.Org, webhook, message)
}

func noHooks() error {
	return roster.Errorf(roster.Unavailable, "this server delivers nothing to webhooks")
}
