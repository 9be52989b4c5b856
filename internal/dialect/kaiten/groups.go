package kaiten

import (
	"context"
	"net/http"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// listGroups is what clients ask for besides users, to give names to the group_ids that they filter by.
func listGroups() dialect.Endpoint {
	return dialect.Endpoint{
		Method:  http.MethodGet,
		Path:    "/api/latest/company/groups",
		Aliases: []string{"/api/v1/company/groups"},
		ID:      "getCompanyGroups",
		Summary: "Get Company Groups list",
		Description: "Get the groups of the company, by id ascending. The result is displayed page by page if limit " +
			"or offset is present.",
		Mark:     dialect.Seen,
		Allow:    allowMembers,
		AllowDoc: membersOnly,
		Params:   groupParams(),
		Window:   &dialect.Window{Start: "offset", Size: "limit"},
		Laws:     groupLaws(),
		Returns: append([]dialect.Return{
			{
				Status: http.StatusOK, Doc: "Success", Body: []ListedGroup{}, Example: groupExample,
				Mark: dialect.Seen,
			},
			badValue(`condition must be one of 1, 2, not "3"`),
		}, refusals()...),
		Serve: serveGroups,
	}
}

func listGroupUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/api/latest/groups/{group_uid}/users",
		Aliases:     []string{"/api/v1/groups/{group_uid}/users"},
		ID:          "getGroupUsers",
		Summary:     "Get list of group users",
		Description: "Get the users of a group, by id ascending.",
		Mark:        dialect.Seen,
		Allow:       allowMembers,
		AllowDoc:    membersOnly,
		Laws:        personLaws(),
		Params: []dialect.Param{{
			Name: "group_uid", In: dialect.Path, Type: dialect.UUID, Mark: dialect.Seen, Doc: "Group Uid",
			Example: "0190a000-0000-7000-8000-000000000102",
			From:    &dialect.From{Operation: "getCompanyGroups", Member: "uid"},
		}},
		Returns: append([]dialect.Return{{
			Status: http.StatusOK, Doc: "Success", Body: []Person{}, Example: "[" + personExample + "}]",
			Mark: dialect.Seen,
		}}, refusals()...),
		Serve: serveGroupUsers,
	}
}

func groupFacts() []dialect.Fact {
	return []dialect.Fact{
		{
			Text: "The groups of the company and their users are shown to whom its users are. A group has the " +
				"members that a user's groups have.",
			Mark: dialect.Ours,
		},
		{Text: "Every group is active: condition=2 leaves none.", Mark: dialect.Ours},
		{Text: "The users of a group are all who are in it, deactivated ones as well.", Mark: dialect.Ours},
	}
}

func groupParams() []dialect.Param {
	limit := limitParam(dialect.Seen)
	limit.Max = dialect.N(roster.MaxNumber)
	limit.Doc = "Maximum amount of records, where the list is paged"
	return []dialect.Param{
		{
			Name: "with_tree_entities", Type: dialect.Boolean, Ignored: true, Mark: dialect.Seen,
			Doc: "Add tree entities for each group: Roster has none",
		},
		{
			Name: "with_users_count", Type: dialect.Boolean, Mark: dialect.Seen,
			Doc: "Add users count for each group: the member users_count",
		},
		{
			Name: "with_sync_group_attribute", Type: dialect.Boolean, Ignored: true, Mark: dialect.Seen,
			Doc: "Add sync attribute for each group: Roster has none",
		},
		{
			Name: "condition", Type: dialect.String, Enum: []string{"1", "2"}, Mark: dialect.Seen,
			Doc: "1 active, 2 inactive",
		},
		{Name: "query", Type: dialect.String, Mark: dialect.Seen, Doc: "Groups that have this text in their name"},
		limit, offsetParam(dialect.Seen),
	}
}

func serveGroups(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	groups, more := groupsOf(r)
	body := []byte{'['}
	for _, g := range groups {
		m := groupMembers(next(body, 1), r.View.Org().Number, g)
		if r.Bool("with_users_count") {
			page, err := r.View.Users(roster.Query{Where: in(roster.FieldGroups, g.Number), Limit: 1})
			if err != nil {
				return dialect.Response{}, err
			}
			m = m.Int("users_count", int64(page.Total))
		}
		body = m.Close()
	}
	return dialect.Response{Body: dialect.Text(string(append(body, ']'))), More: more}, nil
}

// groupsOf returns the groups that a request asks for, and whether there are more of them.
func groupsOf(r *dialect.Request) (groups []*roster.Group, more bool) {
	if r.String("condition") == "2" {
		return nil, false
	}
	text := roster.FoldSearch(strings.TrimSpace(r.String("query")))
	for _, g := range r.View.Groups() {
		if strings.Contains(roster.FoldSearch(g.Name), text) {
			groups = append(groups, g)
		}
	}
	if !r.Given("limit") && !r.Given("offset") {
		return groups, false
	}
	from := min(r.Int("offset"), int64(len(groups)))
	to := from + min(r.Int("limit"), int64(len(groups))-from)
	return groups[from:to], to < int64(len(groups))
}

func serveGroupUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	uid := r.UUID("group_uid")
	for _, g := range r.View.Groups() {
		if g.ID != uid {
			continue
		}
		page, err := r.View.Users(roster.Query{Where: in(roster.FieldGroups, g.Number)})
		if err != nil {
			return dialect.Response{}, err
		}
		return dialect.Response{Body: dialect.Users("[", page, "]", roster.Form{Name: "kaiten person"},
			func(b []byte, u *roster.User) []byte { return person(dialect.NewMembers(b), u).Close() })}, nil
	}
	return dialect.Response{}, roster.Errorf(roster.NotFound, "no such group")
}

// refusals are what every endpoint answers where it does not let a request through, or finds nothing.
func refusals() []dialect.Return {
	text := func(status int, contentType, text string, mark dialect.Mark, in roster.Contract) dialect.Return {
		return dialect.Return{
			Status: status, Doc: text, ContentType: contentType, Body: "", Example: `"` + text + `"`, Mark: mark,
			Contract: in, Everywhere: true,
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
