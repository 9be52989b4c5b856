package dialect

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Endpoint is one operation of a dialect.
type Endpoint struct {
	// Method is the HTTP method; HEAD comes with GET.
	Method string
	// Path is the path below the dialect's root, with {name} for path parameters, of which each is a segment, or what
	// stands before the end of one, as in {name}:verb. Aliases are other paths to the same.
	Path    string
	Aliases []string
	// ID is the operation's id in the OpenAPI document, such as "listUsers".
	ID                   string
	Summary, Description string
	Mark                 Mark
	// Public endpoints need no credential, see no organization and have no rate limit.
	Public bool
	// Kinds are the kinds of tokens that may use the endpoint; none means all.
	Kinds []roster.TokenKind
	// Needs is the permission that the token must have.
	Needs roster.Permission
	// Allow refuses principals by rules of the vendor's own, in addition to Kinds and Needs; nil allows all.
	Allow func(roster.Principal, View) error
	// AllowDoc says what Allow asks for.
	AllowDoc string
	Params   []Param
	// Window says how the endpoint's list is paged; nil where it is no list, or comes at once.
	Window *Window
	// Laws say what can be seen of the list from outside; nil where it is no list, or nobody looks.
	Laws *Laws
	// AtLeast has the server wait for a version that the client names; Params then has [AtLeastParams].
	AtLeast bool
	// AsOf has the server show a version of the past that the client names; Params then has [AsOfParam].
	AsOf bool
	// Varies names the request headers, besides those in Params, that the answer depends on.
	Varies []string
	// TellsID is true where the body has the request's id, once, before anything that comes from a client or a record.
	TellsID bool
	// Volatile is for a GET whose answers can differ at one version for other reasons than [Endpoint.Stable] lists.
	Volatile bool
	// Timed reports whether the answer to a query, as it stands in the URL, depends on the time besides, so that it is
	// no stable one. nil is for an endpoint of which no answer does.
	Timed func(rawQuery string) bool
	// Tagged is for a GET whose answers have a Tag of their own, which may be the same at several versions.
	Tagged bool
	// OfInstance is true where an instance-wide token that names no organization uses the endpoint on the instance
	// itself. For all others it must name one.
	OfInstance bool
	// NewOrg is for an endpoint whose one write makes an organization, and OfDeleted for one that finds an organization
	// by the path that was deleted, too.
	NewOrg, OfDeleted bool
	// Strict refuses query parameters that are not in Params and values of others that are not valid UTF-8, and of a
	// write conditions (If-Match and the like) that are not in Params and a body where there is no Body, as
	// [roster.Invalid]; otherwise they are ignored.
	Strict bool
	// Aside is for what is done beside the organization's records: it makes no version and has no entry in the audit.
	Aside bool
	// Body documents the request's body; nil where the endpoint takes none.
	Body *RequestBody
	// Returns documents what the endpoint answers; the golden tests have a case for each.
	Returns []Return
	// Serve answers a request whose parameters are decoded. It is pure but for what it writes through the request's
	// Writer: what it sees is in the request.
	Serve func(ctx context.Context, r *Request) (Response, error)
}

// Return documents one status of an endpoint.
type Return struct {
	Status int
	Doc    string
	// ContentType is "application/json" when empty and there is a Body.
	ContentType string
	// Body is a value of the wire type that makes the schema; nil where there is no body, or no schema for it.
	Body any
	// Example is a JSON value, "" for none.
	Example string
	Mark    Mark
	// Contract is the one contract in which the status occurs, or has this body; "" for both. A status with another
	// body in each has a row for each, the documented one first.
	Contract roster.Contract
	// Everywhere is for a status that has one cause in every endpoint that has it: one golden case is enough for all.
	Everywhere bool
}

// View is an organization at one version, as a dialect sees it. Records are shared and read only.
type View interface {
	Versioned
	Org() *roster.Organization
	// User returns one user, or fails with [roster.NotFound].
	User(ref roster.Ref) (*roster.User, error)
	// Group, Space and Role return nil where there is none.
	Group(number int64) *roster.Group
	Space(number int64) *roster.Space
	Role(handle string) *roster.Role
	Queries
	Lists
}

