package linear

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store/open"
)

const (
	clients = 16
	// alone is how many of them have a token of their own; the others share two, and so commits.
	alone  = 8
	actors = alone + 2
)

// world is a server over one organization.
type world struct {
	url     string
	secrets [actors]string
	begin   roster.Version
}

// newWorld serves an organization without users from an empty store, behind what may change requests and answers.
func newWorld(t *testing.T, dsn string, behind func(http.Handler) http.Handler) *world {
	t.Helper()
	s, err := open.Store(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	now := func() roster.Time { return roster.TimeOf(time.Now()) }
	newID := func() (roster.ID, error) { return roster.NewID(now(), rand.Reader) }
	service := directory.New(s, directory.Options{Now: now, NewID: newID, FormBytes: 1 << 20})
	srv, err := server.New(server.Config{
		Dialects: []*dialect.Dialect{native.New()}, Directory: server.Views(service.View),
		Tokens:   &auth.Authenticator{Tokens: service, Now: now},
		Verifier: auth.NewVerifier(auth.SignersAmong(service), now), Limiter: auth.NewLimiter(time.Now, 1000),
		Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: newID, Writer: service,
		History: server.Histories(service), Audit: service, Versions: server.VersionsOf(service),
		PinPages: time.Minute, WaitTime: 50 * time.Millisecond, Random: rand.Reader, CacheBytes: 1 << 20, Unlimited: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(behind(srv.Handler()))
	t.Cleanup(h.Close)
	w := &world{url: h.URL}
	w.populate(t, service)
	return w
}

// populate makes the organization and its tokens.
func (w *world) populate(t *testing.T, service *directory.Service) {
	t.Helper()
	org, err := service.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "one", Name: "One"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range w.secrets {
		secret, err := roster.NewSecret(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		change, err := service.Do(t.Context(), org.ID, roster.Operator(), roster.Create{Record: &roster.Token{
			Name: fmt.Sprint(i), Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.Everything},
			Hash: roster.HashSecret(secret),
		}})
		if err != nil {
			t.Fatal(err)
		}
		w.secrets[i], w.begin = secret, change.Version
	}
}

// client returns a client with a connection of its own.
func (w *world) client(t *testing.T, number int, began time.Time) *client {
	t.Helper()
	transport := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	actor := number
	if number >= alone {
		actor = alone + number%2
	}
	return &client{
		number: number, actor: actor, base: w.url, secret: w.secrets[actor], began: began,
		http: &http.Client{Transport: transport},
	}
}

// work has clients, half of whom have a token of their own, send requests at the same time, and returns what they saw.
func (w *world) work(t *testing.T, seed uint64, clients, requests int) (*history, error) {
	t.Helper()
	h := &history{begin: w.begin}
	var latest atomic.Int64
	latest.Store(int64(w.begin))
	began := time.Now()
	group, ctx := errgroup.WithContext(t.Context())
	workers := make([]*worker, clients)
	for i := range workers {
		workers[i] = &worker{
			client: w.client(t, alone-clients/2+i, began), random: mathrand.New(mathrand.NewPCG(seed, uint64(i))),
			lists: map[string]knownList{}, latest: &latest,
		}
		group.Go(func() error { return workers[i].run(ctx, requests) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, worker := range workers {
		h.operations = append(h.operations, worker.history...)
	}
	last := w.client(t, clients, began)
	if _, err := last.do(t.Context(), input{kind: list}, delivery{}); err != nil {
		return nil, err
	}
	h.operations = append(h.operations, last.history...)
	var err error
	if h.changes, err = last.changes(t.Context(), w.begin); err != nil {
		return nil, err
	}
	h.resolve()
	return h, nil
}

// changes reads the change feed from after a version to its end.
func (c *client) changes(ctx context.Context, since roster.Version) ([]change, error) {
	var all []change
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet,
			fmt.Sprintf("%s/api/v1/changes?limit=1000&since=%d", c.base, since), http.NoBody)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+c.secret)
		got, err := c.roundTrip(r)
		if err != nil {
			return nil, err
		}
		if got.status != http.StatusOK {
			return nil, fmt.Errorf("%s: %d %s", r.URL, got.status, got.body)
		}
		page, err := parseChanges(got.body)
		if err != nil || len(page) == 0 {
			return all, err
		}
		all = append(all, page...)
		since = page[len(page)-1].Version
	}
}
