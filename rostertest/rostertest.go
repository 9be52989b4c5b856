// Package rostertest stands in for vendors' APIs in Go tests: in the test's process, on an address of its own, with the
// users, the credentials, the limits, the errors and the faults that a test needs, and what the client did afterwards.
//
//	func TestSync(t *testing.T) {
//		api := rostertest.Start(t, rostertest.Kaiten, rostertest.Users(2500))
//		got, err := kaiten.New(api.URL, api.Token()).Users(t.Context())
//		...
//		api.RequireClean(t)
//	}
//
// A client needs another base URL and nothing else. What a case of a test changes can be put back before the next one,
// in much less than a millisecond: see [Server.Isolate].
//
// Functions that can fail take the test, and end it. A server with 1,000 users starts in some 50 ms, and one with
// 10,000 in half a second; that takes up 40 MB of memory.
package rostertest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/emulate"
)

// T is what is needed of a test: a [*testing.T], a [*testing.B] or a [*testing.F] is one.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Dialect is a vendor's API.
type Dialect string

// The dialects.
const (
	Flxpoint Dialect = "flxpoint"
	Kaiten   Dialect = "kaiten"
	SixEye   Dialect = "sixeye"
	D3lay    Dialect = "d3lay"
	Fipto    Dialect = "fipto"
)

// Option changes what [Start] starts.
type Option func(*options)

type options struct {
	emulate.Options

	users  *int // nil for as many as there are unless the test says
	given  []*roster.User
	faults []Fault
}

// usualUsers is how many users are made up for a test that does not say: more than a page of any vendor has by default.
const usualUsers = 200

// Users has n users made up, instead of 200. They follow from the seed.
func Users(n int) Option { return func(o *options) { o.users = &n } }

// Given has these users made, with the defaults that Roster's own API has, and none made up unless [Users] says so. A
// person needs an e-mail address. Where the dialect is [Fipto] there is always the API client who signs, too.
func Given(users ...*roster.User) Option {
	return func(o *options) { o.given = append(o.given, users...) }
}

// Seed has other users made up, and other faults happen by chance, than with the seed 1, which is the usual one.
func Seed(seed uint64) Option { return func(o *options) { o.Seed = seed } }

// Live has the API do what the vendor's was seen to do where that differs from the vendor's page, which is followed
// otherwise.
func Live(o *options) { o.Contract = roster.Live }

// Faults has something go wrong from the start: see [Server.SetFaults].
func Faults(faults ...Fault) Option {
	return func(o *options) { o.faults = append(o.faults, faults...) }
}

// Server stands in for one vendor's API. It is safe for concurrent use.
type Server struct {
	// URL takes the place of the vendor's base URL.
	URL string

	instance *emulate.Instance
	seed     uint64 // of faults
	start    emulate.Held
	client   *http.Client
}

// Start starts a stand-in, which ends with the test.
func Start(t T, d Dialect, opts ...Option) *Server {
	t.Helper()
	o := &options{}
	o.Dialects, o.Seed, o.Now, o.Random = []string{string(d)}, 1, time.Now, rand.Reader
	o.NewID = func() (roster.ID, error) { return roster.NewID(roster.TimeOf(time.Now()), rand.Reader) }
	o.Log = slog.New(slog.DiscardHandler)
	for _, set := range opts {
		set(o)
	}
	switch {
	case o.users != nil:
		o.Options.Users = *o.users
	case len(o.given) == 0:
		o.Options.Users = usualUsers
	}
	o.Options.Faults = planOf(o.Seed, o.faults)
	s, err := start(o)
	if err != nil {
		t.Fatalf("rostertest: start %s: %v", d, err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Errorf("rostertest: end %s: %v", d, err)
		}
	})
	return s
}

