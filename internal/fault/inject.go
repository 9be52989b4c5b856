package fault

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// World is what there is behind the APIs, which faults change. It is safe for concurrent use.
type World interface {
	// Appear makes users, as active ones.
	Appear(ctx context.Context, users int) error
	// Disappear deletes the users with the lowest numbers, but not the owner; fewer where there are not so many.
	Disappear(ctx context.Context, users int) error
	// EndToken has a token expire, or revokes it. It does nothing where a credential is none of a token.
	EndToken(ctx context.Context, c dialect.Credential, revoke bool) error
}

// Clock is a clock that faults can move. It is safe for concurrent use.
type Clock struct {
	now   func() time.Time
	shift atomic.Int64 // nanoseconds
}

// NewClock returns a clock that shows what another one does.
func NewClock(now func() time.Time) *Clock { return &Clock{now: now} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time { return c.now().Add(time.Duration(c.shift.Load())) }

// Shift moves the clock.
func (c *Clock) Shift(d time.Duration) { c.shift.Add(int64(d)) }

// Set makes d what the clock is moved by, however it was moved before.
func (c *Clock) Set(d time.Duration) { c.shift.Store(int64(d)) }

// Shifted returns what the clock is moved by.
func (c *Clock) Shifted() time.Duration { return time.Duration(c.shift.Load()) }

// Injector has the faults of a plan happen. It is safe for concurrent use; requests for one route that come at the same
// time are numbered in the order in which they arrive.
type Injector struct {
	Plan  *Plan
	World World
	Clock *Clock
	// Sleep waits, and fails early where ctx ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// Tell is told of each fault that happens to a request, before it does, with the context of the request and what
	// the rule is called; optional.
	Tell func(ctx context.Context, rule string, k Kind)

	mu       sync.Mutex
	requests map[Route]int // guarded by mu
	happened map[int]int   // by the index of the rule, guarded by mu
}

// Sleep waits for a time, and fails with the error of ctx where that ends first.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Count is how often the fault of a rule has happened.
type Count struct {
	// Rule is its name, or else the kind of the fault.
	Rule     string `json:"rule"`
	Requests int    `json:"requests"`
}

// Happened returns how often each rule's fault has happened, in the order of the plan.
func (i *Injector) Happened() []Count {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []Count
	for n, r := range i.Plan.Rules {
		list = append(list, Count{r.name(), i.happened[n]})
	}
	return list
}

// number counts a request and returns its number among those of its route, from 1.
func (i *Injector) number(route Route) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.requests == nil {
		i.requests, i.happened = map[Route]int{}, map[int]int{}
	}
	i.requests[route]++
	return i.requests[route]
}

func (i *Injector) happens(ctx context.Context, f Fault) {
	if i.Tell != nil {
		i.Tell(ctx, f.name(), f.Kind)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.happened[f.Index]++
}

// API is what a handler serves.
type API struct {
	Dialect  *dialect.Dialect
	Contract roster.Contract
	// Endpoint returns the operation that a request is for; nil where there is none.
	Endpoint func(*http.Request) *dialect.Endpoint
}

// Handler returns a handler of an API in which the faults happen. What another one answers is held back in memory where
// a fault is about it.
func (i *Injector) Handler(api API, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{Injector: i, api: api, endpoint: api.Endpoint(r), next: next}
		x.serve(w, r)
	})
}

// exchange is a request and its answer.
type exchange struct {
	*Injector

	api      API
	endpoint *dialect.Endpoint
	next     http.Handler
}

func (x *exchange) route(method string) Route {
	route := Route{Dialect: x.api.Dialect.Name, Method: method}
	if x.endpoint == nil {
		route.Method = "" // clients can make up any number of them
	} else {
		route.Path = x.endpoint.Path
	}
	return route
}

func (x *exchange) serve(w http.ResponseWriter, r *http.Request) {
	route := x.route(r.Method)
	var answer *Fault
	for _, f := range x.Plan.Decide(route, x.number(route)) {
		if f.Kind.answers() {
			answer = cmp.Or(answer, &f)
			continue
		}
		var err error
		if r, err = x.before(r, f); err != nil {
			x.failed(w, r, err)
			return
		}
	}
	if x.Clock.Shifted() != 0 {
		w.Header().Set("Date", x.Clock.Now().UTC().Format(http.TimeFormat))
	}
	if answer == nil {
		x.next.ServeHTTP(w, r)
		return
	}
	x.happens(r.Context(), *answer)
	x.answer(w, r, *answer)
}

// failed says that a fault could not be made to happen: a client that is tested should fail then.
func (x *exchange) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	http.Error(w, "the fault could not be made to happen: "+err.Error(), http.StatusInternalServerError)
}

// before does what happens before a request is looked at, and returns the request as it is then.
func (x *exchange) before(r *http.Request, f Fault) (*http.Request, error) {
	ctx := r.Context()
	if f.Kind == ShiftPage {
		return x.shiftPage(r, f), nil
	}
	x.happens(ctx, f)
	switch f.Kind {
	case Latency:
		return r, x.Sleep(ctx, f.Delay())
	case Appear:
		return r, x.World.Appear(ctx, max(1, f.Users))
	case Disappear:
		return r, x.World.Disappear(ctx, max(1, f.Users))
	case ExpireToken, RevokeToken:
		return r, x.World.EndToken(ctx, x.api.Dialect.Credential(r.Header), f.Kind == RevokeToken)
	case ShiftClock:
		x.Clock.Shift(time.Duration(f.Shift))
	}
	return r, nil
}

// shiftPage returns a request for another page of its list, or the same where it is for none, or for the first one and
// none is before it.
func (x *exchange) shiftPage(r *http.Request, f Fault) *http.Request {
	if x.endpoint == nil || x.endpoint.Window == nil || x.endpoint.Window.Start == "" {
		return r
	}
	window, query := x.endpoint.Window, r.URL.Query()
	at := window.First
	if given := query.Get(window.Start); given != "" {
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil {
			return r // which is refused
		}
		at = n
	}
	to := max(window.First, at+f.By)
	if to == at {
		return r
	}
	x.happens(r.Context(), f)
	query.Set(window.Start, strconv.FormatInt(to, 10))
	return withQuery(r, query)
}

// withQuery returns a request with another query; its RequestURI, which may be signed, stays as it was.
func withQuery(r *http.Request, query url.Values) *http.Request {
	other, target := *r, *r.URL
	target.RawQuery = query.Encode()
	other.URL = &target
	return &other
}
