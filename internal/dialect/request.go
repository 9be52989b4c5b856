package dialect

import (
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/roster-dev/roster"
)

// Request is an authenticated request to an endpoint, its parameters decoded.
type Request struct {
	// Endpoint is the operation that was asked for.
	Endpoint *Endpoint
	// ID is the request's id, a UUID.
	ID string
	// Software is Roster's own version, such as "1.4.0", for the endpoints that tell it.
	Software string
	// Now is the instant of the request where the endpoint says that the answer depends on it ([Endpoint.Timed]), and
	// none otherwise.
	Now roster.Time
	// Principal is who asks, and View the principal's organization. Both are zero for a public endpoint. For a stable
	// one the principal has an organization, a kind and permissions only.
	Principal roster.Principal
	View      View
	Contract  roster.Contract
	// URL is the absolute URL as the client sees it, mount prefix and query included. For a stable endpoint the query's
	// parameters are in the order of their names.
	URL *url.URL
	// Query is the decoded query, unknown parameters included.
	Query url.Values
	// Header is the request's header. Read parameters through the accessors instead.
	Header http.Header
	// Body is the request's body, nil where the endpoint takes none.
	Body []byte
	// Stream is the request's body where the endpoint takes it as it comes ([RequestBody.Stream]), nil otherwise. It
	// fails with [roster.TooLarge] beyond the limit. It can be read once.
	Stream io.Reader
	// Writer changes the principal's organization; nil for a public or a stable endpoint. View stays as it is when
	// Writer writes: what a write has led to is in the Writer's View.
	Writer Writer
	// History is what became of the principal's organization; nil as Writer is.
	History History
	// Past is what the principal's organization was; nil as Writer is.
	Past Past
	// Audit is what was written to the principal's organization, and by whom; nil as Writer is.
	Audit Audit
	// Jobs are the jobs of the principal's organization; nil as Writer is.
	Jobs Jobs
	// Orgs are the organizations that the principal can reach; nil as Writer is.
	Orgs Organizations
	// Hooks is the delivery to the webhooks of the principal's organization; nil as Writer is.
	Hooks Hooks
	// NewSecret makes the secret of a new token; nil as Writer is.
	NewSecret func() (string, error)
	// NewSigningSecret makes a secret of a webhook; nil as Writer is.
	NewSigningSecret func() (string, error)
	// Versions are other versions of the organization than that of View; nil for a public endpoint.
	Versions Versions
	// PageKey signs page tokens: see [Request.PageToken]. It is nil where the server has none.
	PageKey *PageKey
	// Position is how many records stand before the page that a page token asks for, 0 without one; of a list that is a
	// log what the endpoint has made the token for.
	Position int
	// After is the key of the record that a page begins after whose token was made with one, "" for any other.
	After string
	// Until is the version at which the walk of a list that is a log began, that of View without a page token; 0 for
	// other lists.
	Until roster.Version

	values []value // as Endpoint.Params
}

// value is a decoded parameter.
type value struct {
	given bool
	text  string
	num   int64
	id    roster.ID
	texts []string
	nums  []int64
}

// Given reports whether the client gave the parameter with a value.
func (r *Request) Given(name string) bool { return r.value(name).given }

// String returns the value or default of a String, and of anything else the text as it was given; "" for none.
func (r *Request) String(name string) string { return r.value(name).text }

// Int returns the value or default of an Integer, 0 for none.
func (r *Request) Int(name string) int64 { return r.value(name).num }

// Bool returns the value or default of a Boolean, false for none.
func (r *Request) Bool(name string) bool { return r.value(name).num != 0 }

// Time returns the value of a DateTime, none for none.
func (r *Request) Time(name string) roster.Time { return roster.Time(r.value(name).num) }

// UUID returns the value of a UUID, none for none.
func (r *Request) UUID(name string) roster.ID { return r.value(name).id }

// Strings returns the items of a Strings list, in the order given.
func (r *Request) Strings(name string) []string { return r.value(name).texts }

// Integers returns the items of an Integers list, in the order given.
func (r *Request) Integers(name string) []int64 { return r.value(name).nums }

// value panics for a name that is not in the endpoint's table: every request would, so that a first test finds it.
func (r *Request) value(name string) value {
	for i := range r.Endpoint.Params {
		if r.Endpoint.Params[i].Name == name {
			return r.values[i]
		}
	}
	panic("dialect: parameter " + name + " is not in the table of " + r.Endpoint.Path)
}

// Decode reads the parameters of the endpoint from the query, the header and, by path, the path. It fails with
// [roster.Invalid] and a detail for each parameter at fault, with [roster.NotFound] for a path parameter that can't
// be the name of anything here, and with [roster.Forbidden] for a parameter that the principal may not use,
// whatever its value.
func (r *Request) Decode(rawQuery string, path func(name string) string) error {
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return roster.Errorf(roster.Invalid, "the query string is malformed: it has a bad escape or a semicolon")
	}
	r.Query = query
	r.values = make([]value, len(r.Endpoint.Params))
	var faults []roster.Detail
	for i, p := range r.Endpoint.inOrder() {
		v, fault := r.param(p, path)
		if fault != nil && fault.Code != roster.Invalid {
			return fault
		}
		if fault != nil {
			faults = append(faults, fault.Details...)
		}
		r.values[i] = v
	}
	faults = append(faults, r.unknown()...)
	if len(faults) == 0 {
		return nil
	}
	return &roster.Error{Code: roster.Invalid, Field: faults[0].Field, Message: faults[0].Message, Details: faults}
}