func start(o *options) (*Server, error) {
	ctx := context.Background() // it ends with the test, not with its context: cleanups may still ask
	i, err := emulate.Start(ctx, o.Options)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: i.APIs[0].BaseURL, instance: i, seed: o.Seed, client: &http.Client{Transport: &http.Transport{}}}
	commands, err := creations(o.given)
	if err == nil {
		_, err = i.Do(ctx, commands...)
	}
	if err != nil {
		_ = s.close()
		return nil, err
	}
	if s.start, err = i.Hold(ctx); err != nil {
		_ = s.close()
		return nil, err
	}
	return s, nil
}

func (s *Server) close() error {
	s.client.CloseIdleConnections()
	return s.instance.Close()
}

// Client returns a client for requests of the test's own, whose connections end with the server. It shows no
// credential: see [Credential.Authorize].
func (s *Server) Client() *http.Client { return s.client }

// Add makes users as [Given] does, and returns them as they are then, with ids and numbers: all of them, or none where
// one is refused.
func (s *Server) Add(t T, users ...*roster.User) []*roster.User {
	t.Helper()
	commands, err := creations(users)
	if err != nil {
		t.Fatalf("rostertest: %v", err)
	}
	var made []*roster.User
	for _, op := range s.Do(t, commands...).Ops {
		if u, ok := op.After.(*roster.User); ok {
			made = append(made, u)
		}
	}
	slices.SortFunc(made, func(a, b *roster.User) int { return int(a.Number - b.Number) })
	return made
}

func creations(users []*roster.User) ([]roster.Command, error) {
	var commands []roster.Command
	for n, u := range users {
		if u == nil {
			return nil, fmt.Errorf("user %d of those given is nil", n+1)
		}
		c := *u
		commands = append(commands, roster.Create{Record: &c})
	}
	return commands, nil
}

// Do carries out commands as the operator of the organization: all of them, or none where one is refused. It does what
// happens to users behind a client's back, such as [roster.Delete] and [roster.Update].
func (s *Server) Do(t T, commands ...roster.Command) roster.Change {
	t.Helper()
	change, err := s.instance.Do(context.Background(), commands...)
	if err != nil {
		t.Fatalf("rostertest: %v", err)
	}
	return change
}

// Reset puts everything back as it was when [Start] returned: users and all other records, tokens, faults and the
// clock. Rate limits are whole, faults are numbered from 1, and nothing has been asked for.
func (s *Server) Reset(t T) {
	t.Helper()
	s.Restore(t, &Snapshot{s.start})
}

// Snapshot is everything that [Server.Reset] puts back, as it was at a moment. It is of use as long as the server is.
type Snapshot struct{ held emulate.Held }

// Snapshot returns everything as it is now. It takes no memory but for what is changed afterwards.
func (s *Server) Snapshot(t T) *Snapshot {
	t.Helper()
	held, err := s.instance.Hold(context.Background())
	if err != nil {
		t.Fatalf("rostertest: make a snapshot: %v", err)
	}
	return &Snapshot{held}
}

// Restore puts everything back as it was at a snapshot of the same server. A request that is under way is answered from
// what was before.
func (s *Server) Restore(t T, to *Snapshot) {
	t.Helper()
	if err := s.instance.PutBack(context.Background(), to.held); err != nil {
		t.Fatalf("rostertest: restore a snapshot: %v", err)
	}
}

// Isolate puts everything back as it is now when t ends, which is what a case of a test asks for that shares a server
// with others. Cases that run in parallel need servers of their own.
func (s *Server) Isolate(t T) {
	t.Helper()
	before := s.Snapshot(t)
	t.Cleanup(func() { s.Restore(t, before) })
}

// Now returns the time that the API's clock shows.
func (s *Server) Now() time.Time {
	now, _ := s.instance.Now()
	return now
}

// SetClock has the API's clock show d more than the machine's, or less: tokens expire by it, signatures are too old or
// too new, and Date shows it.
func (s *Server) SetClock(d time.Duration) { s.instance.SetShift(d) }
