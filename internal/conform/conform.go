// Package conform asks a server what a dialect's tables and golden cases say that it answers, and tells what differs:
// the shape of each answer, what parameters do, paging, order and refusals. It reads only, keeps to the documented
// rate limit, and takes ids and values from what the server answers, so that it can ask the vendor's own server as well
// as ours.
//
// It knows a server by its answers and nothing else: no store, no directory, no dialect but the one in the options.
package conform

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Options say whom to ask, and as whom. Fields without "optional" are required.
type Options struct {
	Dialect  *dialect.Dialect
	Contract roster.Contract
	// URL takes the place of the vendor's base URL.
	URL *url.URL
	// Token is the secret of a token that may read users, or Sign signs requests instead.
	Token string
	Sign  func(*http.Request) error
	// Path has values of path parameters, by name; optional where a list of the server has them.
	Path map[string]string
	// Rate is how many requests there are in a second at most; 0 is the documented limit or, without one, 10.
	Rate float64
	// Most is how many records are read of a list; laws about all records are not checked for a longer one.
	Most int
	// Transport sends requests; optional: [http.DefaultTransport].
	Transport http.RoundTripper
	Now       func() time.Time
	// Sleep waits until a time has passed or the context ends, whose error it then returns.
	Sleep func(context.Context, time.Duration) error
	// NewID makes an id that nobody has.
	NewID func() (roster.ID, error)
}

// Against is what a difference is a difference from.
type Against string

// What servers are held to: the vendor's page, and what our contract says beyond it.
const (
	Page     Against = "page"
	Contract Against = "contract"
)

// Difference is something that the server does otherwise. The same in many answers is one difference.
type Difference struct {
	Against Against `json:"against"`
	// Operation is the id of the operation, "" for a path that belongs to none.
	Operation string `json:"operation"`
	// Where says what of it: a member of the body, a header, a parameter, a law.
	Where string `json:"where"`
	// Want is what is documented, Got what there is.
	Want string `json:"want"`
	Got  string `json:"got"`
	// Request is the first request that showed it, and Requests how many did.
	Request  string `json:"request"`
	Requests int    `json:"requests"`
}

// Report is what came of asking.
type Report struct {
	Dialect  string          `json:"dialect"`
	URL      string          `json:"url"`
	Contract roster.Contract `json:"contract"`
	// Complete is whether all was asked that there is to ask: what was not may differ, too.
	Complete bool `json:"complete"`
	// Requests is how many were sent.
	Requests int `json:"requests"`
	// Differences from the page come first, otherwise they are in the order in which they were met.
	Differences []Difference `json:"differences"`
	// Notes say what could not be tried, each once.
	Notes []string `json:"notes"`
}

// From returns how many differences there are from something.
func (r *Report) From(what Against) int {
	n := 0
	for _, d := range r.Differences {
		if d.Against == what {
			n++
		}
	}
	return n
}

// Run asks all there is to ask. It fails where the server can't be reached, goes on refusing for too many requests, or
// does not let the credential read; the report then has what was found before.
func Run(ctx context.Context, o Options) (*Report, error) {
	c := &checker{
		Options: o, lists: map[string]*sweep{}, shapes: map[shapeKey]*dialect.Shape{}, report: &Report{
			Dialect: o.Dialect.Name, URL: o.URL.Redacted(), Contract: o.Contract,
			Differences: []Difference{}, Notes: []string{},
		},
	}
	err := c.run(ctx)
	c.report.Complete = err == nil
	slices.SortStableFunc(c.report.Differences, func(a, b Difference) int {
		return -cmp.Compare(a.Against, b.Against) // the page comes after the contract in the alphabet
	})
	return c.report, err
}

// checker is one run.
type checker struct {
	Options

	report *Report
	lists  map[string]*sweep // whole lists that are known, by operation and query
	next   time.Time         // when the next request may be sent
	shapes map[shapeKey]*dialect.Shape

	forbidden []string // the ids of operations that the credential may not use
}

func (c *checker) run(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	for i := range c.Dialect.Endpoints {
		e := &c.Dialect.Endpoints[i]
		if e.Method != http.MethodGet {
			continue
		}
		at, err := c.places(ctx, e)
		if err != nil {
			return err
		}
		if len(at) == 0 {
			c.note("%s was not tried: nothing is known to put in its path", e.ID)
			continue
		}
		if may, err := c.may(ctx, at[0]); err != nil {
			return err
		} else if !may {
			c.note("%s was not tried: it is answered with the status 403, the credential may not ask it", e.ID)
			c.forbidden = append(c.forbidden, e.ID)
			continue
		}
		for _, check := range []func(context.Context, *place) error{
			c.refusals, c.elsewhere, c.whole, c.parameters, c.notations, c.paging, c.filters, c.orders,
		} {
			if err := check(ctx, at[0]); err != nil {
				return err
			}
		}
		if err := c.records(ctx, at); err != nil {
			return err
		}
	}
	return c.golden(ctx)
}

// may reports whether the credential may use an operation.
func (c *checker) may(ctx context.Context, at *place) (bool, error) {
	a, err := c.send(ctx, at.few(nil))
	return err == nil && a.status != http.StatusForbidden, err
}

// begin asks the first operation that needs a credential: where that is refused, nothing else means anything.
func (c *checker) begin(ctx context.Context) error {
	for i := range c.Dialect.Endpoints {
		e := &c.Dialect.Endpoints[i]
		if e.Public || e.Method != http.MethodGet || strings.Contains(e.Path, "{") && !c.fills(e) {
			continue
		}
		a, err := c.send(ctx, c.at(e, c.Path).ask("", nil))
		if err != nil {
			return err
		}
		if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
			return roster.Errorf(roster.Forbidden, "the credential is refused: %s is answered with the status %d",
				a.line(), a.status)
		}
		return nil
	}
	return roster.FieldErrorf("path", "must have a value for each parameter in the path of %s, such as %s",
		c.Dialect.Endpoints[0].ID, c.Dialect.Endpoints[0].Path)
}
