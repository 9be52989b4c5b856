package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/roster-dev/roster"
)

// Webhook is a webhook, without its secrets, and where the delivery to it stands.
type Webhook struct {
	ID          roster.ID          `json:"id"`
	Name        string             `json:"name"`
	URL         string             `json:"url"`
	Types       []roster.Type      `json:"types,omitempty"`
	Filter      string             `json:"filter,omitempty"`
	Permissions roster.Permissions `json:"permissions"`
	Enabled     bool               `json:"enabled"`
	// DisabledReason is why the server has disabled it, "" where somebody has.
	DisabledReason string `json:"disabled_reason,omitempty"`
	// Since is the version after which changes are told.
	Since roster.Version `json:"since"`
	// MadeBy is who answers for it, nil for the operator and where the caller may not know.
	MadeBy    *WebhookMaker `json:"made_by,omitempty"`
	CreatedAt roster.Time   `json:"created_at,omitzero"`
	UpdatedAt roster.Time   `json:"updated_at,omitzero"`
	// Delivery is nil in what a write returns.
	Delivery *WebhookStanding `json:"delivery,omitempty"`
}

// WebhookMaker is who made a webhook, or changed it last other than to disable it.
type WebhookMaker struct {
	Token roster.ID `json:"token,omitzero"`
	// User is whom the token acts as, or none.
	User     roster.ID `json:"user,omitzero"`
	Name     string    `json:"name"`
	Instance bool      `json:"instance,omitempty"`
}

// WebhookStanding is where the delivery to a webhook stands.
type WebhookStanding struct {
	// Position is the version up to which nothing is left to be sent, and Lag how many versions are left.
	Position roster.Version `json:"position"`
	Lag      int64          `json:"lag"`
	// Round is how often the delivery began again.
	Round int `json:"round"`
	// Attempts is how many attempts at the next message have failed, and NextAttemptAt when the next one is due.
	Attempts      int             `json:"attempts"`
	NextAttemptAt roster.Time     `json:"next_attempt_at,omitzero"`
	LastAttempt   *WebhookAttempt `json:"last_attempt,omitempty"`
	LastSuccessAt roster.Time     `json:"last_success_at,omitzero"`
	// FailingSince is when the first attempt failed after the last success, none where none did.
	FailingSince roster.Time `json:"failing_since,omitzero"`
}

// WebhookAttempt is one request to the URL of a webhook.
type WebhookAttempt struct {
	At        roster.Time `json:"at"`
	Succeeded bool        `json:"succeeded"`
	// Status is that of the answer, 0 where there was none.
	Status int `json:"status,omitempty"`
	// Error says what went wrong, "" where nothing did.
	Error     string `json:"error,omitempty"`
	LatencyMS int64  `json:"latency_ms"`
}

// WebhookDelivery is what has become of a message to a webhook.
type WebhookDelivery struct {
	// ID is the header webhook-id of the message.
	ID          string               `json:"id"`
	Version     roster.Version       `json:"version"`
	Round       int                  `json:"round"`
	State       roster.DeliveryState `json:"state"`
	Attempts    int                  `json:"attempts"`
	LastAttempt WebhookAttempt       `json:"last_attempt"`
}

// Webhooks yields the webhooks in the order of their creation, as [Client.Users] yields users.
func (c *Client) Webhooks(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*Webhook, error] {
	return walk(o, func(o ListOptions) (Page[Webhook], error) { return c.WebhookPage(ctx, o, options...) })
}

