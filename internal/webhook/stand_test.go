package webhook_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/webhook"
)

// clock is a clock that stands still until somebody moves it on, and whose alarms ring when it has come that far.
type clock struct {
	mu     sync.Mutex
	now    time.Time
	alarms map[chan time.Time]time.Time
}

func newClock() *clock {
	return &clock{now: time.Now().Truncate(time.Second), alarms: map[chan time.Time]time.Time{}}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	alarm := make(chan time.Time, 1)
	c.alarms[alarm] = c.now.Add(d)
	return alarm
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for alarm, at := range c.alarms {
		if !at.After(c.now) {
			alarm <- c.now
			delete(c.alarms, alarm)
		}
	}
}

// stand is an organization with everything that delivers its changes.
type stand struct {
	*clock
	directory *directory.Service
	store     store.Store
	config    webhook.Config
	hooks     *webhook.Service
	org       roster.ID
	users     int
}

func newStand(t *testing.T, tune ...func(*webhook.Config)) *stand {
	t.Helper()
	s := &stand{clock: newClock(), store: memory.New()}
	now := func() roster.Time { return roster.TimeOf(s.Now()) }
	newID := func() (roster.ID, error) { return roster.NewID(now(), rand.Reader) }
	s.directory = directory.New(s.store, directory.Options{Now: now, NewID: newID})
	t.Cleanup(s.directory.Close)
	org, err := s.directory.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	s.org = org.ID
	s.config = webhook.Config{
		Log: s.directory, Keeper: s.directory, Form: native.Messages{}, Transport: webhook.NewTransport(true),
		Now: s.Now, After: s.After, NewID: newID, Jitter: func() float64 { return 0.5 },
	}
	for _, fn := range tune {
		fn(&s.config)
	}
	s.restart(t)
	return s
}

// restart has another service take over, which knows what is kept.
func (s *stand) restart(t *testing.T) {
	t.Helper()
	hooks, err := webhook.New(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.hooks = hooks
	t.Cleanup(func() {
		if err := hooks.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func (s *stand) do(t *testing.T, cmds ...roster.Command) roster.Change {
	t.Helper()
	change, err := s.directory.Do(t.Context(), s.org, roster.Operator(), cmds...)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// webhook makes a webhook and returns its id and its secret.
func (s *stand) webhook(t *testing.T, url string, change ...func(*roster.Webhook)) (id roster.ID, secret string) {
	t.Helper()
	secret, err := roster.NewWebhookSecret(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w := &roster.Webhook{Name: "w", URL: url, Enabled: true, Secrets: []roster.WebhookSecret{{Secret: secret}}}
	for _, fn := range change {
		fn(w)
	}
	return s.do(t, roster.Create{Record: w}).Ops[0].Key().ID, secret
}

func (s *stand) update(t *testing.T, hook roster.ID, patch string) {
	t.Helper()
	s.do(t, roster.Update{Type: roster.TypeWebhook, Ref: roster.Ref{ID: hook}, Patch: json.RawMessage(patch)})
}

// user makes a user and returns the version of that.
func (s *stand) user(t *testing.T) roster.Version {
	t.Helper()
	s.users++
	name := fmt.Sprintf("u%d", s.users)
	return s.do(t, roster.Create{Record: &roster.User{Name: name, Email: name + "@example.com"}}).Version
}

func (s *stand) deliver(t *testing.T) {
	t.Helper()
	if err := s.hooks.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (s *stand) standing(t *testing.T, hook roster.ID) roster.Standing {
	t.Helper()
	standings, err := s.hooks.Standings(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	return standings[hook]
}

func (s *stand) deliveries(t *testing.T, hook roster.ID, state roster.DeliveryState) []roster.Delivery {
	t.Helper()
	list, err := s.hooks.Deliveries(t.Context(), s.org, hook)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(d roster.Delivery) bool { return state != "" && d.State != state })
}

func (s *stand) record(t *testing.T, hook roster.ID) *roster.Webhook {
	t.Helper()
	view, err := s.directory.View(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range view.Webhooks() {
		if w.ID == hook {
			return w
		}
	}
	t.Fatal("the webhook is gone")
	return nil
}

// message is what a receiver got.
type message struct {
	ID      string
	Header  http.Header
	Body    []byte
	Version roster.Version
}

// receiver is a server that webhooks lead to.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []message
	next chan message
}

// answering makes a receiver that answers as fn does; nil accepts everything.
func answering(t *testing.T, fn http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{next: make(chan message, 10_000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		m := message{ID: req.Header.Get("webhook-id"), Header: req.Header, Body: body}
		var payload struct {
			Data struct{ Version roster.Version }
		}
		if err := json.Unmarshal(body, &payload); err != nil {
			t.Errorf("a message is no JSON: %s", body)
		}
		m.Version = payload.Data.Version
		r.mu.Lock()
		r.got = append(r.got, m)
		r.mu.Unlock()
		r.next <- m
		if fn != nil {
			fn(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// take returns what came since the last time.
func (r *receiver) take() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func versions(messages []message) []roster.Version {
	var list []roster.Version
	for _, m := range messages {
		list = append(list, m.Version)
	}
	return list
}

// verify holds a message against a secret with the official library, and its time against the clock, which stands at
// the time of the test.
func verify(t *testing.T, m message, secret string) {
	t.Helper()
	w, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Verify(m.Body, m.Header); err != nil {
		t.Errorf("message %s: %v", m.ID, err)
	}
}

// run has the service deliver until the test ends, or stop is called.
func (s *stand) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.hooks.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func newTLSServer(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}
