package kaiten

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// listColleagues is the list for those who are no administrators of members.
func listColleagues() dialect.Endpoint {
	return dialect.Endpoint{
		Method:  http.MethodGet,
		Path:    "/api/latest/users",
		Aliases: []string{"/api/v1/users"},
		ID:      "retrieveUsers",
		Summary: "Retrieve list of users",
		Description: "Get users list filtered by query parameters, page by page. Who has no access to the " +
			"administrative section \"Members\" gets the users of shared spaces only.",
		Mark:     dialect.Seen,
		Allow:    allowColleagues,
		AllowDoc: anybody,
		Volatile: true, // it depends on whom the token acts as
		Params:   colleagueParams(),
		Window:   &dialect.Window{Start: "offset", Size: "limit"},
		Laws:     colleagueLaws(),
		Returns: slices.Concat(
			companyUsers([]CompanyUser{}, []LiveCompanyUser{}, "[", "]"),
			[]dialect.Return{badValue(`limit must be an integer from 0, not "-1"`)}, refusals(),
		),
		Serve: serveColleagues,
	}
}

// getCurrent is what clients ask first, to see whether their token is good and whose it is.
func getCurrent() dialect.Endpoint {
	return dialect.Endpoint{
		Method:   http.MethodGet,
		Path:     "/api/latest/users/current",
		Aliases:  []string{"/api/v1/users/current"},
		ID:       "retrieveCurrentUser",
		Summary:  "Retrieve current user",
		Mark:     dialect.Seen,
		Allow:    allowSomebody,
		AllowDoc: "The token must act as a user.",
		Volatile: true, // it is about whom the token acts as
		Returns:  append(companyUsers(CompanyUser{}, LiveCompanyUser{}, "", ""), refusals()...),
		Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
			u, err := r.View.User(roster.Ref{ID: r.Principal.ActsAs})
			if err != nil {
				return dialect.Response{}, err
			}
			return showCompanyUser(r, r.View, u), nil
		},
	}
}

func colleagueFacts() []dialect.Fact {
	return []dialect.Fact{
		{
			Text: "GET /users shows who has access to the section Members, and a token that acts as nobody, all " +
				"users, and others the users of spaces that they were added to, and themselves.",
			Mark: dialect.Seen,
		},
		{Text: "GET /users has deactivated users with include_inactive only.", Mark: dialect.Ours},
		{
			Text: "The users of GET /users and /users/current have the members that PATCH /company/users/{id} " +
				"answers with: besides those on their own pages uid, virtual, email_blocked, email_blocked_reason, " +
				"delete_requested_at, work_time_settings, personal_settings, locked and temporarily_inactive.",
			Mark: dialect.Ours,
		},
		{
			Text: "What Roster does not know of users is left out of the bodies that have it on the vendor's pages: " +
				"telegram_id, telegram_settings and has_password of the current user; sd_telegram_id, " +
				"news_subscription and delete_confirmation_sent_at of the users of a group; own_role_ids of those of " +
				"a space.",
			Mark: dialect.Ours,
		},
		{Text: "A token that acts as nobody has no current user: 403.", Mark: dialect.Ours},
	}
}

// anybody says what [allowColleagues] asks for.
const anybody = "Any user that the token acts as. A token that acts as nobody must have the permission members:admin."

func allowColleagues(p roster.Principal, view dialect.View) error {
	if p.ActsAs.IsZero() {
		return allowMembers(p, view)
	}
	return allowSomebody(p, view)
}

func allowSomebody(p roster.Principal, view dialect.View) error {
	if !p.ActsAs.IsZero() {
		_, err := view.User(roster.Ref{ID: p.ActsAs})
		if roster.CodeOf(err) != roster.NotFound {
			return err
		}
	}
	return roster.Errorf(roster.Forbidden, "this needs a token that acts as a user")
}

// companyUsers documents the answer with users in both contracts. The bodies are of [CompanyUser] and of
// [LiveCompanyUser], the example is one user between head and tail.
func companyUsers(documented, live any, head, tail string) []dialect.Return {
	return []dialect.Return{
		{
			Status: http.StatusOK, Doc: "Success, apps_permissions as a string", Body: documented,
			Example: head + companyUserExample + tail, Mark: dialect.Seen, Contract: roster.Documented,
		},
		{
			Status: http.StatusOK, Doc: "Success, apps_permissions as an integer", Body: live,
			Example: head + liveCompanyUserExample + tail, Mark: dialect.Seen, Contract: roster.Live,
		},
	}
}

