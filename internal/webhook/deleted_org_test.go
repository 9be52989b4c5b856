package webhook_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/webhook"
)

// counting is a log that counts how often it is asked for a record.
type counting struct {
	webhook.Log
	asked *atomic.Int64
}

func (c counting) Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error) {
	c.asked.Add(1)
	return c.Log.Record(ctx, org, t, id)
}

// A webhook rests while its organization is deleted, stays enabled, and goes on where it was.
func TestWebhookOfADeletedOrganizationRests(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := newStand(t, func(c *webhook.Config) { c.Log = counting{c.Log, &asked} })
	r := answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	first := s.user(t)
	s.deliver(t)
	if got := versions(r.take()); !slices.Equal(got, []roster.Version{first}) {
		t.Fatalf("before: got the versions %v, want %d", got, first)
	}
	pending := s.user(t)
	gone := s.do(t, roster.Delete{Type: roster.TypeOrganization}).Version
	s.deliver(t)
	before := asked.Load()
	for range 3 {
		s.advance(time.Hour)
		s.deliver(t)
	}
	if now := asked.Load(); before == 0 || now != before {
		t.Errorf("what there is to do was asked %d times, and %d times more while nothing was heard", before, now-before)
	}
	s.restart(t)
	s.deliver(t)
	if got := versions(r.take()); len(got) > 0 {
		t.Errorf("while it is deleted: got the versions %v, want none", got)
	}
	if !s.record(t, hook).Enabled {
		t.Error("the webhook was disabled")
	}
	back := s.do(t, roster.Undelete{Type: roster.TypeOrganization}).Version
	s.deliver(t)
	if got, want := versions(r.take()), []roster.Version{pending, gone, back}; !slices.Equal(got, want) {
		t.Errorf("restored: got the versions %v, want %v", got, want)
	}
}
