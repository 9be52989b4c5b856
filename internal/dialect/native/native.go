// Package native is Roster's own API: the records of an organization in their canonical form, to read and to change.
// The token names the organization, or, where it is an instance-wide one, the path below /orgs/{slug}.
//
// Errors are problem details (RFC 9457), changes are JSON merge patches (RFC 7396), imports and exports are JSON Lines.
// Unlike the vendors' dialects it refuses what it does not know: members of a body as well as query parameters. What a
// record must be like stands in the root package, and how records are read from lines in package ingest.
package native

import (
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// New returns the dialect.
func New() *dialect.Dialect {
	endpoints := slices.Concat(
		inPast(organizationEndpoints(), userEndpoints(), deletedEndpoints(), groupEndpoints(),
			invitationEndpoints(), ofInstance(tokenEndpoints()), webhookEndpoints(), lineEndpoints()),
		orgEndpoints(), webhooks().deliveryEndpoints(), inPast(bulkEndpoints()), jobEndpoints(), changeEndpoints(),
		pastEndpoints(), ofInstance(auditEndpoints()),
	)
	for i := range endpoints {
		e := &endpoints[i]
		e.Strict, e.Mark = true, dialect.Ours
		if e.Method == http.MethodGet {
			choosesEarly := e.ID == "listUsers" || e.ID == "exportUsers"
			if e.Takes(dialect.Query, fieldsName) && !choosesEarly {
				*e = selecting(*e)
			}
			e.AtLeast = true
			e.Params = slices.Concat(e.Params, dialect.AtLeastParams())
			if !slices.ContainsFunc(e.Returns, func(r dialect.Return) bool { return r.Status == tooEarly().Status }) {
				e.Returns = append(slices.Clone(e.Returns), tooEarly())
			}
		}
		if e.IsWrite() {
			e.Params = slices.Concat(e.Params, dialect.CauseParams())
		} else if e.Aside {
			e.Params = slices.Concat(e.Params, []dialect.Param{dialect.OnceParam()})
		}
		if e.Takes(dialect.Header, dialect.IdempotencyKey) {
			e.Returns = append(slices.Clone(e.Returns), keyReused())
		}
	}
	return &dialect.Dialect{
		Name:       "native",
		Own:        true,
		Prefix:     "/api/v1",
		Title:      "Roster",
		APIVersion: "1",
		Doc: "Roster's own API: the records of an organization, to read and to change. The token names the " +
			"organization. Every path but those below /orgs also stands below /orgs/{slug}, where an instance-wide " +
			"token names the organization by its slug; any other token can name its own there, and no other.",
		Schemes: []dialect.Scheme{
			{Kind: dialect.Bearer, Doc: "The token's secret.", Mark: dialect.Ours},
		},
		Limit:        roster.Limit{Rate: 1000, Burst: 60_000},
		LimitHeaders: limitHeaders,
		Fail:         fail,
		TellsVersion: true,
		Headers:      headers(),
		Samples: dialect.Samples{
			User: "/users/{id}",
			List: "/users?page_size=5",
		},
		Endpoints: endpoints,
	}
}

// headers documents the headers of answers.
func headers() []dialect.HeaderDoc {
	return []dialect.HeaderDoc{
		{
			Name: "WWW-Authenticate", Mark: dialect.Ours, Statuses: []int{http.StatusUnauthorized},
			Doc: "Bearer (RFC 6750).",
		},
		{
			Name: "Retry-After", Integer: true, Mark: dialect.Ours, Doc: "Seconds to wait.",
			Statuses: []int{http.StatusTooManyRequests, http.StatusServiceUnavailable},
		},
		{
			Name: "RateLimit-Policy", Mark: dialect.Ours,
			Doc: `The rate limit of the token, as in "default";q=60000;w=60: the requests that it can make at ` +
				"once, and the seconds in which it gains as many (draft-ietf-httpapi-ratelimit-headers-10).",
		},
		{
			Name: "RateLimit", Mark: dialect.Ours,
			Doc: `Where the token stands in it, as in "default";r=59999;t=1: the requests that are left, and the ` +
				"seconds until all are available again.",
		},
		{
			Name: dialect.VersionHeader, Integer: true, Mark: dialect.Ours,
			Doc: "The version of the organization that the answer is true for; after a write that of the change, " +
				"or one at which nothing was to be done. It is absent where a write is refused and where the " +
				"token does not count.",
		},
		{
			Name: dialect.Replayed, Mark: dialect.Ours, Doc: "true where a request is repeated with its " +
				dialect.IdempotencyKey + ": the answer is that of the first time, and nothing was done again.",
		},
		{
			Name: "Location", Mark: dialect.Ours, Statuses: []int{http.StatusCreated, http.StatusAccepted},
			Doc: "The URL of the record or the job that was made.",
		},
		{
			Name: "Link", Mark: dialect.Ours, Statuses: []int{http.StatusOK},
			Doc: "The first and the next page of a list (RFC 8288) by page_token, where there are others; with page " +
				"also the previous and the last one, by page.",
		},
		{
			Name: "ETag", Mark: dialect.Ours,
			Statuses: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, notExpected},
			Doc: "The entity tag of the answer. That of one record is strong, and goes into If-Match; those who " +
				"may see less of a record have another one.",
		},
		{
			Name: "Cache-Control", Mark: dialect.Ours,
			Statuses: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted},
			Doc: "no-store where the body has a secret, when tokens were last used, or changes, or depends on the " +
				"time.",
		},
		{
			Name: "Content-Disposition", Mark: dialect.Ours, Statuses: []int{http.StatusOK},
			Doc: "A name for the file that an export is.",
		},
		{
			Name: "X-Accel-Buffering", Mark: dialect.Ours, Statuses: []int{http.StatusOK},
			Doc: "no where the body is a stream of events, which proxies must not hold back.",
		},
	}
}