// WebhookPage returns one page of the webhooks.
func (c *Client) WebhookPage(ctx context.Context, o ListOptions, options ...Option) (Page[Webhook], error) {
	p, err := page[Webhook](ctx, c, []string{"webhooks"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list webhooks: %w", err)
	}
	return p, nil
}

// Webhook returns a webhook, or fails with [roster.NotFound].
func (c *Client) Webhook(ctx context.Context, id roster.ID, options ...Option) (*Webhook, error) {
	w, err := get[Webhook](ctx, c, []string{"webhooks", id.String()}, options)
	if err != nil {
		return nil, fmt.Errorf("get webhook %s: %w", id, err)
	}
	return w, nil
}

// NewWebhook is what a webhook is made from.
type NewWebhook struct {
	Name string `json:"name"`
	// URL is where messages go.
	URL string `json:"url"`
	// Types and Filter choose what it hears of; by default all that Permissions, users:read by default, allow.
	Types       []roster.Type      `json:"types,omitempty"`
	Filter      string             `json:"filter,omitempty"`
	Permissions roster.Permissions `json:"permissions,omitempty"`
	// Enabled is true where it is nil.
	Enabled *bool `json:"enabled,omitempty"`
}

// CreateWebhook makes a webhook and returns it with its secret, which nobody can ask for again: it is "" where the
// request was sent more than once because an answer was lost, and in a dry run.
func (c *Client) CreateWebhook(
	ctx context.Context, w NewWebhook, options ...Option,
) (webhook *Webhook, secret string, err error) {
	answer, err := create[made[Webhook]](ctx, c, []string{"webhooks"}, w, options)
	if err != nil {
		return nil, "", fmt.Errorf("create a webhook: %w", err)
	}
	return &answer.record, answer.secret, nil
}

// UpdateWebhook changes the members of a webhook that a JSON merge patch (RFC 7396) names, and returns the webhook.
func (c *Client) UpdateWebhook(
	ctx context.Context, id roster.ID, patch []byte, options ...Option,
) (*Webhook, error) {
	w, err := update[Webhook](ctx, c, []string{"webhooks", id.String()}, patch, options)
	if err != nil {
		return nil, fmt.Errorf("update webhook %s: %w", id, err)
	}
	return w, nil
}

// DeleteWebhook deletes a webhook, or fails with [roster.NotFound].
func (c *Client) DeleteWebhook(ctx context.Context, id roster.ID, options ...Option) error {
	if err := remove(ctx, c, []string{"webhooks", id.String()}, options); err != nil {
		return fmt.Errorf("delete webhook %s: %w", id, err)
	}
	return nil
}

// RotateWebhook gives a webhook another secret, which it returns. Those before it sign along until an instant, a day
// from now where that is 0.
func (c *Client) RotateWebhook(
	ctx context.Context, id roster.ID, until roster.Time, options ...Option,
) (webhook *Webhook, secret string, err error) {
	answer, err := create[made[Webhook]](ctx, c, []string{"webhooks", id.String() + ":rotate"}, struct {
		Until roster.Time `json:"until,omitzero"`
	}{until}, options)
	if err != nil {
		return nil, "", fmt.Errorf("rotate the secret of webhook %s: %w", id, err)
	}
	return &answer.record, answer.secret, nil
}

// TestWebhook sends a test message to a webhook and returns how that went.
func (c *Client) TestWebhook(ctx context.Context, id roster.ID, options ...Option) (*WebhookAttempt, error) {
	answer := new(WebhookAttempt)
	r := request{method: http.MethodPost, path: []string{"webhooks", id.String() + ":test"}}
	if err := c.call(ctx, r.apply(options), answer); err != nil {
		return nil, fmt.Errorf("test webhook %s: %w", id, err)
	}
	return answer, nil
}

// ReplayWebhook has the delivery to a webhook begin again after a version. It fails with [roster.Gone] where the
// changes since are not kept any more.
func (c *Client) ReplayWebhook(
	ctx context.Context, id roster.ID, since roster.Version, options ...Option,
) (*Webhook, error) {
	w, err := create[Webhook](ctx, c, []string{"webhooks", id.String() + ":replay"}, struct {
		Since roster.Version `json:"since"`
	}{since}, options)
	if err != nil {
		return nil, fmt.Errorf("replay webhook %s: %w", id, err)
	}
	return w, nil
}

// DeliveryOptions choose messages to a webhook.
type DeliveryOptions struct {
	// State is what has become of them, "" for anything.
	State roster.DeliveryState
	// PageSize is how many messages a page has, at most 1,000; 0 means that many.
	PageSize int
	// PageToken is the NextPageToken of the page before, "" for none. State must be as it was there.
	PageToken string
}

// WebhookDeliveries yields the last messages to a webhook, the last one first, as [Client.Users] yields users.
func (c *Client) WebhookDeliveries(
	ctx context.Context, id roster.ID, o DeliveryOptions, options ...Option,
) iter.Seq2[*WebhookDelivery, error] {
	return walk(ListOptions{PageToken: o.PageToken}, func(l ListOptions) (Page[WebhookDelivery], error) {
		o.PageToken = l.PageToken
		return c.WebhookDeliveryPage(ctx, id, o, options...)
	})
}

// WebhookDeliveryPage returns one page of the last messages to a webhook.
func (c *Client) WebhookDeliveryPage(
	ctx context.Context, id roster.ID, o DeliveryOptions, options ...Option,
) (p Page[WebhookDelivery], err error) {
	query := ListOptions{PageSize: o.PageSize, PageToken: o.PageToken}.query()
	if o.State != "" {
		query.Set("state", string(o.State))
	}
	r := request{method: http.MethodGet, path: []string{"webhooks", id.String(), "deliveries"}, query: query}
	if err := c.call(ctx, r.apply(options), &p); err != nil {
		return Page[WebhookDelivery]{}, fmt.Errorf("list the deliveries to webhook %s: %w", id, err)
	}
	return p, nil
}

// RetryDelivery sends a message again that was given up and returns what has become of it.
func (c *Client) RetryDelivery(
	ctx context.Context, id roster.ID, message string, options ...Option,
) (*WebhookDelivery, error) {
	answer := new(WebhookDelivery)
	path := []string{"webhooks", id.String(), "deliveries", message + ":retry"}
	r := request{method: http.MethodPost, path: path}
	if err := c.call(ctx, r.apply(options), answer); err != nil {
		return nil, fmt.Errorf("send message %s again: %w", message, err)
	}
	return answer, nil
}
