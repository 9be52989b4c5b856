package native

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/filter"
)

// UserList is a page of users.
type UserList list[roster.User]

func listUsers() dialect.Endpoint {
	return paged(dialect.Endpoint{
		Method: http.MethodGet, Path: "/users", ID: "listUsers", Summary: "List users", Needs: roster.UsersRead,
		Description: "The users who match both filter and search. A field that the token may not see, as created_by " +
			"and updated_by without the permission metadata:read, does not exist in any parameter.",
		Params:  userListParams(),
		Returns: returns(ok(UserList{}), badRequest, tooMany), Serve: serveUsers,
		Timed: isTimed,
	})
}

func userListParams() []dialect.Param {
	return slices.Concat(userChoiceParams(), []dialect.Param{userFieldsParam(), userFacetsParam()})
}

func userFacetsParam() dialect.Param {
	return dialect.Param{
		Name: facetsName, Type: dialect.Strings, Enum: facetNames(), Mark: dialect.Ours, Example: "status,role",
		Doc: "The fields of which to count the values, over the users on all pages.",
	}
}

func userFieldsParam() dialect.Param {
	return dialect.Param{
		Name: fieldsName, Type: dialect.Strings, Mark: dialect.Ours, Example: "id,name,avatar.type",
		Doc: "The members to show, all by default; those of a structure, or of the elements of a list, after " +
			"a dot.",
	}
}

// userChoiceParams choose users and their order.
func userChoiceParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: filter.Param, Mark: dialect.Ours, Example: `status = active -kind:virtual`,
			Doc: "A filter (AIP-160), such as status = (active OR invited) AND created_at > ago(30d).",
		},
		{
			Name: searchName, Mark: dialect.Ours, Example: "ada",
			Doc: "Words that must all be found in a user's id, identifier, name, e-mail or description.",
		},
		{
			Name: filter.OrderParam, Mark: dialect.Ours, Example: "created_at desc, name",
			Doc: "The fields to order by, with commas between them, each one with desc after it for descending. What " +
				"they leave equal is ordered by number, in the direction of the first one. Without it the best match " +
				"of a search comes first, and users come by number otherwise.",
		},
	}
}

// facetNames lists the fields whose values can be counted by whoever may read users.
func facetNames() []string {
	var names []string
	for _, info := range roster.Fields() {
		if info.Field.Facetable() && info.Needs == "" {
			names = append(names, info.Name)
		}
	}
	return names
}

// isTimed reports whether a query may have ago(), whose meaning changes with the time.
func isTimed(rawQuery string) bool {
	if !strings.Contains(rawQuery, filter.Param) && !strings.Contains(rawQuery, "%") {
		return false
	}
	query, err := url.QueryUnescape(rawQuery)
	return err == nil && strings.Contains(query, "ago")
}

// visible returns which fields a principal may see.
func visible(by roster.Principal) func(roster.Field) bool {
	return func(f roster.Field) bool { return by.Permissions.Has(f.Info().Needs) }
}

// userQuery is what the parameters of a list of users ask for.
type userQuery struct {
	roster.Query

	fields roster.Selection // where chosen
	chosen bool
	facets []roster.FieldInfo
}

// queryUsers reads the parameters. It fails with a detail for each that is at fault.
func queryUsers(r *dialect.Request, w window) (userQuery, error) {
	q, err := chooseUsers(r)
	q.Offset, q.Limit = w.from, w.size
	q.facets = countedFields(r)
	return q, err
}

// countedFields returns the fields of users whose values a request wants to have counted.
func countedFields(r *dialect.Request) []roster.FieldInfo {
	var list []roster.FieldInfo
	for _, name := range r.Strings(facetsName) {
		field, _ := roster.FieldByName(name)
		list = append(list, *field.Info())
	}
	return list
}

