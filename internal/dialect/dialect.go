// Package dialect is the kit that dialects are made of. A dialect is a table plus pure functions: the table's
// endpoints and parameters make the routes, the decoding, the OpenAPI document, the fidelity page, the rate limit
// and the coverage check of the golden tests; the functions turn parameters into a query and users into a vendor's
// wire form.
//
// A dialect sees one organization through [View] and nothing else: never a store, an index, another organization, a
// http.ResponseWriter or a clock.
package dialect

import (
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

// Dialect is one vendor's API over the records of an organization. It is read only once made.
type Dialect struct {
	// Name is the dialect's name in commands, configuration and tokens, such as "flxpoint".
	Name string
	// Prefix is the path below which the dialect is served, besides the root of hosts and listeners of its own;
	// "/" + Name when empty.
	Prefix string
	// Own is true for Roster's own API, which has no vendor to be compatible with, and so no fidelity page.
	Own bool
	// Title is the vendor's name and Vendor the base URL of the vendor's own API, "" when it has no fixed one.
	Title, Vendor string
	// Doc says in a paragraph what the dialect is compatible with.
	Doc string
	// APIVersion is the version of the vendor's API that the page describes.
	APIVersion string
	// Schemes are the ways in which a request can carry a credential, the first that is present counts.
	Schemes []Scheme
	// Limit is the vendor's rate limit for each token; the zero Limit is none. Organizations can replace it.
	Limit roster.Limit
	// LimitHeaders sets what the vendor tells about the limit on every authenticated response; nil sets nothing.
	LimitHeaders func(http.Header, Rate)
	// LimitAlways is for vendors who tell it on every response: LimitHeaders then describes a bucket that nobody has
	// used where there is no credential that counts.
	LimitAlways bool
	// Statuses replaces the status of codes where the vendor's differ from [DefaultStatus].
	Statuses map[roster.Code]int
	// Fail makes the response to a failed request in the vendor's shape.
	Fail func(Failure) Response
	// Headers documents the headers that Fail and LimitHeaders set.
	Headers []HeaderDoc
	// TellsVersion has every answer about an organization say which version it is true for: see [VersionHeader].
	TellsVersion bool
	// Endpoints are the operations, in the order of the documentation.
	Endpoints []Endpoint
	// Samples show the dialect to whoever compares dialects.
	Samples Samples
	// Facts are decisions and differences that no row of the tables shows, for the fidelity page.
	Facts []Fact
	// Golden has the golden cases, testdata/*.txtar, for who asks other servers the same; nil where nobody does.
	Golden fs.FS
}

// Samples are requests by GET: paths with queries below a dialect's root, in which {company_id} stands for the id of
// the organization, and {id}, {number} and {email} for what users have: of those of a list, separated by commas.
type Samples struct {
	// User asks for one user, or for a list of that one; List for five users, any where it does not say which.
	User, List string
}

// Mark says how certain it is that the vendor behaves in a documented way.
type Mark string

// The marks.
const (
	Seed Mark = "seed" // it stands on the page that the dialect implements
	Seen Mark = "seen" // read in the vendor's other documentation, or measured against the live API
	Ours Mark = "ours" // the vendor is silent; it is our decision
)

// Fact is a statement of the fidelity page.
type Fact struct {
	Text string
	Mark Mark
	// Contract is the one contract that the fact is true for; "" for both.
	Contract roster.Contract
}

// HeaderDoc documents a response header.
type HeaderDoc struct {
	Name, Doc string
	// Integer is true for a header whose values are integers.
	Integer bool
	// Statuses are the statuses that carry it; none means all.
	Statuses []int
	// Sometimes is true where an answer with such a status need not carry it.
	Sometimes bool
	Mark      Mark
}

// SchemeKind is a way to carry a credential.
type SchemeKind int

// The kinds of schemes.
const (
	HeaderKey     SchemeKind = iota // the secret alone in a header
	Bearer                          // Authorization: Bearer SECRET (RFC 6750)
	HTTPSignature                   // a Signature or Authorization: Signature header (draft-cavage-http-signatures-12)
)

// Scheme is one way in which a request can carry a credential.
type Scheme struct {
	Kind SchemeKind
	// Header is the header of a HeaderKey.
	Header string
	Doc    string
	Mark   Mark
}

// Credential is what a request shows to say who is asking.
type Credential struct {
	// Secret is a token's secret, "" where there is none or where the request is signed.
	Secret string
	// Signed is true where the request carries an HTTP signature.
	Signed bool
}

// Credential finds the credential of a request by the dialect's schemes; the zero Credential means that it carries
// none.
func (d *Dialect) Credential(h http.Header) Credential {
	c, _ := d.Shown(h)
	return c
}

// Shown returns the credential of a request, as [Dialect.Credential] does, and the scheme that it is carried by; nil
// where there is none.
func (d *Dialect) Shown(h http.Header) (Credential, *Scheme) {
	for i := range d.Schemes {
		if c := d.Schemes[i].find(h); c != (Credential{}) {
			return c, &d.Schemes[i]
		}
	}
	return Credential{}, nil
}

func (s Scheme) find(h http.Header) Credential {
	switch s.Kind {
	case HeaderKey:
		return Credential{Secret: h.Get(s.Header)}
	case Bearer:
		scheme, secret := authorization(h)
		if scheme == "bearer" {
			return Credential{Secret: secret}
		}
	case HTTPSignature:
		scheme, _ := authorization(h)
		return Credential{Signed: scheme == "signature" || h.Get("Signature") != ""}
	}
	return Credential{}
}

// Rate is where a token stands in its rate limit after a request.
type Rate struct {
	Limit roster.Limit
	// Used and Remaining add up to Limit.Burst.
	Used, Remaining int
	// ResetAt is when the whole burst is available again.
	ResetAt time.Time
	// RetryAfter is how long to wait before a refused request can succeed; 0 for an allowed one.
	RetryAfter time.Duration
}

// Failure is a failed request.
type Failure struct {
	// Error has the code and the words for the client.
	Error *roster.Error
	// Status is the status by the dialect's table.
	Status    int
	Contract  roster.Contract
	RequestID string
	// RetryAfter is how long to wait before the request can succeed, for the statuses 429 and 503; 0 where that is not
	// known.
	RetryAfter time.Duration
}

// Message returns the words for the client; they say nothing about an [roster.Internal] error.
func (f Failure) Message() string {
	if f.Error.Code == roster.Internal {
		return "internal error"
	}
	return f.Error.Message
}

// Faults returns the error's details or, where it has none, the error itself as the only one.
func (f Failure) Faults() []roster.Detail {
	if len(f.Error.Details) > 0 {
		return f.Error.Details
	}
	return []roster.Detail{{Field: f.Error.Field, Message: f.Message()}}
}

// RetrySeconds returns the value of a Retry-After header: RetryAfter in whole seconds, rounded up, from 1.
func (f Failure) RetrySeconds() string {
	return strconv.FormatInt(max(1, int64((f.RetryAfter+time.Second-1)/time.Second)), 10)
}

// DefaultStatus returns the status of a code in dialects that have no other for it.
func DefaultStatus(code roster.Code) int {
	switch code {
	case roster.Invalid:
		return http.StatusBadRequest
	case roster.Unauthenticated:
		return http.StatusUnauthorized
	case roster.Forbidden, roster.WrongTokenKind:
		return http.StatusForbidden
	case roster.NotFound:
		return http.StatusNotFound
	case roster.MethodNotAllowed:
		return http.StatusMethodNotAllowed
	case roster.NotAcceptable:
		return http.StatusNotAcceptable
	case roster.Conflict:
		return http.StatusConflict
	case roster.PreconditionFailed:
		return http.StatusPreconditionFailed
	case roster.KeyReused:
		return http.StatusUnprocessableEntity
	case roster.TooLarge:
		return http.StatusRequestEntityTooLarge
	case roster.RateLimited:
		return http.StatusTooManyRequests
	case roster.Gone:
		return http.StatusGone
	case roster.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// Mount returns the path below which the dialect is served.
func (d *Dialect) Mount() string {
	if d.Prefix != "" {
		return d.Prefix
	}
	return "/" + d.Name
}

// Status returns the dialect's status of a code.
func (d *Dialect) Status(code roster.Code) int {
	if status, ok := d.Statuses[code]; ok {
		return status
	}
	return DefaultStatus(code)
}
