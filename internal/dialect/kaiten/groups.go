package kaiten

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// listGroups is what clients ask for besides users, to give names to the group_ids that they filter by.
func listGroups() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/api/latest/company/groups",
		Aliases:     []string{"/api/v1/company/groups"},
		ID:          "getCompanyGroups",
		Summary:     "Get Company Groups list",
		Description: "Get all groups of the company, by id ascending.",
		Mark:        dialect.Seen,
		Allow:       allowMembers,
		AllowDoc:    membersOnly,
		Returns: append([]dialect.Return{{
			Status: http.StatusOK, Doc: "Success", Body: []CompanyGroup{}, Example: groupExample, Mark: dialect.Seen,
		}}, refusals()...),
		Serve: serveGroups,
	}
}

func groupFacts() []dialect.Fact {
	return []dialect.Fact{{
		Text: "The groups of the company are shown to whom its users are, with the members that a user's groups have.",
		Mark: dialect.Ours,
	}}
}

func serveGroups(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	company := r.View.Org().Number
	body := []byte{'['}
	for _, g := range r.View.Groups() {
		body = append(groupMembers(next(body, 1), company, g), '}')
	}
	return dialect.Response{Body: dialect.Text(string(append(body, ']')))}, nil
}

// refusals are what every endpoint answers where it does not let a request through, or finds nothing.
func refusals() []dialect.Return {
	text := func(status int, contentType, text string, mark dialect.Mark, in roster.Contract) dialect.Return {
		return dialect.Return{
			Status: status, Doc: text, ContentType: contentType, Body: "", Example: `"` + text + `"`, Mark: mark,
			Contract: in,
		}
	}
	return []dialect.Return{
		text(http.StatusUnauthorized, plainText, invalidToken, dialect.Seed, roster.Documented),
		text(http.StatusUnauthorized, plainText, unauthorized, dialect.Seen, roster.Live),
		{Status: http.StatusForbidden, Doc: "Forbidden. Response body does not exist", Mark: dialect.Seed},
		{Status: http.StatusNotFound, Doc: "Not found. Response body does not exist", Mark: dialect.Seed},
		text(http.StatusTooManyRequests, html, tooManyRequests, dialect.Seen, ""),
	}
}
