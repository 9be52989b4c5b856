package dialect

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Window says which of an endpoint's query parameters choose the page of its list. A list has either a Start or a
// Token. Where the server keeps versions, all pages of one walk are then of one version: no record is lost or repeated,
// whatever is written meanwhile. For the server to know that there is more to come, the endpoint sets [Response.More].
type Window struct {
	// Start is the parameter with the number of the page, or of the records to skip, and First its value on the
	// first page, which is the default. The server remembers for a while at which version it served the first page to
	// a credential, and serves to that credential the pages after it that differ in no other parameter at the same
	// version.
	Start string
	First int64
	// Size is the parameter with how many records a page has, "" where clients can't choose. The server does not ask;
	// who looks at how a client pages does.
	Size string
	// Token is the parameter with the token that [Request.PageToken] made for the page before. The server checks the
	// token before the endpoint is asked, and sets the request's View to the version that the walk began at and
	// Position to where the page begins.
	Token string
	// Log is for a list with a Token whose records stay as they are, and to which others are only added, each with the
	// version that it came with. No version need be kept for it, so that a walk goes on for as long as the server runs:
	// the endpoint leaves out what came after [Request.Until]. It is also for a list that is kept at no version, whose
	// pages begin after [Request.After].
	Log bool
	// Free are the parameters that may change from page to page of a walk with tokens; all others must stay as they
	// are.
	Free []string
}

// Versions are the versions of an organization besides the present one that can be asked for.
type Versions interface {
	// At returns the organization at a version, or fails with [roster.Gone] where that is not known any more.
	At(ctx context.Context, v roster.Version) (View, error)
	// Keep has a view of the organization kept for At, for a time that begins anew with each use.
	Keep(v View)
}

// The query parameter and the request header with which a client says that a read must not be older than a version,
// which is one that an earlier answer named.
const (
	MinVersion     = "min_version"
	VersionAtLeast = "If-Roster-Version-At-Least"
)

// VersionHeader is the response header with the version that an answer is true for.
const VersionHeader = "Roster-Version"

// AtLeastParams returns the parameters of endpoints whose AtLeast is set.
func AtLeastParams() []Param {
	return []Param{
		{
			Name: MinVersion, Type: Integer, Min: N(1), Mark: Ours, Everywhere: true, Example: "12",
			Doc: "A version that the answer must not be older than, such as the Roster-Version of a write. The " +
				"server waits for it for a moment, and answers 503 where it does not come.",
		},
		{
			Name: VersionAtLeast, In: Header, Type: Integer, Min: N(1), Mark: Ours, Everywhere: true, Example: "12",
			Doc: "The same as " + MinVersion + ". Of both the later version counts.",
		},
	}
}

// TakeAtLeast returns the version that the answer must not be older than, 0 for any, and takes [MinVersion] out of the
// URL, since nothing else of the answer depends on it. It fails with [roster.Invalid] for a value that is none.
func (r *Request) TakeAtLeast() (roster.Version, error) {
	inQuery := strings.Contains(r.URL.RawQuery, MinVersion+"=")
	if !r.Endpoint.AtLeast || !inQuery && len(r.Header[VersionAtLeast]) == 0 {
		return 0, nil
	}
	if query, err := url.ParseQuery(r.URL.RawQuery); err == nil { // else Decode says so
		r.Query = query
	}
	least := int64(0)
	for i := range r.Endpoint.Params {
		p := &r.Endpoint.Params[i]
		if p.Name != MinVersion && p.Name != VersionAtLeast {
			continue
		}
		v, fault := r.param(p, nil)
		if fault != nil {
			return 0, fault
		}
		least = max(least, v.num)
	}
	if inQuery {
		r.URL.RawQuery = withoutParam(r.URL.RawQuery, MinVersion)
	}
	return roster.Version(least), nil
}

// withoutParam returns a query without the parameter of a name, which needs no escaping.
func withoutParam(raw, name string) string {
	parts := strings.Split(raw, "&")
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool {
		return part == name || strings.HasPrefix(part, name+"=")
	}), "&")
}

// queryParam returns the parameter of the query with a name, or nil.
func (e *Endpoint) queryParam(name string) *Param {
	for i := range e.Params {
		if e.Params[i].In == Query && e.Params[i].Name == name {
			return &e.Params[i]
		}
	}
	return nil
}
