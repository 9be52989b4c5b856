// Package kaiten speaks the list of a company's users of Kaiten, which is called FlowFast outside of its home market:
// GET /api/latest/company/users, and what clients ask for beside it: the groups by which they filter users, the users
// of groups and of spaces, the user whom a token acts as, and the changes that administrators make of users.
//
// Source: the vendor's developer page "Get Company Users list" (the instance https://example.flowfast.io), and for the
// rest the pages of the same name in the vendor's developer documentation. What the pages leave open is marked in the
// tables.
package kaiten

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// New returns the dialect.
func New() *dialect.Dialect {
	return &dialect.Dialect{
		Name:       "kaiten",
		Title:      "Kaiten (FlowFast)",
		Vendor:     "https://example.flowfast.io",
		APIVersion: "latest",
		Doc: "The users of a company, as the Kaiten API, also known as FlowFast, lists them for administrators of " +
			"members.",
		Schemes: []dialect.Scheme{
			{Kind: dialect.Bearer, Doc: "The API token. It acts as a user, or as nobody.", Mark: dialect.Seen},
		},
		Limit:        roster.Limit{Rate: 50, Burst: 50},
		LimitHeaders: limitHeaders,
		LimitAlways:  true,
		Fail:         fail,
		Headers:      headers(),
		Samples: dialect.Samples{
			User: "/api/latest/company/users?for_members_section=true&query={email}&limit=1",
			List: "/api/latest/company/users?for_members_section=true&limit=5",
		},
		Endpoints: []dialect.Endpoint{
			listUsers(), updateCompanyUser(), removeVirtualUser(), listColleagues(), getCurrent(), listGroups(),
			listGroupUsers(), listSpaceUsers(),
		},
		Facts: slices.Concat(
			facts(), companyUserFacts(), colleagueFacts(), groupFacts(), spaceFacts(), permissionFacts(),
		),
		Golden: golden,
	}
}

func headers() []dialect.HeaderDoc {
	return []dialect.HeaderDoc{
		{
			Name: "X-RateLimit-Limit", Doc: "Requests that the token's bucket holds.", Integer: true,
			Mark: dialect.Seen,
		},
		{
			Name: "X-RateLimit-Remaining", Integer: true, Mark: dialect.Seen,
			Doc: "Requests that are left in it, all of them where no token counts.",
		},
		{
			Name: "X-RateLimit-Reset", Doc: "When the bucket is full again, in seconds since 1970-01-01T00:00:00Z.",
			Integer: true, Mark: dialect.Seen,
		},
		{
			Name: "Retry-After", Doc: "Seconds to wait.", Integer: true,
			Statuses: []int{http.StatusTooManyRequests}, Mark: dialect.Seen,
		},
		{
			Name: "WWW-Authenticate", Doc: "Bearer", Statuses: []int{http.StatusUnauthorized}, Mark: dialect.Ours,
		},
	}
}

// limitHeaders rounds the reset up, so that the bucket is full when a client comes back at that second.
func limitHeaders(h http.Header, rate dialect.Rate) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(rate.Limit.Burst))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(rate.Remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(rate.ResetAt.Add(time.Second-time.Nanosecond).Unix(), 10))
}

const (
	plainText = "text/plain; charset=utf-8"
	html      = "text/html; charset=utf-8"

	invalidToken    = "Invalid token"
	unauthorized    = "Unauthorized"
	tooManyRequests = "Too many requests, please try again later."
)

// fail answers each status in the vendor's own way: a text, nothing at all, HTML or {"message"}.
func fail(f dialect.Failure) dialect.Response {
	switch f.Status {
	case http.StatusUnauthorized:
		text := invalidToken
		if f.Contract == roster.Live {
			text = unauthorized
		}
		return dialect.Response{
			Status: f.Status, ContentType: plainText, Header: http.Header{"Www-Authenticate": {"Bearer"}},
			Body: dialect.Text(text),
		}
	case http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
		return dialect.Response{Status: f.Status}
	case http.StatusTooManyRequests:
		return dialect.Response{
			Status: f.Status, ContentType: html, Header: http.Header{"Retry-After": {retryAfter(f.RetryAfter)}},
			Body: dialect.Text(tooManyRequests),
		}
	case http.StatusInternalServerError:
		return problemResponse(f.Status, "Internal Server Error")
	}
	message := f.Error.Message
	if f.Error.Field != "" {
		message = f.Error.Field + " " + message
	}
	return problemResponse(f.Status, message)
}

