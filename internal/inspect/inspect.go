// Package inspect records what clients ask of an API and how it is answered, and judges the clients by the vendor's
// rules. It stands around the handler of a dialect, outside of the faults, so that it sees what the client sees, and
// takes the rules from the dialect's table.
//
// It tells nobody's secrets: see [Inspector.Requests]. What can't be seen from outside it does not guess at: which
// members of an answer a client reads, and what it does with them.
package inspect

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Options are how much is kept. The zero value of a number stands for its default.
type Options struct {
	// Now is the clock that clients wait by, which no fault moves.
	Now func() time.Time
	// Requests is how many of the latest requests are kept, 1000 by default, and Bytes about how much memory they take
	// up, 16 MiB by default. Findings are kept as well when their requests are not any more.
	Requests, Bytes int
	// Body is how many bytes are kept of each body, 8 KiB by default.
	Body int
}

const (
	defaultRequests = 1000
	defaultBytes    = 16 << 20
	defaultBody     = 8 << 10
)

// API is what a handler serves.
type API struct {
	Dialect  *dialect.Dialect
	Contract roster.Contract
	// Org is the organization that all is about.
	Org roster.ID
	// Endpoint returns the operation that a request is for; nil where there is none.
	Endpoint func(*http.Request) *dialect.Endpoint
	// Token returns the token with a secret; nil where there is none. Optional.
	Token func(ctx context.Context, secret string) *roster.Token
}

// Inspector records and judges. It is safe for concurrent use. A request is recorded and judged before its answer is
// complete for the client: who has read an answer to its end finds it here.
type Inspector struct {
	options Options

	mu    sync.Mutex
	kept  []*exchange // in the order in which they were answered, guarded by mu
	bytes int         // what kept takes up, guarded by mu
	last  int64       // the number of the latest one, guarded by mu
	state *state      // guarded by mu
	era   int         // how often all was forgotten, guarded by mu
	apis  []string    // the names of dialects in the order of Handler, guarded by mu
}

// New returns an inspector that has seen nothing.
func New(o Options) *Inspector {
	o.Requests, o.Bytes = cmp.Or(o.Requests, defaultRequests), cmp.Or(o.Bytes, defaultBytes)
	o.Body = cmp.Or(o.Body, defaultBody)
	return &Inspector{options: o, state: newState()}
}

// Reset forgets all requests, counts and findings, and what clients have done; those that are under way are not
// recorded. Numbers begin anew.
func (i *Inspector) Reset() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kept, i.bytes, i.last, i.state = nil, 0, 0, newState()
	i.era++
}

// Handler returns a handler of an API that records and judges what another one answers.
func (i *Inspector) Handler(api API, next http.Handler) http.Handler {
	i.mu.Lock()
	i.apis = append(i.apis, api.Dialect.Name)
	i.mu.Unlock()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := i.begin(&api, r)
		out := &writer{ResponseWriter: w, exchange: x, most: i.options.Body, end: i.end}
		defer out.leave()
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = &reader{ReadCloser: r.Body, exchange: x, most: i.options.Body}
		}
		next.ServeHTTP(out, r)
		out.complete()
	})
}

type exchangeKey struct{}

// Damage is what a fault does to an answer.
type Damage int

// The kinds of damage.
const (
	Undamaged Damage = iota // the answer is what it would have been, or comes later
	OtherPage               // the answer can have other records than those that were asked for
	NoAnswer                // there is no answer that the client could use
)

// Tell notes that a fault has happened to the request that a context belongs to, for which the client is not blamed. It
// is called while the request is answered, and does nothing for a context of no request.
func Tell(ctx context.Context, fault string, d Damage) {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.faults, x.damage = append(x.faults, fault), max(x.damage, d)
	}
}

// Paged notes whether there are pages after the one that is answered, likewise.
func Paged(ctx context.Context, more bool) {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.paged, x.more = true, more
	}
}

func (i *Inspector) begin(api *API, r *http.Request) *exchange {
	i.mu.Lock()
	era := i.era
	i.mu.Unlock()
	return &exchange{
		era: era, api: api, endpoint: api.Endpoint(r), began: i.options.Now(),
		method: r.Method, uri: r.RequestURI, url: r.URL, header: r.Header, length: r.ContentLength, from: r.RemoteAddr,
		ctx: r.Context(),
	}
}

// end records and judges what is answered.
func (i *Inspector) end(x *exchange) {
	x.ended = i.options.Now()
	x.gone = x.ctx.Err() != nil
	x.credential, x.scheme = x.api.Dialect.Shown(x.header)
	x.token = x.findToken()
	x.ctx = nil

	i.mu.Lock()
	defer i.mu.Unlock()
	if x.era != i.era {
		return
	}
	i.last++
	x.number = i.last
	i.state.count(x)
	i.state.judge(x)
	i.keep(x)
}

// keep is called with mu held.
func (i *Inspector) keep(x *exchange) {
	i.kept = append(i.kept, x)
	i.bytes += x.size()
	drop := 0
	for len(i.kept)-drop > i.options.Requests || i.bytes > i.options.Bytes && drop < len(i.kept) {
		i.bytes -= i.kept[drop].size()
		i.kept[drop] = nil
		drop++
	}
	i.kept = i.kept[drop:]
}

// Requests returns the requests that are kept whose numbers are above after, in the order in which they were answered.
// Secrets are masked in all that they show: credentials wherever they stand, values with names such as token, secret
// or password, and whatever looks like a token of ours.
func (i *Inspector) Requests(after int64) []Request {
	i.mu.Lock()
	kept := slices.Clone(i.kept)
	i.mu.Unlock()
	var list []Request
	for _, x := range kept {
		if x.number > after {
			list = append(list, x.shown(i.options.Body))
		}
	}
	return list
}

// Findings returns what clients did wrong, the worst first, and then in the order of requests. Those that are Open are
// about what a client has not done so far.
func (i *Inspector) Findings() []Finding {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.state.findings()
}

// Counts returns how often what was asked for, in the order of the APIs, then of paths, methods and statuses.
func (i *Inspector) Counts() []Count {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.state.counts.list(i.apis)
}