// limitHeaders tells a rate limit as draft-ietf-httpapi-ratelimit-headers-10 has it.
func limitHeaders(h http.Header, r dialect.Rate) {
	const text = 40 // characters, at the most
	window := int64(math.Ceil(float64(r.Limit.Burst) / r.Limit.Rate))
	reset := int64(math.Ceil(float64(r.Used) / r.Limit.Rate))
	policy := strconv.AppendInt(append(make([]byte, 0, text), `"default";q=`...), int64(r.Limit.Burst), 10)
	policy = strconv.AppendInt(append(policy, ";w="...), window, 10)
	state := strconv.AppendInt(append(make([]byte, 0, text), `"default";r=`...), int64(r.Remaining), 10)
	state = strconv.AppendInt(append(state, ";t="...), reset, 10)
	h["Ratelimit-Policy"], h["Ratelimit"] = []string{string(policy)}, []string{string(state)}
}

// The documentation of what goes wrong in several endpoints.
const (
	badRequest  = http.StatusBadRequest
	notFound    = http.StatusNotFound
	conflict    = http.StatusConflict
	notExpected = http.StatusPreconditionFailed
	gone        = http.StatusGone
	tooLarge    = http.StatusRequestEntityTooLarge
	tooMany     = http.StatusTooManyRequests
)

// tooEarly is answered to those who ask for a version that does not come in time.
func tooEarly() dialect.Return {
	return dialect.Return{
		Status: http.StatusServiceUnavailable, ContentType: problemType, Body: problem{}, Mark: dialect.Ours,
		Doc: "The organization has not come to the version that was asked for", Everywhere: true,
	}
}

// keyReused is answered to those who use the key of another request.
func keyReused() dialect.Return {
	return dialect.Return{
		Status: http.StatusUnprocessableEntity, ContentType: problemType, Body: problem{}, Mark: dialect.Ours,
		Doc: "The idempotency key was used for another request", Everywhere: true,
	}
}

func ok(body any) dialect.Return {
	return dialect.Return{Status: http.StatusOK, Doc: "OK", Body: body, Mark: dialect.Ours}
}

// returns documents a success, what every endpoint answers to the wrong token, and further failures.
func returns(success dialect.Return, failures ...int) []dialect.Return {
	list := []dialect.Return{success}
	failures = append(failures, http.StatusUnauthorized, http.StatusForbidden)
	for _, status := range slices.Sorted(slices.Values(failures)) {
		list = append(list, failure(status))
	}
	return list
}

// failure documents a failure.
func failure(status int) dialect.Return {
	return dialect.Return{
		Status: status, Doc: failureDoc(status), ContentType: problemType, Body: problem{}, Mark: dialect.Ours,
	}
}

func failureDoc(status int) string {
	switch status {
	case badRequest:
		return "A parameter or a member breaks a rule or is unknown"
	case http.StatusUnauthorized:
		return "There is no token, or one that does not count"
	case http.StatusForbidden:
		return "The token lacks a permission, or does not count from here"
	case notFound:
		return "There is no such record"
	case conflict:
		return "A unique value is taken, or the state of the organization forbids it"
	case gone:
		return "The version is no longer kept: start again"
	case notExpected:
		return "The record has another entity tag by now; current is the record as it is"
	case tooLarge:
		return "The body is too long, or has too many lines"
	default:
		return "Too many requests"
	}
}
