package dialecttest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/webhook"
)

// webhooks makes what delivers changes. A message that is not accepted at once is given up.
func (w *World) webhooks(t *testing.T) {
	t.Helper()
	var err error
	w.Webhooks, err = webhook.New(t.Context(), webhook.Config{
		Log: w.Service, Keeper: w.Service, Form: native.Messages{}, Transport: receivers{}, Now: Now, Attempts: 1,
		After:  func(time.Duration) <-chan time.Time { return nil }, // the clock stands still
		Jitter: func() float64 { return 0 },
		NewID:  func() (roster.ID, error) { return Other, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
}

// receivers are all receivers of messages.
type receivers struct{}

// RoundTrip implements [http.RoundTripper].
func (receivers) RoundTrip(r *http.Request) (*http.Response, error) {
	status := http.StatusNoContent
	if r.URL.Hostname() == "down.example" {
		status = http.StatusServiceUnavailable
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
}

// hooking is the delivery to the webhooks of Company as endpoints see it.
type hooking struct{ service *webhook.Service }

// Standings implements [dialect.Hooks].
func (h hooking) Standings(ctx context.Context) (map[roster.ID]roster.Standing, error) {
	return h.service.Standings(ctx, Company)
}

// Deliveries implements [dialect.Hooks].
func (h hooking) Deliveries(ctx context.Context, hook roster.ID) ([]roster.Delivery, error) {
	return h.service.Deliveries(ctx, Company, hook)
}

// Test implements [dialect.Hooks].
func (h hooking) Test(ctx context.Context, hook roster.ID) (roster.Attempt, error) {
	return h.service.Test(ctx, Company, hook, nil)
}

// Replay implements [dialect.Hooks].
func (h hooking) Replay(ctx context.Context, hook roster.ID, since roster.Version) (roster.Standing, error) {
	return h.service.Replay(ctx, Company, hook, since, nil)
}

// Replayed implements [dialect.Hooks].
func (h hooking) Replayed(ctx context.Context, hook roster.ID, since roster.Version) (roster.Standing, error) {
	return h.service.Replayed(ctx, Company, hook, since)
}

// Retriable implements [dialect.Hooks].
func (h hooking) Retriable(ctx context.Context, hook roster.ID, message string) (roster.Delivery, error) {
	return h.service.Retriable(ctx, Company, hook, message)
}

// Retry implements [dialect.Hooks].
func (h hooking) Retry(ctx context.Context, hook roster.ID, message string) (roster.Delivery, error) {
	return h.service.Retry(ctx, Company, hook, message, nil)
}