func problemResponse(status int, message string) dialect.Response {
	return dialect.Response{Status: status, Body: dialect.JSON(problem{Message: message})}
}

func retryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// facts are the decisions that no row of the tables shows. Those about values are made in encode.go, those about who
// is listed in params.go.
func facts() []dialect.Fact {
	return []dialect.Fact{
		{Text: "Users come by id ascending.", Mark: dialect.Ours},
		{
			Text: "Without for_members_section and only_virtual the answer is the whole company, unpaged.",
			Mark: dialect.Seed, Contract: roster.Documented,
		},
		{
			Text: "Every list is paged by limit and offset, the plain one and that of only_paid as well: it has at " +
				"most 100 users, as from 2026-10-01.",
			Mark: dialect.Seen, Contract: roster.Live,
		},
		{
			Text: "401 says Unauthorized where it is known whom the request is for: with the token of a user who is " +
				"not active any more, and always by roster emulate.",
			Mark: dialect.Ours, Contract: roster.Live,
		},
		{
			Text: "A parameter without a flag that it works only with is ignored, even when its value is bad.",
			Mark: dialect.Seen,
		},
		{Text: "Flags are combined by AND.", Mark: dialect.Ours},
		{
			Text: "Deactivated users are in the plain list, with role 3, and neither in the members section nor in " +
				"that of only_virtual.",
			Mark: dialect.Ours,
		},
		{Text: "limit=0 answers an empty array; an offset past the end does, too.", Mark: dialect.Ours},
		{
			Text: "A list is written as repeated keys, with commas, as name[] or as a JSON array. " +
				"An empty list does not filter.",
			Mark: dialect.Ours,
		},
		{Text: "query ignores accents as well as case.", Mark: dialect.Ours},
		{Text: "Several faulty parameters: the message is about the first one.", Mark: dialect.Ours},
		{
			Text: "A member is null only where the page says so. Where a user has no value, a string is empty, an " +
				"object {}, an array [], avatar_type 2, theme auto, ui_version 2 and email_frequency 2. " +
				"The initials are those of the name.",
			Mark: dialect.Ours,
		},
		{
			Text: "slack_private_channel_id is an integer, as the page says; a channel id that is no number is " +
				"shown as null.",
			Mark: dialect.Ours,
		},
		{
			Text: "groups is an array, as the page's example shows it; its table says object.",
			Mark: dialect.Seed,
		},
		{
			Text: "The role of a space is 1 for reader, 2 for writer, 3 for manager; access_mod has the word.",
			Mark: dialect.Ours,
		},
		{Text: "The entity_uid of a space is its uid.", Mark: dialect.Ours},
		{
			Text: "A failure that the page does not know is answered with {\"message\"}; 405 has no body.",
			Mark: dialect.Ours,
		},
	}
}

// The bits of a mask of permissions.
const (
	bitMembers = 1
	bitSpaces  = 16

	bitMember = 1 // of apps_permissions: full access
	bitGuest  = 2 // of apps_permissions: guest access
	bitDesk   = 4 // of apps_permissions: access to the service desk
)

type permissionBit struct {
	bit  int64
	name string
}

func permissionBits() []permissionBit {
	return []permissionBit{
		{bitMembers, "Members"},
		{2, "Billing"},
		{4, "Company settings"},
		{bitSpaces, "Spaces"},
		{32, "Card types"},
		{64, "Timesheets"},
		{128, "Read the timesheets of colleagues"},
		{256, "Export"},
		{512, "Tags"},
		{1024, "Invite users"},
		{2048, "Service Desk settings"},
		{4096, "Custom properties"},
		{8192, "Public access to cards"},
		{16384, "Convert to a Service Desk request"},
		{32768, "Activity logs"},
		{65536, "Resource planning"},
		{131072, "Calendars"},
		{262144, "Service Desk analytics"},
		{524288, "Service Desk requests"},
	}
}

func permissionFacts() []dialect.Fact {
	var list []dialect.Fact
	for _, p := range permissionBits() {
		list = append(list, dialect.Fact{
			Text: "Permission bit " + strconv.FormatInt(p.bit, 10) + ": " + p.name + ".", Mark: dialect.Seen,
		})
	}
	return list
}