func badValue(message string) dialect.Return {
	return dialect.Return{
		Status: http.StatusBadRequest, Doc: "A parameter has a bad value", Body: problem{},
		Example: `{"message":` + string(roster.AppendString(nil, message, false)) + `}`, Mark: dialect.Seen,
	}
}

func colleagueParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "type", Type: dialect.String, Ignored: true, Mark: dialect.Seen,
			Doc: "Type of users to return: the page does not say which there are",
		},
		{
			Name: "query", Type: dialect.String, Mark: dialect.Seen,
			Doc: "Filter by email and full_name: users who have this text in one of them",
		},
		accessTypeParam(nil),
		{
			Name: "ids", Type: dialect.Integers, Mark: dialect.Seen, Doc: "User ids separated by commas",
			Example: "1,2",
		},
		limitParam(dialect.Seen), offsetParam(dialect.Seen),
		{
			Name: "include_inactive", Type: dialect.Boolean, Mark: dialect.Seen,
			Doc: "Deactivated users are returned as well",
		},
		{
			Name: "exclude_directly_added_members_by_entity_uid", Type: dialect.UUID, Mark: dialect.Seen,
			Doc: "Users who were added to the space with this uid are left out",
		},
	}
}

func serveColleagues(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	q, err := colleagues(r)
	if err != nil {
		return dialect.Response{}, err
	}
	page, err := r.View.Users(q)
	if err != nil {
		return dialect.Response{}, err
	}
	e := newEncoder(r.View, false)
	e.live = r.Contract == roster.Live
	form := e.form()
	form.Name += " in short"
	return dialect.Response{
		Body: dialect.Users("[", page, "]", form, e.companyUser), More: dialect.More(q, page.Total),
	}, nil
}

// colleagues asks for those whom the parameters name among those whom the principal may see, by number.
func colleagues(r *dialect.Request) (roster.Query, error) {
	where, err := visible(r)
	if err != nil {
		return roster.Query{}, err
	}
	where = append(where, accessType(r)...)
	where = append(where, named(r)...)
	if ids := r.Integers("ids"); len(ids) > 0 {
		where = append(where, in(roster.FieldNumber, ids...))
	}
	if !r.Bool("include_inactive") {
		where = append(where, notDeactivated())
	}
	if uid := r.UUID("exclude_directly_added_members_by_entity_uid"); !uid.IsZero() {
		for _, space := range r.View.Spaces() {
			if space.ID == uid {
				where = append(where, roster.Not{Expr: in(roster.FieldSpaces, space.Number)})
			}
		}
	}
	return paging(r, where), nil
}

// visible are the conditions on whom the principal may see.
func visible(r *dialect.Request) (roster.And, error) {
	if allowMembers(r.Principal, r.View) == nil {
		return nil, nil
	}
	self, err := r.View.User(roster.Ref{ID: r.Principal.ActsAs})
	if err != nil {
		return nil, err
	}
	shown := roster.Or{in(roster.FieldNumber, self.Number)}
	if len(self.Spaces) > 0 {
		var spaces []int64
		for _, access := range self.Spaces {
			spaces = append(spaces, access.Number)
		}
		shown = append(shown, in(roster.FieldSpaces, spaces...))
	}
	return roster.And{shown}, nil
}

// named is the condition on e-mails and names.
func named(r *dialect.Request) roster.And {
	text := strings.TrimSpace(r.String("query"))
	if text == "" {
		return nil
	}
	return roster.And{roster.Or{
		roster.Contains{Field: roster.FieldEmail, Text: text}, roster.Contains{Field: roster.FieldName, Text: text},
	}}
}

// paging asks for the page of a list of users that limit and offset name.
func paging(r *dialect.Request, where roster.And) roster.Query {
	var q roster.Query
	if len(where) > 0 {
		q.Where = where
	}
	q.Offset, q.Limit = int(r.Int("offset")), int(r.Int("limit"))
	if q.Limit == 0 {
		q.Where, q.Offset = roster.Or{}, 0 // nobody; a query's limit of 0 would be everybody
	}
	return q
}

func notDeactivated() roster.Expr {
	return roster.Not{Expr: equal(roster.FieldStatus, int64(roster.Deactivated))}
}

func in(f roster.Field, numbers ...int64) roster.Expr {
	in := roster.In{Field: f}
	for _, n := range numbers {
		in.Values = append(in.Values, roster.IntValue(n))
	}
	return in
}
