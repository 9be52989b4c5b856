package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/webhook"
)

// refusing is a receiver of messages that counts them and accepts none.
type refusing struct{ got atomic.Int64 }

func (r *refusing) RoundTrip(req *http.Request) (*http.Response, error) {
	r.got.Add(1)
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Request: req}, nil
}

// deliver gives the stand what delivers to webhooks, and a webhook with a dead letter, which is the one about version.
func (s *stand) deliver(t *testing.T) (hook roster.ID, version roster.Version, receiver *refusing) {
	t.Helper()
	s.takeChanges()
	receiver = &refusing{}
	hooks, err := webhook.New(t.Context(), webhook.Config{
		Log: s.service, Keeper: s.service, Form: native.Messages{}, Transport: receiver, Now: s.clock.Now,
		NewID: s.NewID, Attempts: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Webhooks = hooks
	t.Cleanup(func() {
		if err := hooks.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	hook = s.create(t, &roster.Webhook{
		Name: "h", URL: "https://a.example", Enabled: true,
		Secrets: []roster.WebhookSecret{{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
	})
	s.create(t, &roster.User{Name: "A", Email: "a@example.com"})
	if err := hooks.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	return hook, s.version(t), receiver
}

// What is done with webhooks is no change of an organization, and yet done once and answered again as it was.
func TestWhatIsDoneWithWebhooksCanBeRepeated(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	hook, version, receiver := s.deliver(t)
	path := "/webhooks/" + hook.String()
	for i, test := range []struct {
		request [3]string
		sent    int64
	}{
		{[3]string{"POST", path + ":test", ""}, 1},
		{[3]string{"POST", path + "/deliveries/" + roster.MessageID(hook, version, 0) + ":retry", ""}, 1},
		{[3]string{"POST", path + ":replay", `{"since":0}`}, 0},
	} {
		what, key, before := test.request[1], fmt.Sprint(i), receiver.got.Load()
		was := fmt.Sprint(s.Webhooks.Standings(t.Context(), s.org))
		e := endpointOf(test.request[0], test.request[1])
		s.onlyIf(t, secret, test.request, e)
		s.dryRun(t, secret, test.request, e)
		now := fmt.Sprint(s.Webhooks.Standings(t.Context(), s.org))
		if sent := receiver.got.Load() - before; sent != 0 || now != was {
			t.Errorf("%s: %d messages were sent, and the standings went from %s to %s where nothing was to be done", what,
				sent, was, now)
		}
		const clients = 4
		answers := make([]*httptest.ResponseRecorder, clients)
		var group sync.WaitGroup
		for i := range clients {
			group.Go(func() { answers[i] = s.keyed(t, secret, test.request, key) })
		}
		group.Wait()
		replayed := 0
		for _, w := range answers {
			if diff := cmp.Diff(said(t, answers[0]), said(t, w)); diff != "" || w.Code != http.StatusOK {
				t.Errorf("%s: %d, answers differ (-first +other):\n%s", what, w.Code, diff)
			}
			if w.Header().Get(dialect.Replayed) != "" {
				replayed++
			}
		}
		if sent := receiver.got.Load() - before; replayed != clients-1 || sent != test.sent {
			t.Errorf("%s: %d of %d answers are repeated ones and %d messages were sent, want %d", what, replayed,
				clients, sent, test.sent)
		}
		if w := s.keyed(t, secret, [3]string{"POST", path + ":replay", `{"since":1}`}, key); w.Code != 422 {
			t.Errorf("%s: another request with its key: got %d: %s", what, w.Code, w.Body)
		}
	}
	standings, err := s.Webhooks.Standings(t.Context(), s.org)
	if err != nil || standings[hook].Round != 1 {
		t.Errorf("got standing %+v, %v, want round 1", standings[hook], err)
	}
}

// A walk over deliveries shows each once, whatever is sent and sent again meanwhile.
func TestPagesOfDeliveries(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	hook, first, _ := s.deliver(t)
	hooks := s.Webhooks.(*webhook.Service)
	add := func(n int) {
		s.create(t, &roster.User{Name: "B", Email: fmt.Sprintf("b%d@example.com", n)})
		if err := hooks.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 {
		add(n)
	}
	path := "/api/v1/webhooks/" + hook.String() + "/deliveries?state=dead&page_size=2"
	var got []roster.Version
	token, last, pages := "", "", 0
	for more := true; more; pages++ {
		w := s.get(t, path+token, secret)
		wantStatus(t, "a page", w, http.StatusOK)
		var page struct {
			Items []native.Delivery
			Total int
			Next  string `json:"next_page_token"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Fatal(err)
		}
		if page.Total != 6+pages {
			t.Errorf("page %d: got a total of %d, want %d", pages, page.Total, 6+pages)
		}
		for _, d := range page.Items {
			got = append(got, d.Version)
		}
		if more, token = page.Next != "", "&page_token="+page.Next; more {
			last = page.Next
		}
		add(10 + pages)
		if _, err := hooks.Retry(t.Context(), s.org, hook, roster.MessageID(hook, first, 0), nil); err != nil {
			t.Fatal(err) // its last attempt is the latest now
		}
	}
	want := []roster.Version{first + 5, first + 4, first + 3, first + 2, first + 1, first}
	if diff := cmp.Diff(want, got); diff != "" || pages != 3 {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	bad := s.get(t, strings.Replace(path, "dead", "delivered", 1)+"&page_token="+last, secret)
	wantStatus(t, "a token of another query", bad, http.StatusBadRequest)
}
