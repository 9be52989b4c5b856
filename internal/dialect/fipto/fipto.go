// Package fipto speaks Fipto's "Find users from a specific company": GET /companies/{company_id}/users.
//
// Source: the vendor's API reference page of the endpoint (API version 1.2.2). What the page leaves open, such as the
// names of the paging parameters, and what was read in the vendor's other documentation is marked in the table.
package fipto

import (
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// New returns the dialect.
func New() *dialect.Dialect {
	return &dialect.Dialect{
		Name:       "fipto",
		Title:      "Fipto",
		Vendor:     "https://api.fipto.app",
		APIVersion: "1.2.2",
		Doc:        "The users of a company, people and API clients, as the Fipto API lists them.",
		Schemes: []dialect.Scheme{
			{
				Kind: dialect.HTTPSignature, Mark: dialect.Seen,
				Doc: "A signature by draft-cavage-http-signatures-12 over (request-target), host and date, in " +
					"the header " +
					"Signature or Authorization: Signature. The keyId is the id of an API client among the " +
					"users, the key its " +
					"public key; the request must come from one of its whitelisted addresses where it has any.",
			},
			{Kind: dialect.Bearer, Doc: "A token, for setups without keys.", Mark: dialect.Ours},
		},
		Fail:    fail,
		Headers: headers(),
		Samples: dialect.Samples{
			User: "/companies/{company_id}/users?search={email}&page_size=1",
			List: "/companies/{company_id}/users?page_size=5",
		},
		Endpoints: []dialect.Endpoint{listUsers()},
		Facts:     facts(),
		Golden:    golden,
	}
}

func headers() []dialect.HeaderDoc {
	return []dialect.HeaderDoc{
		{Name: "X-Request-Id", Doc: "The request's id, a UUID: that of meta.request_id.", Mark: dialect.Ours},
		{
			Name: "WWW-Authenticate", Mark: dialect.Ours, Statuses: []int{http.StatusUnauthorized},
			Doc: "The two ways to authenticate (RFC 9110).",
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
			Text: "A company id that is malformed, unknown or another organization's is answered 404, all alike.",
			Mark: dialect.Ours,
		},
		{
			Text: "Sorting is ascending; what sort leaves equal is ordered by id. Users without an e-mail come last.",
			Mark: dialect.Ours,
		},
		{
			Text: "query_parameters has every parameter that is given or has a default: integers as numbers, " +
				"lists as arrays, " +
				"parameters that are not in the table as text.",
			Mark: dialect.Ours,
		},
		{
			Text: "An API client has public_key and name, anybody else email, firstname and " +
				"lastname.", Mark: dialect.Seen,
		},
		{
			Text: "An invited user is shown as invitation_sent, an onboarding one as require_kyc; statuses " +
				"matches what is shown.",
			Mark: dialect.Seen,
		},
		{
			Text: "inactive, suspended, risky and deactivated are statuses of ours and shown by our " +
				"names.", Mark: dialect.Ours,
		},
		{Text: "An API client without a key has an empty public_key.", Mark: dialect.Ours},
		{Text: "A person with one name only has it in firstname and an empty lastname.", Mark: dialect.Ours},
		{Text: "A person without an e-mail has an empty one.", Mark: dialect.Ours},
		{Text: "A page past the end has empty data.", Mark: dialect.Ours},
		{Text: "There is no rate limit unless the organization sets one.", Mark: dialect.Ours},
		{
			Text: "The API is that of version 4.3.0: the type of a user is api_client or person, and the attributes " +
				"have role and created_by.",
			Mark: dialect.Seen, Contract: roster.Live,
		},
		{
			Text: "role is the handle that user_role takes, or null. created_by is a user's id, or null where there " +
				"is none. It is null as well for a credential without the permission metadata:read, which no " +
				"signature gives.",
			Mark: dialect.Ours, Contract: roster.Live,
		},
	}
}

// fail answers {"errors"} with an entry for each fault.
func fail(f dialect.Failure) dialect.Response {
	var body problem
	for _, d := range f.Faults() {
		entry := fault{Detail: d.Message, Code: f.Error.Code}
		if d.Field != "" {
			entry.Source, entry.Detail = &source{Parameter: d.Field}, d.Field+" "+d.Message
		}
		body.Errors = append(body.Errors, entry)
	}
	header := http.Header{}
	switch f.Error.Code {
	case roster.NotFound:
		body.Errors = []fault{{Detail: "not found", Code: f.Error.Code}}
	case roster.Unauthenticated:
		header["Www-Authenticate"] = []string{`Signature headers="(request-target) host date"`, "Bearer"}
	case roster.RateLimited:
		header.Set("Retry-After", f.RetrySeconds())
	}
	return dialect.Response{Status: f.Status, Header: header, Body: dialect.JSON(body)}
}
