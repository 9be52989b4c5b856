// Package d3lay speaks d3lay identity's "Retrieve a list of users": GET /users.
//
// Source: the vendor's API reference page of the endpoint (version v1). What the page leaves open, such as the set
// that sort_by accepts and the shape of errors, is marked in the table.
package d3lay

import (
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// versionHeader is the one parameter whose faults are 400 instead of 422.
const versionHeader = "X-API-Version"

// New returns the dialect.
func New() *dialect.Dialect {
	return &dialect.Dialect{
		Name:       "d3lay",
		Title:      "d3lay identity",
		APIVersion: "v1",
		Doc:        "The users of an organization, as d3lay identity lists them.",
		Schemes: []dialect.Scheme{
			{
				Kind: dialect.Bearer, Mark: dialect.Seed,
				Doc: "Bearer authentication header of the form Bearer <token>, where <token> is your auth token.",
			},
		},
		Statuses: map[roster.Code]int{roster.Invalid: http.StatusUnprocessableEntity},
		Fail:     fail,
		Headers:  headers(),
		Samples: dialect.Samples{
			User: "/users?id={id}",
			List: "/users?page_size=5",
		},
		Endpoints: []dialect.Endpoint{listUsers()},
		Facts:     facts(),
		Golden:    golden,
	}
}

func headers() []dialect.HeaderDoc {
	return []dialect.HeaderDoc{
		{
			Name: "Link", Mark: dialect.Seen, Sometimes: true, Statuses: []int{http.StatusOK},
			Doc: "The pages first, prev, next and last, as they apply (RFC 8288); absent when one page holds " +
				"everything.",
		},
		{
			Name: "X-Total-Count", Integer: true, Mark: dialect.Ours, Statuses: []int{http.StatusOK},
			Doc: "How many users match, on whatever page.",
		},
		{
			Name: "WWW-Authenticate", Mark: dialect.Ours, Statuses: []int{http.StatusUnauthorized},
			Doc: "Bearer (RFC 6750).",
		},
		{
			Name: "Retry-After", Integer: true, Mark: dialect.Ours, Statuses: []int{http.StatusTooManyRequests},
			Doc: "Seconds to wait.",
		},
	}
}

func facts() []dialect.Fact {
	return []dialect.Fact{
		{
			Text: "An invited user is shown as onboarding, a deactivated one as inactive; filters match what is " +
				"shown.", Mark: dialect.Ours,
		},
		{
			Text: "The values of sort_by, its default and the default of page_size are not on the page.",
			Mark: dialect.Ours,
		},
		{Text: "sort_by=status orders by the shown names, A to Z.", Mark: dialect.Ours},
		{Text: "What sort_by leaves equal is ordered by number, in the direction of sort_order.", Mark: dialect.Ours},
		{
			Text: "A search without sort_by lists the best match first, whatever sort_order says.",
			Mark: dialect.Ours,
		},
		{
			Text: "created_at_from and the like are inclusive. An upper bound on a whole second includes all of " +
				"that second, " +
				"because times are shown in seconds.",
			Mark: dialect.Ours,
		},
		{Text: "created_by and updated_by are left out of a user who has none.", Mark: dialect.Ours},
		{Text: "A user without an e-mail has an empty one.", Mark: dialect.Ours},
		{Text: "A page past the end is an empty array.", Mark: dialect.Ours},
		{Text: "There is no rate limit unless the organization sets one.", Mark: dialect.Ours},
	}
}

// fail answers {"message", "errors"} with an entry for each parameter at fault.
func fail(f dialect.Failure) dialect.Response {
	body := problem{Message: f.Message(), Errors: []fault{}}
	for _, d := range f.Faults() {
		if d.Field != "" {
			body.Errors = append(body.Errors, fault{Field: d.Field, Code: f.Error.Code, Message: d.Message})
		}
	}
	if f.Error.Field != "" {
		body.Message = f.Error.Field + " " + body.Message
	}
	header := http.Header{}
	switch f.Error.Code {
	case roster.Unauthenticated:
		header.Set("WWW-Authenticate", "Bearer")
	case roster.RateLimited:
		header.Set("Retry-After", f.RetrySeconds())
	}
	return dialect.Response{Status: status(f, body.Errors), Header: header, Body: dialect.JSON(body)}
}

// status returns 400 for a request that can't be read at all: another version of the API, or a malformed query string.
func status(f dialect.Failure, faults []fault) int {
	if f.Error.Code != roster.Invalid {
		return f.Status
	}
	for _, fault := range faults {
		if fault.Field == versionHeader {
			return http.StatusBadRequest
		}
	}
	if len(faults) == 0 {
		return http.StatusBadRequest
	}
	return f.Status
}
