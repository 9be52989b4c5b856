package webhook_test

import (
	"slices"
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

// A webhook rests while its organization is deleted, stays enabled, and goes on where it was.
func TestWebhookOfADeletedOrganizationRests(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	r := answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	first := s.user(t)
	s.deliver(t)
	if got := versions(r.take()); !slices.Equal(got, []roster.Version{first}) {
		t.Fatalf("before: got the versions %v, want %d", got, first)
	}
	pending := s.user(t)
	gone := s.do(t, roster.Delete{Type: roster.TypeOrganization}).Version
	for range 3 {
		s.deliver(t)
		s.advance(time.Minute)
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
	s.advance(time.Minute)
	s.deliver(t)
	if got, want := versions(r.take()), []roster.Version{pending, gone, back}; !slices.Equal(got, want) {
		t.Errorf("restored: got the versions %v, want %v", got, want)
	}
}