// Versioned is what shows a version of an organization.
type Versioned interface {
	Version() roster.Version
	// MadeAt returns when the version was made, 0 where that is not known.
	MadeAt() roster.Time
}

// Queries are the questions about all users of an organization.
type Queries interface {
	// Users answers a query; it fails with [roster.Invalid] for a query that the fields do not support.
	Users(q roster.Query) (roster.Page, error)
	// Facets counts the values that all users whom a query asks for hold in some fields, as
	// [roster.Query.ScanFacets] does; it fails with [roster.Invalid] as Users does, and for a field whose values can't
	// be counted.
	Facets(q roster.Query, fields ...roster.Field) ([]roster.Facet, error)
}

// Lists are all records of an organization but its users.
type Lists interface {
	// Roles, Groups and Spaces are by number, Tokens, Invitations and Webhooks by id, which is in
	// the order of their creation.
	// Those that do not count any more are among them.
	Roles() []*roster.Role
	Groups() []*roster.Group
	Spaces() []*roster.Space
	Tokens() []*roster.Token
	Invitations() []*roster.Invitation
	Webhooks() []*roster.Webhook
	// Deleted returns the deleted records of a type, which is one of [roster.DeletedTypes], by number.
	Deleted(t roster.Type) []roster.Deleted
}

// Paths returns the path and its aliases.
func (e *Endpoint) Paths() []string { return append([]string{e.Path}, e.Aliases...) }

// Stable reports whether equal requests have equal answers, but for the request's id, at one version of an
// organization. Requests are equal by their contract, their URL with the query's parameters in any order, the headers
// in Params and Varies, and the kind and the permissions of who asks. Serve sees no more of the principal then.
func (e *Endpoint) Stable() bool { return e.Method == http.MethodGet && !e.Public && !e.Volatile }

// IsWrite reports whether the endpoint is there to change something of the organization.
func (e *Endpoint) IsWrite() bool { return e.Method != http.MethodGet && !e.Public && !e.Aside }

// VaryOn returns the names of the request headers that answers depend on, those of Params first.
func (e *Endpoint) VaryOn() []string {
	var names []string
	for i := range e.Params {
		if e.Params[i].In == Header && e.Params[i].Name != VersionAtLeast {
			names = append(names, e.Params[i].Name)
		}
	}
	return append(names, e.Varies...)
}

// Match reports whether a path below the dialect's root is one of the endpoint's, and returns its path parameters,
// decoded.
func (e *Endpoint) Match(escapedPath string) (params map[string]string, ok bool) {
	if params, ok = matchPath(e.Path, escapedPath); ok {
		return params, true
	}
	for _, pattern := range e.Aliases {
		if params, ok = matchPath(pattern, escapedPath); ok {
			return params, true
		}
	}
	return nil, false
}

// matchPath returns nil parameters for a pattern that has none.
func matchPath(pattern, path string) (params map[string]string, ok bool) {
	for more := true; more; {
		var want, have string
		var moreOfPath bool
		want, pattern, more = strings.Cut(pattern, "/")
		have, path, moreOfPath = strings.Cut(path, "/")
		name, isParam := strings.CutPrefix(want, "{")
		if more != moreOfPath || !isParam && want != have {
			return nil, false
		}
		if !isParam {
			continue
		}
		name, end, _ := strings.Cut(name, "}")
		value, err := url.PathUnescape(strings.TrimSuffix(have, end))
		if err != nil || value == "" || !strings.HasSuffix(have, end) {
			return nil, false
		}
		if params == nil {
			params = map[string]string{}
		}
		params[name] = value
	}
	return params, true
}

// Takes reports whether a parameter is in the endpoint's table.
func (e *Endpoint) Takes(in In, name string) bool {
	return slices.ContainsFunc(e.Params, func(p Param) bool { return p.In == in && p.Name == name })
}
