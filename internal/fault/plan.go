// Package fault breaks an API on purpose, by a plan: answers that are late, refused, cut off or no JSON, connections
// that are reset, pages that are not those that were asked for, and users, tokens and clocks that change while a client
// is at work. What happens to a request follows from the plan's seed, the rule, and the number of the request among
// those for its route, and from nothing else.
//
// It stands around a handler and knows neither stores nor the directory: what a fault does to records is done by a
// [World].
package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Plan is what goes wrong, and when. It is read only once it is used.
type Plan struct {
	// Seed is what chance follows from.
	Seed uint64 `json:"seed"`
	// Rules are in the order in which they are looked at. All that apply to a request count, but of those that decide
	// what is answered only the first: see [Kind].
	Rules []Rule `json:"rules"`
}

// Rule has a fault happen to some requests. Where none of Probability, Every and Requests is set, these are all.
type Rule struct {
	// Name stands for the rule where faults are counted; optional: the kind.
	Name string `json:"name,omitempty"`
	Kind Kind   `json:"kind"`

	// Dialect, Method and Path are which requests the rule is for; "" for any. Path is one of the dialect's table, with
	// {name} for path parameters. HEAD is another method than GET.
	Dialect string `json:"dialect,omitempty"`
	Method  string `json:"method,omitempty"`
	Path    string `json:"path,omitempty"`

	// Probability is how likely the fault is, above 0 and at most 1. Every n has it happen to the nth request of a
	// route, the 2nth and so on, Requests to those with the numbers listed, from 1.
	Probability float64 `json:"probability,omitempty"`
	Every       int     `json:"every,omitempty"`
	Requests    []int   `json:"requests,omitempty"`
	// For is how many requests in a row it happens to each time, from 1 to 1,000; 0 is 1. Those of several times may
	// overlap.
	For int `json:"for,omitempty"`

	// Status is the status of an answer, from 400 to 599, and of HTML from 200; RetryAfter is what it says about when
	// to try again, in whole seconds, rounded up.
	Status     int      `json:"status,omitempty"`
	RetryAfter Duration `json:"retry_after,omitempty"`
	// Distribution, Mean, Deviation, Min and Max are how long to wait: see [Fault.Delay].
	Distribution Distribution `json:"distribution,omitempty"`
	Mean         Duration     `json:"mean,omitempty"`
	Deviation    Duration     `json:"deviation,omitempty"`
	Min          Duration     `json:"min,omitempty"`
	Max          Duration     `json:"max,omitempty"`
	// Bytes is how many bytes of the body are sent before it ends, and of a dripping one how many at a time.
	Bytes int `json:"bytes,omitempty"`
	// By is what is added to the parameter with the number of the page, or of the records to skip.
	By int64 `json:"by,omitempty"`
	// Users is how many users come or go; 0 is 1.
	Users int `json:"users,omitempty"`
	// Shift is what is added to the server's clock, which may be negative.
	Shift Duration `json:"shift,omitempty"`
}

// Kind is what a fault does.
type Kind string

// The kinds. Status, Truncate, Malform, HTML, Reset and Drip decide what is answered.
const (
	Latency     Kind = "latency"      // the request waits before it is looked at
	Status      Kind = "status"       // it is refused with a status, in the vendor's form, without being looked at
	Truncate    Kind = "truncate"     // the body ends before its length is reached, and the connection with it
	Malform     Kind = "malform"      // the body has its length, but is no JSON: a byte in its middle is 0
	HTML        Kind = "html"         // a page of HTML takes the place of the answer
	Reset       Kind = "reset"        // the connection is reset (RST)
	Drip        Kind = "drip"         // the body comes in small pieces
	ShiftPage   Kind = "shift_page"   // another page is answered than was asked for, though not one before the first
	Appear      Kind = "appear"       // users are made before the request is looked at
	Disappear   Kind = "disappear"    // the users with the lowest numbers are deleted before the request is looked at
	ExpireToken Kind = "expire_token" // the request's token expires, for good
	RevokeToken Kind = "revoke_token" // the request's token is revoked, for good
	ShiftClock  Kind = "shift_clock"  // the server's clock is moved, for good; a Date header shows it
)

// Kinds returns every kind, in the order of the documentation.
func Kinds() []Kind {
	return []Kind{
		Latency, Status, Truncate, Malform, HTML, Reset, Drip, ShiftPage, Appear, Disappear, ExpireToken, RevokeToken,
		ShiftClock,
	}
}

// Duration is a time.Duration that JSON has as a text such as "1.5s".
type Duration time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Check reports as [roster.Invalid] what of a plan makes no sense for the dialects that it is to be used with.
func (p *Plan) Check(dialects []*dialect.Dialect) error {
	if err := p.check(); err != nil {
		return err
	}
	for i := range p.Rules {
		if err := p.Rules[i].fits(dialects); err != nil {
			return ruleError(i, err)
		}
	}
	return nil
}

func (p *Plan) check() error {
	for i := range p.Rules {
		if err := p.Rules[i].check(); err != nil {
			return ruleError(i, err)
		}
	}
	return nil
}

func ruleError(i int, err *roster.Error) error {
	return roster.FieldErrorf(fmt.Sprintf("faults: rule %d: %s", i+1, err.Field), "%s", err.Message)
}

// fits checks that there is a dialect, and an operation, that the rule can be for.
func (r *Rule) fits(dialects []*dialect.Dialect) *roster.Error {
	var names []string
	var endpoints []dialect.Endpoint
	for _, d := range dialects {
		names = append(names, d.Name)
		if r.Dialect == "" || r.Dialect == d.Name {
			endpoints = append(endpoints, d.Endpoints...)
		}
	}
	if err := oneOf("dialect", r.Dialect, names); err != nil {
		return err
	}
	var paths, methods []string
	for _, e := range endpoints {
		paths = append(paths, e.Path)
		if r.Path != "" && r.Path != e.Path {
			continue
		}
		if methods = append(methods, e.Method); e.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	if err := oneOf("path", r.Path, paths); err != nil {
		return err
	}
	return oneOf("method", r.Method, methods)
}

// oneOf refuses a value that is none of those that are allowed; "" always is.
func oneOf(member, value string, allowed []string) *roster.Error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	slices.Sort(allowed)
	return roster.FieldErrorf(member, "must be one of %s, not %q", strings.Join(slices.Compact(allowed), ", "), value)
}

// Moves reports whether users come or go by the plan.
func (p *Plan) Moves() bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Kind == Appear || r.Kind == Disappear })
}