// unknown returns a fault for each query parameter that a strict endpoint does not have, by name.
func (r *Request) unknown() []roster.Detail {
	if !r.Endpoint.Strict {
		return nil
	}
	var faults []roster.Detail
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		if r.Endpoint.named(name) == nil {
			faults = append(faults, r.Endpoint.unknown(name))
		}
	}
	return append(faults, r.conditions()...)
}

// conditions returns a fault for each condition in the header that a write does not look at: to carry it out regardless
// would be worse than to refuse it (RFC 9110, section 13.2.1).
func (r *Request) conditions() []roster.Detail {
	if r.Endpoint.Method == http.MethodGet {
		return nil
	}
	var faults []roster.Detail
	for _, name := range [...]string{"If-Match", "If-None-Match", "If-Unmodified-Since"} {
		if len(r.Header.Values(name)) > 0 && !r.Endpoint.Takes(Header, name) {
			faults = append(faults, roster.Detail{Field: name, Message: "is not a condition that this endpoint takes"})
		}
	}
	return faults
}

// unknown returns the fault of a name in the query that is that of no parameter.
func (e *Endpoint) unknown(name string) roster.Detail {
	names := e.queryNames()
	if name == "" {
		return roster.Detail{Message: "the query string has a value without the name of a parameter"}
	}
	message := "is not a parameter of this endpoint"
	if name == AsOf && e.Method == http.MethodGet {
		message += ": what it shows is not kept as it was at earlier versions"
	}
	return roster.Detail{
		Field: name, Message: message, Code: roster.Unknown,
		Allowed: names, DidYouMean: roster.Closest(name, names),
	}
}

// inOrder yields the parameters in the order in which they are decoded: those that count by themselves come first,
// so that the flags that others need are known.
func (e *Endpoint) inOrder() iter.Seq2[int, *Param] {
	return func(yield func(int, *Param) bool) {
		for _, conditional := range [2]bool{false, true} {
			for i := range e.Params {
				if p := &e.Params[i]; (len(p.With) > 0) == conditional && !yield(i, p) {
					return
				}
			}
		}
	}
}

// param decodes a parameter.
func (r *Request) param(p *Param, path func(string) string) (value, *roster.Error) {
	if p.Ignored || !r.counts(p) {
		return value{}, nil
	}
	name, sent := r.raw(p, path)
	if len(sent) > 0 && !r.Principal.Permissions.Has(p.Needs) {
		return value{}, &roster.Error{
			Code: roster.Forbidden, Field: name, Message: "needs the permission " + string(p.Needs),
		}
	}
	if r.Endpoint.Strict && p.In == Query && !utf8.ValidString(strings.Join(sent, ",")) {
		return value{}, faulty(roster.Detail{Field: name, Message: "must be valid UTF-8"})
	}
	v, fault := p.decode(name, sent)
	switch {
	case p.In == Path && fault != nil:
		return value{}, roster.Errorf(roster.NotFound, "%s", fault.Message)
	case p.Own && v.id != r.Principal.Org:
		return value{}, roster.Errorf(roster.NotFound, "no such organization")
	}
	return v, fault
}

// counts reports whether the flags that a parameter works only with let it count.
func (r *Request) counts(p *Param) bool {
	return len(p.With) == 0 || p.Freed != "" && p.Freed == r.Contract || slices.ContainsFunc(p.With, r.Bool)
}

// raw returns the parameter's values as they were sent, and the name that the client used.
func (r *Request) raw(p *Param, path func(string) string) (name string, values []string) {
	switch p.In {
	case Path:
		return p.Name, []string{path(p.Name)}
	case Header:
		return p.Name, withoutBlanks(r.Header.Values(p.Name))
	}
	for i := range 1 + len(p.Aliases) {
		name := p.Name
		if i > 0 {
			name = p.Aliases[i-1]
		}
		values := r.Query[name]
		if p.IsList() {
			values = slices.Concat(values, r.Query[name+"[]"])
		}
		if values = withoutBlanks(values); len(values) > 0 {
			return name, values
		}
	}
	return p.Name, nil
}

func withoutBlanks(values []string) []string {
	if !slices.ContainsFunc(values, isBlank) {
		return values
	}
	return slices.DeleteFunc(slices.Clone(values), isBlank)
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// authorization splits an Authorization header into the scheme in lower case and the rest.
func authorization(h http.Header) (scheme, rest string) {
	scheme, rest, _ = strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	return strings.ToLower(scheme), strings.TrimSpace(rest)
}
