package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/webhook"
)

// A message is what the feed shows, signed by the scheme, with an id that says which change of which webhook it is
// about.
func TestMessages(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	s.user(t) // from before
	hook, secret := s.webhook(t, r.URL+"/path?x=1")
	first, second := s.user(t), s.user(t)
	s.deliver(t)
	got := r.take()
	if diff := cmp.Diff([]roster.Version{first, second}, versions(got)); diff != "" {
		t.Fatalf("versions (-want +got):\n%s", diff)
	}
	for _, m := range got {
		verify(t, m, secret)
		if want := fmt.Sprintf("msg_%s_%d", hook, m.Version); m.ID != want {
			t.Errorf("got id %q, want %q", m.ID, want)
		}
		if m.Header.Get("Content-Type") != "application/json" || m.Header.Get("User-Agent") != "Roster" {
			t.Errorf("got header %v", m.Header)
		}
	}
	change, err := s.directory.Changes(t.Context(), s.org, first-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	item, err := native.EncodeChange(change[0])
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"type":"change","timestamp":%q,"data":%s}`, change[0].At, item)
	if diff := cmp.Diff(shownTo(t, want), shownTo(t, string(got[0].Body))); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if st := s.standing(t, hook); st.Position != second || st.SucceededAt == 0 || st.FailingSince != 0 {
		t.Errorf("got standing %+v, want one at %d", st, second)
	}
	s.deliver(t)
	s.restart(t)
	s.deliver(t)
	if got := r.take(); len(got) != 0 {
		t.Errorf("got messages %v again", versions(got))
	}
}

// shownTo decodes a message, without what users:read does not show.
func shownTo(t *testing.T, text string) (doc map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	data := doc["data"].(map[string]any)
	delete(data, "actor")
	for _, op := range data["ops"].([]any) {
		for _, hidden := range []string{"created_by", "updated_by"} {
			delete(op.(map[string]any)["after"].(map[string]any), hidden)
		}
	}
	return doc
}

// What is none of a webhook's is passed over without a message.
func TestChoice(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL, func(w *roster.Webhook) { w.Filter = `email = "b@example.com"` })
	s.user(t)
	want := s.do(t, roster.Create{Record: &roster.User{Name: "B", Email: "b@example.com"}}).Version
	s.do(t, roster.Create{Record: &roster.Token{Name: "t", Kind: roster.TokenAccount, Hash: roster.HashSecret("x")}})
	last := s.user(t)
	s.deliver(t)
	if diff := cmp.Diff([]roster.Version{want}, versions(r.take())); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	if got := s.standing(t, hook).Position; got != last {
		t.Errorf("got position %d, want %d", got, last)
	}
	s.update(t, hook, `{"filter":"","enabled":false}`)
	missed := s.user(t)
	s.deliver(t)
	if got := r.take(); len(got) > 0 {
		t.Errorf("a webhook that is disabled got %v", versions(got))
	}
	s.update(t, hook, `{"enabled":true}`)
	s.deliver(t)
	if diff := cmp.Diff([]roster.Version{missed}, versions(r.take())); diff != "" {
		t.Errorf("versions after a pause (-want +got):\n%s", diff)
	}
	s.do(t, roster.Delete{Type: roster.TypeWebhook, Ref: roster.Ref{ID: hook}})
	s.user(t)
	s.deliver(t)
	if got := r.take(); len(got) > 0 {
		t.Errorf("a webhook that is deleted got %v", versions(got))
	}
}

// While the old secret signs along, a message counts with either.
func TestRotation(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, old := s.webhook(t, r.URL)
	const next = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	s.do(t, roster.RotateSecret{Webhook: hook, Secret: next, Until: roster.TimeOf(s.Now()) + 60_000})
	s.user(t)
	s.deliver(t)
	both := r.take()[0]
	verify(t, both, old)
	verify(t, both, next)
	s.advance(time.Minute)
	s.user(t)
	s.deliver(t)
	alone := r.take()[0]
	if got := len(strings.Fields(alone.Header.Get("webhook-signature"))); got != 1 {
		t.Errorf("got %d signatures after the old secret's time, want 1", got)
	}
	verify(t, alone, next)
}

// A change that is too large for a message is told without its records.
func TestTruncated(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	s.webhook(t, r.URL)
	var cmds []roster.Command
	for i := range 3000 {
		cmds = append(cmds, roster.Create{Record: &roster.User{
			Name: strings.Repeat("x", 200), Description: strings.Repeat("y", 250), Email: fmt.Sprintf("u%d@example.com", i),
		}})
	}
	s.do(t, cmds...)
	s.deliver(t)
	got := r.take()
	if len(got) != 1 || len(got[0].Body) > 1000 || !strings.Contains(string(got[0].Body), `"ops":[],"truncated":true`) {
		t.Errorf("got %d messages, the first one of %d bytes: %.200s", len(got), len(got[0].Body), got[0].Body)
	}
}

// A replay sends again what was sent, with other ids, and keeps the round over a restart.
func TestReplay(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	first := s.user(t)
	last := s.user(t)
	s.deliver(t)
	r.take()
	for round := range 2 {
		if _, err := s.hooks.Replay(t.Context(), s.org, hook, first-1, nil); err != nil {
			t.Fatal(err)
		}
		s.restart(t)
		s.deliver(t)
		var ids []string
		for _, m := range r.take() {
			ids = append(ids, m.ID)
		}
		want := []string{fmt.Sprintf("msg_%s_%d_%d", hook, first, round+1), fmt.Sprintf("msg_%s_%d_%d", hook, last, round+1)}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("round %d (-want +got):\n%s", round+1, diff)
		}
	}
	if got := len(s.deliveries(t, hook, roster.Delivered)); got != 6 {
		t.Errorf("got %d deliveries, want one for each message of each round", got)
	}
	for _, since := range []roster.Version{-1, last + 1} {
		if _, err := s.hooks.Replay(t.Context(), s.org, hook, since, nil); roster.CodeOf(err) != roster.Invalid {
			t.Errorf("replay since %d: got %v, want it refused", since, err)
		}
	}
	if _, err := s.hooks.Replay(t.Context(), s.org, s.org, 1, nil); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("replay of no webhook: got %v", err)
	}
}

// forgetful is a keeper that keeps nothing, as for who is killed right after.
type forgetful struct{ webhook.Keeper }

func (forgetful) KeepProgress(context.Context, []roster.Progress) error { return nil }

// Who is killed before it is kept where a webhook stands sends the same messages again, with the same ids.
func TestKilled(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	s.webhook(t, r.URL)
	s.user(t)
	s.user(t)
	keeper := s.config.Keeper
	s.config.Keeper = forgetful{keeper}
	s.restart(t)
	s.deliver(t)
	before := r.take()
	s.config.Keeper = keeper
	s.restart(t)
	s.deliver(t)
	after := r.take()
	if len(before) != 2 || len(after) != 2 {
		t.Fatalf("got %d and %d messages, want 2", len(before), len(after))
	}
	for i := range before {
		if before[i].ID != after[i].ID || string(before[i].Body) != string(after[i].Body) {
			t.Errorf("got %s %s, then %s %s", before[i].ID, before[i].Body, after[i].ID, after[i].Body)
		}
	}
}

// failing is a keeper that fails at first.
type failing struct {
	webhook.Keeper
	times int
}

var errDisk = errors.New("the disk is full")

func (f *failing) KeepProgress(ctx context.Context, p []roster.Progress) error {
	if f.times--; f.times >= 0 {
		return errDisk
	}
	return f.Keeper.KeepProgress(ctx, p)
}

// What could not be kept is kept later.
func TestKeepingFails(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	s.config.Keeper = &failing{s.config.Keeper, 1}
	s.restart(t)
	s.user(t)
	if err := s.hooks.Deliver(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the keeper's error", err)
	}
	last := s.user(t)
	s.deliver(t)
	s.restart(t)
	s.deliver(t)
	if got := versions(r.take()); len(got) != 2 || s.standing(t, hook).Position != last {
		t.Errorf("got %v, standing %+v", got, s.standing(t, hook))
	}
	if got := len(s.deliveries(t, hook, roster.Delivered)); got != 2 {
		t.Errorf("got %d deliveries, want 2", got)
	}
}

// Who looks at deliveries sees those that are not kept yet, too, and writes nothing.
func TestLookingWritesNothing(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	s.user(t)
	s.deliver(t)
	keeper := &failing{s.config.Keeper, 1}
	s.config.Keeper = keeper
	s.restart(t)
	last := s.user(t)
	if err := s.hooks.Deliver(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("got %v, want the keeper's error", err)
	}
	keeper.times = 100
	list := s.deliveries(t, hook, "")
	if len(list) != 2 || list[0].Version != last || list[1].Version != last-1 {
		t.Errorf("got %+v, want those about %d and %d", list, last, last-1)
	}
	if keeper.times != 100 {
		t.Error("looking has kept something")
	}
	keeper.times = 0
}

// trimmed is a log that has forgotten its first changes.
type trimmed struct {
	webhook.Log
	since roster.Version
}

func (l trimmed) Changes(ctx context.Context, org roster.ID, after roster.Version, n int) ([]roster.Change, error) {
	if after < l.since {
		return nil, &roster.Error{Code: roster.Gone, Message: "gone", Err: &roster.TrimmedError{Since: l.since}}
	}
	return l.Log.Changes(ctx, org, after, n)
}

// What is not kept any more is told to be lost, and the rest is delivered.
func TestTrimmed(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	first := s.user(t)
	second := s.user(t)
	third := s.user(t)
	s.config.Log = trimmed{s.config.Log, second}
	s.restart(t)
	s.deliver(t)
	if diff := cmp.Diff([]roster.Version{third}, versions(r.take())); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
	dead := s.deliveries(t, hook, roster.Dead)
	if len(dead) != 1 || dead[0].Version != first || !strings.Contains(dead[0].Last.Error, "not kept any more") {
		t.Errorf("got dead letters %+v", dead)
	}
	_, err := s.hooks.Retry(t.Context(), s.org, hook, roster.MessageID(hook, first, 0), nil)
	if roster.CodeOf(err) != roster.Gone {
		t.Errorf("retry: got %v, want it gone", err)
	}
}

// Delivering loads no view of an organization.
func TestNothingIsLoaded(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	s.webhook(t, r.URL)
	s.user(t)
	s.directory.Evict(s.org)
	s.restart(t)
	s.deliver(t)
	if n, _, _ := s.directory.Loaded(); n != 0 || len(r.take()) != 1 {
		t.Errorf("%d organizations are loaded, want none", n)
	}
}

// Those whose receivers do not answer keep nobody else from anything, and writing from nothing.
func TestSlowReceiver(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *webhook.Config) { c.Workers = 4 })
	release := make(chan struct{})
	slow := answering(t, func(http.ResponseWriter, *http.Request) { <-release })
	quick := answering(t, nil)
	for range 3 { // as many as are not kept free
		s.webhook(t, slow.URL)
	}
	stop := s.run(t)
	s.user(t)
	for range 3 {
		<-slow.next
	}
	s.webhook(t, quick.URL)
	for range 50 {
		want := s.user(t)
		for m := range quick.next {
			if m.Version == want {
				break
			}
		}
	}
	close(release)
	stop()
}

// Receivers that are known to be slow never take all workers.
func TestSlowLane(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *webhook.Config) { c.Workers = 4 })
	slow := answering(t, func(http.ResponseWriter, *http.Request) { s.advance(2 * time.Second) })
	for range 8 {
		s.webhook(t, slow.URL)
	}
	s.user(t)
	s.deliver(t)
	s.restart(t) // which it outlasts that they are slow
	release := make(chan struct{})
	stuck := answering(t, func(http.ResponseWriter, *http.Request) { <-release })
	for id := range s.standings(t) {
		s.update(t, id, fmt.Sprintf(`{"url":%q}`, stuck.URL))
	}
	quick := answering(t, nil)
	s.webhook(t, quick.URL)
	stop := s.run(t)
	want := s.user(t)
	for range 3 {
		<-stuck.next
	}
	if m := <-quick.next; m.Version != want {
		t.Errorf("got version %d, want %d", m.Version, want)
	}
	close(release)
	stop()
}

func (s *stand) standings(t *testing.T) map[roster.ID]roster.Standing {
	t.Helper()
	standings, err := s.hooks.Standings(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	return standings
}

// An attempt that is under way when the service ends is waited for, and then cut off: its message is sent again.
func TestShutdown(t *testing.T) {
	t.Parallel()
	for _, cut := range []bool{false, true} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			r := answering(t, func(_ http.ResponseWriter, req *http.Request) {
				select {
				case <-release:
				case <-req.Context().Done():
				}
			})
			s := newStand(t, func(c *webhook.Config) {
				c.After = func(time.Duration) <-chan time.Time {
					ring := make(chan time.Time, 1)
					if cut {
						ring <- time.Time{}
					}
					return ring
				}
			})
			hook, _ := s.webhook(t, r.URL)
			s.user(t)
			stop := s.run(t)
			first := <-r.next
			if !cut {
				close(release)
			}
			stop()
			if got := s.standing(t, hook); got.Attempts != 0 || got.Position == first.Version == cut {
				t.Errorf("got standing %+v after version %d", got, first.Version)
			}
			if cut {
				close(release)
			}
			last := s.user(t)
			s.restart(t)
			s.deliver(t)
			want := []roster.Version{first.Version, last}
			if cut {
				want = []roster.Version{first.Version, first.Version, last}
			}
			if diff := cmp.Diff(want, versions(r.take())); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
		})
	}
}

// A test says how it went, whatever that is, and moves nothing.
func TestTest(t *testing.T) {
	t.Parallel()
	status := http.StatusTeapot
	s, r := newStand(t), answering(t, nil)
	r.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { w.WriteHeader(status) })
	hook, _ := s.webhook(t, r.URL, func(w *roster.Webhook) { w.Enabled = false })
	before := s.standing(t, hook)
	got, err := s.hooks.Test(t.Context(), s.org, hook, nil)
	if err != nil || got.Status != status || got.Error != "the receiver answered 418 I'm a teapot" || got.Succeeded() {
		t.Errorf("got %+v, %v", got, err)
	}
	status = http.StatusOK
	if got, err = s.hooks.Test(t.Context(), s.org, hook, nil); err != nil || !got.Succeeded() {
		t.Errorf("got %+v, %v", got, err)
	}
	if s.standing(t, hook) != before || len(s.deliveries(t, hook, "")) > 0 {
		t.Errorf("a test is kept: %+v", s.standing(t, hook))
	}
	if _, err := s.hooks.Test(t.Context(), s.org, s.org, nil); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("got %v, want nothing found", err)
	}
}

// What was told while the service began is delivered once.
func TestBeginWhileWriting(t *testing.T) {
	t.Parallel()
	s, r := newStand(t), answering(t, nil)
	hook, _ := s.webhook(t, r.URL)
	written := make(chan struct{})
	s.config.Keeper = &busy{s.config.Keeper, func() {
		defer close(written)
		s.user(t)
	}}
	s.restart(t)
	<-written
	last := s.user(t)
	s.deliver(t)
	if got := versions(r.take()); len(got) != 2 || s.standing(t, hook).Position != last {
		t.Errorf("got %v", got)
	}
}

// busy is a keeper that somebody writes to while the webhooks are read.
type busy struct {
	webhook.Keeper
	write func()
}

func (b *busy) Hooks(ctx context.Context, fn func(roster.Hook) error) error {
	go b.write()
	return b.Keeper.Hooks(ctx, fn)
}

var _ webhook.Keeper = store.Store(nil)
