package webhook_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/webhook"
)

// Of two nodes one delivers. The other answers what it is asked, has a replay taken up by the first, and goes on where
// the first has ended.
func TestNodes(t *testing.T) {
	t.Parallel()
	got := make(chan string, 100)
	s := newStand(t, func(c *webhook.Config) { c.Now, c.After, c.Poll = time.Now, time.After, time.Millisecond })
	r := answering(t, func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get("webhook-id") })
	hook, _ := s.webhook(t, r.URL)
	one, other := webhook.NewNode(s.config), webhook.NewNode(s.config)
	run := func(n *webhook.Node) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		return func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}
	want := func(ids ...string) {
		t.Helper()
		for _, id := range ids {
			if got := <-got; got != id {
				t.Errorf("got message %s, want %s", got, id)
			}
		}
	}
	id := func(version roster.Version, round string) string {
		return fmt.Sprintf("msg_%s_%d%s", hook, version, round)
	}
	stop := run(one)
	first := s.user(t)
	want(id(first, ""))
	next, err := other.Replay(t.Context(), s.org, hook, first-1, nil)
	if err != nil || next.Round != 1 {
		t.Fatalf("got %+v, %v, want round 1", next, err)
	}
	want(id(first, "_1"))
	if a, err := other.Test(t.Context(), s.org, hook, nil); err != nil || !a.Succeeded() {
		t.Errorf("a test of a node that does not deliver: %+v, %v", a, err)
	}
	<-got
	second := s.user(t)
	want(id(second, "_1"))
	stop()
	standings, err := other.Standings(t.Context(), s.org)
	if st := standings[hook]; err != nil || st.Position != second || st.Round != 1 {
		t.Errorf("the other node says %+v, %v", st, err)
	}
	if list, err := other.Deliveries(t.Context(), s.org, hook); err != nil || len(list) != 3 {
		t.Errorf("the other node knows of %d deliveries, %v, want 3", len(list), err)
	}
	third := s.user(t)
	defer run(other)()
	want(id(third, "_1"))
	outcomes, _, _ := one.Stats()
	if outcomes["delivered"] != 3 {
		t.Errorf("the first node has delivered %v", outcomes)
	}
}
