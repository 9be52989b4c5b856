// Package flxpoint speaks Flxpoint's "Get Users": GET /account/users, and GET /account, with which clients probe a
// connection.
//
// Source: the vendor's help center page of the endpoint (API of 2026-04) with its OpenAPI fragment. What the page
// leaves open is marked in the table.
package flxpoint

import (
	"net/http"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// New returns the dialect.
func New() *dialect.Dialect {
	return &dialect.Dialect{
		Name:       "flxpoint",
		Title:      "Flxpoint",
		Vendor:     "https://api.flxpoint.com",
		APIVersion: "1.0",
		Doc:        "The users of an account, as the Flxpoint API lists them for account tokens.",
		Schemes: []dialect.Scheme{
			{Kind: dialect.HeaderKey, Header: "X-API-TOKEN", Doc: "The API token.", Mark: dialect.Seed},
			{Kind: dialect.Bearer, Doc: "Counts only where X-API-TOKEN is absent.", Mark: dialect.Seen},
		},
		Limit:        roster.Limit{Rate: 2, Burst: 40},
		LimitHeaders: limitHeaders,
		LimitAlways:  true,
		Statuses:     map[roster.Code]int{roster.WrongTokenKind: http.StatusUnauthorized},
		Fail:         fail,
		Headers: []dialect.HeaderDoc{
			{
				Name: "X-Auth-Pool-Size",
				Doc:  "Requests that the token's bucket holds.", Integer: true, Mark: dialect.Seen,
			},
			{Name: "X-Auth-Pool-Used", Doc: "Requests that are used up of it.", Integer: true, Mark: dialect.Seen},
			{
				Name: "X-Auth-Replenished-Per-Second", Doc: "Requests that come back each second.", Integer: true,
				Mark: dialect.Seen,
			},
			{
				Name: "Retry-After",
				Doc:  "Seconds to wait.", Integer: true, Statuses: []int{http.StatusTooManyRequests},
				Mark: dialect.Seen,
			},
		},
		Samples: dialect.Samples{
			User: "/account/users?ids={number}",
			List: "/account/users?ids={number}",
		},
		Endpoints: []dialect.Endpoint{listUsers(), getAccount()},
		Golden:    golden,
		Facts: []dialect.Fact{
			{Text: "Users come by id ascending, all in one answer.", Mark: dialect.Ours},
			{Text: "Deactivated users are left out.", Mark: dialect.Seen},
			{
				Text: "ids and emails given together are combined by AND; e-mails are compared without " +
					"case.", Mark: dialect.Ours,
			},
			{Text: "A user with one name only has it in firstName and an empty lastName.", Mark: dialect.Ours},
			{Text: "A user without an e-mail has an empty one.", Mark: dialect.Ours},
			{Text: "A role outside the three is shown as the one of the three that it counts as.", Mark: dialect.Ours},
			{
				Text: "A source or channel token is answered 403 instead of 401.", Mark: dialect.Seen,
				Contract: roster.Live,
			},
		},
	}
}

func limitHeaders(h http.Header, rate dialect.Rate) {
	h.Set("X-Auth-Pool-Size", strconv.Itoa(rate.Limit.Burst))
	h.Set("X-Auth-Pool-Used", strconv.Itoa(rate.Used))
	h.Set("X-Auth-Replenished-Per-Second", strconv.Itoa(max(1, int(rate.Limit.Rate))))
}

// fail answers {"message": ...}; always JSON, never HTML.
func fail(f dialect.Failure) dialect.Response {
	message, status := f.Error.Message, f.Status
	header := http.Header{}
	switch f.Error.Code {
	case roster.Unauthenticated:
		message = "Unauthorized"
	case roster.WrongTokenKind:
		if f.Contract == roster.Live {
			status = http.StatusForbidden
		}
	case roster.RateLimited:
		message = "Too Many Requests"
		header.Set("Retry-After", "1")
	case roster.Internal:
		message = "Internal Server Error"
	}
	if f.Error.Field != "" {
		message = f.Error.Field + " " + message
	}
	return dialect.Response{Status: status, Header: header, Body: dialect.JSON(problem{Message: message})}
}