// chooseUsers reads the parameters that choose users and what of them.
func chooseUsers(r *dialect.Request) (userQuery, error) {
	q := userQuery{chosen: r.Given(fieldsName)}
	var errs [2]error
	q.Query, errs[0] = whichUsers(r)
	q.fields, errs[1] = roster.Select(r.Strings(fieldsName), visible(r.Principal))
	errs[1] = inParam(fieldsName, errs[1])
	return q, allOf(errs[:])
}

// whichUsers reads the parameters that choose users and their order.
func whichUsers(r *dialect.Request) (q roster.Query, err error) {
	see := visible(r.Principal)
	fields := filter.Users(see)
	var errs [2]error
	q.Where, errs[0] = fields.Parse(r.String(filter.Param), r.Now)
	q.Sort, errs[1] = fields.ParseOrder(r.String(filter.OrderParam))
	if r.Given(searchName) {
		q.Search = roster.Search{Text: r.String(searchName), Fields: searched(see)}
	}
	return q, allOf(errs[:])
}

// searched returns the fields that are searched.
func searched(see func(roster.Field) bool) []roster.Field {
	var list []roster.Field
	for _, info := range roster.Fields() {
		if info.Searchable && see(info.Field) {
			list = append(list, info.Field)
		}
	}
	return list
}

// inParam returns an error whose details are about values of a parameter as one about the parameter.
func inParam(name string, err error) error {
	if err == nil {
		return nil
	}
	e := *roster.AsError(err)
	e.Field, e.Details = name, slices.Clone(e.Details)
	for i := range e.Details {
		e.Details[i].Field = name
	}
	return &e
}

// allOf returns one error with the details of all, nil where there is none.
func allOf(errs []error) error {
	var all []roster.Detail
	for _, err := range errs {
		if err != nil {
			all = append(all, roster.AsError(err).Details...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &roster.Error{Code: roster.Invalid, Field: all[0].Field, Message: all[0].Message, Details: all}
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	w, err := windowOf(r)
	if err != nil {
		return dialect.Response{}, err
	}
	q, err := queryUsers(r, w)
	if err != nil {
		return dialect.Response{}, err
	}
	page, err := r.View.Users(q.Query)
	if err != nil {
		return dialect.Response{}, err
	}
	counts, err := countUsers(r, q.Query, q.facets)
	if err != nil {
		return dialect.Response{}, err
	}
	tail, header := w.end(r, page.Total)
	tail = counts.append(tail)
	form, write := q.text(r.Principal)
	return dialect.Response{
		Header: header, More: w.more(page.Total),
		Body: dialect.Users(`{"items":[`, page, string(tail.Close()), form, write),
	}, nil
}

// countUsers counts the values of some fields of all users that a query is of.
func countUsers(r *dialect.Request, q roster.Query, infos []roster.FieldInfo) (tally, error) {
	if len(infos) == 0 {
		return tally{}, nil
	}
	fields := make([]roster.Field, len(infos))
	for i := range infos {
		fields[i] = infos[i].Field
	}
	facets, err := r.View.Facets(q, fields...)
	return tally{infos, facets}, err
}

// text returns how users are written for a principal, and the form of that where it is worth keeping.
func (q *userQuery) text(by roster.Principal) (roster.Form, func([]byte, *roster.User) []byte) {
	if q.chosen {
		return roster.Form{Shows: q.fields.Fields()}, q.fields.Append
	}
	if by.Permissions.Has(roster.MetadataRead) {
		return roster.Form{Name: "native with metadata"}, appendUser
	}
	return roster.Form{Name: "native"}, func(b []byte, u *roster.User) []byte { return appendUser(b, wireUser(u, by)) }
}

// appendUser appends the document of a user. Every user in an organization has one.
func appendUser(b []byte, u *roster.User) []byte {
	b, err := roster.AppendEntity(b, u)
	if err != nil {
		panic(fmt.Errorf("show user %s: %w", u.ID, err))
	}
	return b
}
