// Package sixeye speaks sixEye's Users API: GET /users, GET /users/{user_uuid}, and GET /version, with which clients
// find out what they talk to.
//
// Source: the vendor's "Users" page of the API reference; the names of the attributes are those of its examples.
// Paging, sorting, filtering and sparse fieldsets are an extension of ours by the rules of JSON:API 1.1.
package sixeye

import (
	"net/http"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// mediaType is that of JSON:API.
const mediaType = "application/vnd.api+json"

// New returns the dialect.
func New() *dialect.Dialect {
	return &dialect.Dialect{
		Name:       "sixeye",
		Title:      "sixEye",
		APIVersion: "v1",
		Doc:        "The users of a site, as the sixEye API lists them by the rules of JSON:API.",
		Schemes:    []dialect.Scheme{{Kind: dialect.Bearer, Doc: "The API key of a site.", Mark: dialect.Seen}},
		Fail:       fail,
		Headers: []dialect.HeaderDoc{
			{
				Name: "WWW-Authenticate", Mark: dialect.Ours, Statuses: []int{http.StatusUnauthorized},
				Doc: "Bearer (RFC 6750).",
			},
			{
				Name: "Retry-After", Integer: true, Mark: dialect.Ours, Statuses: []int{http.StatusTooManyRequests},
				Doc: "Seconds to wait.",
			},
		},
		Samples: dialect.Samples{
			User: "/users/{id}",
			List: "/users?page[size]=5",
		},
		Endpoints: []dialect.Endpoint{listUsers(), getUser(), getVersion()},
		Facts:     facts(),
		Golden:    golden,
	}
}

func facts() []dialect.Fact {
	return []dialect.Fact{
		{Text: "Without parameters the list is the whole site, by number.", Mark: dialect.Ours},
		{Text: "Deactivated users are left out of the list and found one by one.", Mark: dialect.Ours},
		{
			Text: "A UUID that is malformed, unknown or another site's is answered 404, all alike.",
			Mark: dialect.Ours,
		},
		{Text: "suspended is true for the status suspended and no other.", Mark: dialect.Ours},
		{Text: "phoneNumber, lastLoginTime and lastActionTime are null where there is none.", Mark: dialect.Ours},
		{Text: "A user with one name only has it in firstName and an empty lastName.", Mark: dialect.Ours},
		{Text: "A user without an e-mail has an empty one.", Mark: dialect.Ours},
		{
			Text: "A member of filter, fields or page that is not in the table, and a value of sort or " +
				"fields[users] that " +
				"is not, is answered 400.",
			Mark: dialect.Ours,
		},
		{
			Text: "Filters match what is shown, texts without case. Filters are combined by AND.",
			Mark: dialect.Ours,
		},
		{Text: "Users without a value come last, and first in descending order.", Mark: dialect.Ours},
		{Text: "links and meta are there only where page[number] or page[size] is given.", Mark: dialect.Ours},
		{
			Text: "Every Accept header is answered with application/vnd.api+json, but one whose every " +
				"application/vnd.api+json has a media type parameter other than ext and profile is answered 406. " +
				"An extension named by ext is not applied.",
			Mark: dialect.Ours,
		},
		{Text: "There is no rate limit unless the organization sets one.", Mark: dialect.Ours},
		{
			Text: "A user has links.self, and the relationships projects, projectSuites, receivedInvitations and " +
				"sentInvitations, each with links and without data.",
			Mark: dialect.Seen, Contract: roster.Live,
		},
		{
			Text: "Links are absolute, below the URL that was asked for. What those of relationships lead to is not " +
				"served here: it is 404. With fields[users] there are no relationships, which it can't name.",
			Mark: dialect.Ours, Contract: roster.Live,
		},
	}
}

// fail answers JSON:API error objects, one for each fault.
func fail(f dialect.Failure) dialect.Response {
	status := strconv.Itoa(f.Status)
	var body problem
	for _, d := range f.Faults() {
		entry := fault{Title: http.StatusText(f.Status), Detail: d.Message, Code: status, Status: status}
		switch {
		case d.Field == userUUID:
			entry.Title = "Record not found"
		case d.Field != "":
			entry.Detail = d.Field + " " + d.Message
			entry.Source = &source{Parameter: d.Field}
		}
		body.Errors = append(body.Errors, entry)
	}
	header := http.Header{}
	switch f.Error.Code {
	case roster.Unauthenticated:
		header.Set("WWW-Authenticate", "Bearer")
	case roster.RateLimited:
		header.Set("Retry-After", f.RetrySeconds())
	}
	return dialect.Response{Status: f.Status, ContentType: mediaType, Header: header, Body: dialect.JSON(body)}
}
