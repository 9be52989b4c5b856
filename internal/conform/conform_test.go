package conform_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/conform"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/emulate"
)

// clock is moved by who sleeps.
type clock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

func newID() (roster.ID, error) { return roster.NewID(roster.TimeOf(time.Now()), rand.Reader) }

// emulated starts dialects, all where none are named, and returns what asks each of them, by name.
func emulated(t *testing.T, contract roster.Contract, names ...string) map[string]conform.Options {
	t.Helper()
	if len(names) == 0 {
		names = emulate.Dialects()
	}
	clock := &clock{now: time.Now()}
	i, err := emulate.Start(t.Context(), emulate.Options{
		Dialects: names, Users: 16, Seed: 1, Contract: contract, Now: clock.Now, NewID: newID,
		Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	servers := map[string]conform.Options{}
	for _, api := range i.APIs {
		servers[api.Dialect] = options(t, contract, api, clock)
	}
	return servers
}

func options(t *testing.T, contract roster.Contract, api *emulate.API, clock *clock) conform.Options {
	t.Helper()
	base, err := url.Parse(api.BaseURL)
	if err != nil {
		t.Fatal(err)
	}
	o := conform.Options{
		Dialect: all.ByName(api.Dialect), Contract: contract, URL: base, Most: 1000, Now: clock.Now, Sleep: clock.Sleep,
		Path: map[string]string{"company_id": demo.Organization().ID.String()}, NewID: newID,
	}
	for _, c := range api.Credentials {
		if c.Status == http.StatusOK && c.Secret != "" {
			o.Token = c.Secret
		}
	}
	return o
}

// Our own server does what the tables and the golden cases say, under both contracts, and everything is tried.
func TestOurselves(t *testing.T) {
	t.Parallel()
	for _, contract := range []roster.Contract{roster.Documented, roster.Live} {
		for name, o := range emulated(t, contract) {
			report, err := conform.Run(t.Context(), o)
			if err != nil {
				t.Errorf("%s, %s: %v", name, contract, err)
			}
			if diff := cmp.Diff([]conform.Difference{}, report.Differences); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, contract, diff)
			}
			if diff := cmp.Diff([]string{}, report.Notes); diff != "" {
				t.Errorf("%s, %s is not tried (-want +got):\n%s", name, contract, diff)
			}
		}
	}
}
