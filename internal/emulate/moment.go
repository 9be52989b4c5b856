package emulate

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/docs"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/inspect"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store/memory"
)

// moment is all that requests meet, and that they can change: records, limits, caches, walks, faults and the clock. One
// takes the place of another as a whole, so that nothing of what was can be forgotten behind; requests that are under
// way end with the one they began with.
type moment struct {
	records   *memory.Store
	directory *directory.Service
	world     *world
	limiter   *auth.Limiter
	faults    *fault.Injector
	server    *server.Server // of the APIs
	apis      []http.Handler // in the order of [Instance.APIs]
	pages     []http.Handler // the same without faults, for the documentation
	operator  *server.Server // of Roster's own API
	native    http.Handler   // the operator's
}

// past is what a moment is made of.
type past struct {
	records  *memory.Store // which nobody writes to
	view     *index.View   // of the records, or of those of a little earlier
	plan     *fault.Plan
	shift    time.Duration // of the clock
	appeared int64         // of [world]
}

// past returns what the moment can be made of again.
func (m *moment) past(ctx context.Context) (*past, error) {
	p := &past{plan: m.faults.Plan, shift: m.faults.Clock.Shifted(), appeared: m.world.appeared.Load()}
	var err error
	if p.view, err = m.directory.View(ctx, demo.Organization().ID); err != nil {
		return nil, err
	}
	p.records, err = m.records.Fork(ctx)
	return p, err
}

// newMoment returns the moment that is like a past one, with limits that nobody has used and caches that are empty.
func (i *Instance) newMoment(ctx context.Context, p *past) (*moment, error) {
	m, o := &moment{}, &i.options
	var err error
	if m.records, err = p.records.Fork(ctx); err != nil {
		return nil, err
	}
	clock := fault.NewClock(o.Now)
	clock.Set(p.shift)
	m.directory = directory.New(m.records, directory.Options{
		Now: timeOf(clock.Now), NewID: o.NewID, Random: o.Random, Warm: true, FormBytes: cacheBytes,
	})
	if err := m.directory.Adopt(ctx, p.view); err != nil {
		return nil, err
	}
	m.world = &world{directory: m.directory, now: timeOf(clock.Now)}
	m.world.appeared.Store(p.appeared)
	m.limiter = auth.NewLimiter(o.Now, maxTokens) // a clock that is put back takes back no request
	return m, i.equip(m, p.plan, clock)
}

// withPlan returns a moment with the same records and limits and with other faults, which are numbered anew.
func (i *Instance) withPlan(m *moment, plan *fault.Plan) (*moment, error) {
	next := *m
	return &next, i.equip(&next, plan, m.faults.Clock)
}

// equip has a moment answer requests, with the faults of a plan.
func (i *Instance) equip(m *moment, plan *fault.Plan, clock *fault.Clock) (err error) {
	m.faults = &fault.Injector{Plan: plan, World: m.world, Clock: clock, Sleep: fault.Sleep, Tell: tell}
	if m.server, err = i.newServer(m); err != nil {
		return err
	}
	if m.operator, err = i.newOperator(m); err != nil {
		return err
	}
	m.apis, m.pages, m.native = nil, nil, m.operator.Handler()
	for _, api := range i.APIs {
		handler, err := m.server.DialectHandler(api.Dialect)
		if err != nil {
			return err
		}
		m.pages = append(m.pages, handler)
		m.apis = append(m.apis, m.faults.Handler(fault.API{
			Dialect: api.dialect, Contract: api.contract, Endpoint: api.endpoint,
		}, handler))
	}
	return nil
}

// newServer returns the server of the vendors' APIs.
func (i *Instance) newServer(m *moment) (*server.Server, error) {
	c, err := i.config(m)
	if err != nil {
		return nil, err
	}
	c.Dialects, c.Contract, c.CacheBytes, c.Paged = i.dialects, i.options.Contract, cacheBytes, inspect.Paged
	c.Tokens = &auth.Authenticator{Tokens: m.directory, Now: timeOf(c.Now), Visitors: i.visitors}
	c.Site, c.Visitors = true, i.visitors
	if !m.faults.Plan.Moves() { // else who pages would not see it
		c.PinPages = time.Minute
	}
	return server.New(c)
}

// newOperator returns the server of Roster's own API, where whoever has the instance's secret is the operator.
func (i *Instance) newOperator(m *moment) (*server.Server, error) {
	c, err := i.config(m)
	if err != nil {
		return nil, err
	}
	d := m.directory
	c.Dialects, c.Names, c.Unlimited = []*dialect.Dialect{i.own}, i.names, true
	c.Tokens = &auth.Authenticator{
		Tokens: auth.OperatorToken{Hash: roster.HashSecret(i.secret), Org: demo.Organization().ID}, Now: timeOf(c.Now),
	}
	c.Orgs, c.History, c.Audit, c.Past = d, server.Histories(d), d, server.PastOf(d)
	return server.New(c)
}

// config returns what the servers of a moment have in common. Their epoch is their own: what a client was told of a
// version that has been taken back says nothing about the version that will have its number.
func (i *Instance) config(m *moment) (server.Config, error) {
	o, d, now := &i.options, m.directory, m.faults.Clock.Now
	epoch, err := o.NewID()
	if err != nil {
		return server.Config{}, fmt.Errorf("name a moment: %w", err)
	}
	return server.Config{
		Directory: server.Views(d.View), Verifier: auth.NewVerifier(auth.SignersAmong(d), timeOf(now)),
		Limiter: m.limiter, Writer: d, Versions: server.VersionsOf(d),
		Random: o.Random, Log: o.Log, Now: now, NewID: o.NewID, Epoch: epoch.String(), Docs: docs.Pages,
		Software: o.Software,
	}, nil
}

// drain ends what waits for changes, so that it does not wait for those of a moment that nobody meets any more.
func (m *moment) drain() {
	m.server.Drain()
	m.operator.Drain()
}

func timeOf(now func() time.Time) func() roster.Time {
	return func() roster.Time { return roster.TimeOf(now()) }
}

// present is the moment that requests meet. It is safe for concurrent use.
type present struct{ atomic.Pointer[moment] }

// api returns the handler of the nth API, whichever moment it is.
func (p *present) api(n int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.Load().apis[n].ServeHTTP(w, r) })
}

// withPages returns a handler of the nth API's documentation and, of all else, h: what a person reads is no part of
// what a client is given, counted or refused.
func (p *present) withPages(n int, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/docs/") {
			p.Load().pages[n].ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}
