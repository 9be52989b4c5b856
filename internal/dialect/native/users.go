package native

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// maxPage is how many users a page can have.
const maxPage = 1000

func userEndpoints() []dialect.Endpoint {
	ref := []dialect.Param{{
		Name: "ref", In: dialect.Path, Mark: dialect.Ours, Example: "number:7",
		Doc: "The user: its id, or number:N, email:ADDRESS or identifier:NAME.",
	}}
	user := &dialect.RequestBody{
		Doc: "A user in the canonical form; what is absent gets its default.", Body: roster.User{},
	}
	patch := &dialect.RequestBody{
		Doc:          "The members to change; null gives a member its default.",
		ContentTypes: []string{"application/merge-patch+json", "application/json"}, Body: roster.User{},
		Example: `{"name":"Ada Moreno","phone":null}`,
	}
	return []dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/users", ID: "listUsers", Summary: "List users", Needs: roster.UsersRead,
			Params:  listParams(),
			Window:  &dialect.Window{Token: "page_token", Free: []string{"limit", "offset"}},
			Returns: returns(ok(UserList{}), badRequest, gone, tooMany), Serve: serveUsers,
		},
		{
			Method: http.MethodPost, Path: "/users", ID: "createUser", Summary: "Create a user",
			Needs: roster.UsersWrite, Body: user,
			Returns: returns(created(roster.User{}), badRequest, conflict, tooLarge, tooMany), Serve: createUser,
		},
		{
			Method: http.MethodGet, Path: "/users/{ref}", ID: "getUser", Summary: "Get a user", Needs: roster.UsersRead,
			Params: ref, Returns: returns(ok(roster.User{}), badRequest, notFound, tooMany), Serve: serveUser,
		},
		{
			Method: http.MethodPatch, Path: "/users/{ref}", ID: "updateUser", Summary: "Change a user",
			Needs: roster.UsersWrite, Params: ref, Body: patch,
			Returns: returns(ok(roster.User{}), badRequest, notFound, conflict, tooLarge, tooMany), Serve: updateUser,
		},
		{
			Method: http.MethodDelete, Path: "/users/{ref}", ID: "deleteUser", Summary: "Delete a user",
			Description: "The tokens that act as the user are revoked and the user's invitations removed.",
			Needs:       roster.UsersWrite, Params: ref,
			Returns: returns(noContent(), badRequest, notFound, conflict, tooMany), Serve: deleteUser,
		},
	}
}

func created(body any) dialect.Return {
	return dialect.Return{Status: http.StatusCreated, Doc: "Created", Body: body, Mark: dialect.Ours}
}

func noContent() dialect.Return {
	return dialect.Return{Status: http.StatusNoContent, Doc: "Done", Mark: dialect.Ours}
}

func listParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "search", Mark: dialect.Ours, Example: "ada",
			Doc: "Words that must all be found in a user's id, identifier, name, e-mail or description.",
		},
		{
			Name: "status", Type: dialect.Strings, Enum: roster.Statuses(), Mark: dialect.Ours,
			Doc: "Only users with one of these statuses.", Example: "active,invited",
		},
		{
			Name: "sort", Type: dialect.Strings, Enum: sortNames(), Mark: dialect.Ours, Example: "-created_at,name",
			Doc: "The fields to order by, descending after a hyphen; what they leave equal is ordered by number, in " +
				"the direction of the first one. Without it the best match of a search comes first, and users come " +
				"by number otherwise. Ordering by created_by and updated_by needs the permission metadata:read.",
		},
		{
			Name: "offset", Type: dialect.Integer, Min: dialect.N(0), Max: dialect.N(roster.MaxNumber), Default: "0",
			Doc: "How many users to skip.", Mark: dialect.Ours,
		},
		{
			Name: "limit", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(maxPage), Default: "100",
			Doc: "How many users to return at the most.", Mark: dialect.Ours,
		},
		{
			Name: "page_token", Mark: dialect.Ours,
			Doc: "The next_page_token of the page before. All pages show the version at which the first one was " +
				"asked for, however many changes there are meanwhile. The parameters but limit must be as they were.",
		},
	}
}

func sortNames() []string {
	var names []string
	for _, info := range roster.Fields() {
		if info.Sortable {
			names = append(names, info.Name, "-"+info.Name)
		}
	}
	return names
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	q, err := query(r)
	if err != nil {
		return dialect.Response{}, err
	}
	page, err := r.View.Users(q)
	if err != nil {
		return dialect.Response{}, err
	}
	users := dialect.Map(page.Users, func(u *roster.User) *roster.User { return wireUser(u, r.Principal) })
	response := dialect.Response{More: dialect.More(q, page.Total)}
	end := tail(page.Total, page.Version)
	if response.More {
		end = fmt.Sprintf(`%s,"next_page_token":%q}`, strings.TrimSuffix(end, "}"), r.PageToken(q.Offset+q.Limit))
	}
	response.Body = dialect.List(`{"items":[`, users, end)
	return response, nil
}

// tail ends a list.
func tail(total int, version roster.Version) string {
	return fmt.Sprintf(`],"total":%d,"version":%d}`, total, version)
}

// query asks for the users that the parameters of listUsers describe. It fails with [roster.Forbidden] for an order by
// what the principal may not see.
func query(r *dialect.Request) (roster.Query, error) {
	q := roster.Query{Offset: int(r.Int("offset")) + r.Position, Limit: int(r.Int("limit"))}
	if r.Given("offset") && r.Given("page_token") {
		return q, roster.FieldErrorf("offset", "must not be given with page_token")
	}
	if r.Given("search") {
		q.Search = roster.Search{Text: r.String("search"), Fields: []roster.Field{
			roster.FieldID, roster.FieldIdentifier, roster.FieldName, roster.FieldEmail, roster.FieldDescription,
		}}
	}
	if r.Given("status") {
		in := roster.In{Field: roster.FieldStatus}
		for _, name := range r.Strings("status") {
			var status roster.Status
			if err := status.UnmarshalText([]byte(name)); err != nil {
				return q, err
			}
			in.Values = append(in.Values, roster.IntValue(int64(status)))
		}
		q.Where = in
	}
	for _, name := range r.Strings("sort") {
		bare, desc := strings.CutPrefix(name, "-")
		field, _ := roster.FieldByName(bare)
		if needs := field.Info().Needs; !r.Principal.Permissions.Has(needs) {
			return q, &roster.Error{
				Code: roster.Forbidden, Field: "sort", Message: "by " + bare + " needs the permission " + string(needs),
			}
		}
		q.Sort = append(q.Sort, roster.Sort{Field: field, Desc: desc})
	}
	return q, nil
}

// find returns the user that the path names, or fails with [roster.NotFound].
func find(r *dialect.Request) (*roster.User, error) {
	ref, err := roster.ParseRef(r.String("ref"))
	if err != nil {
		return nil, roster.Errorf(roster.NotFound, "%s", roster.AsError(err).Message)
	}
	return r.View.User(ref)
}

func serveUser(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	u, err := find(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Body: dialect.JSON(wireUser(u, r.Principal))}, nil
}

func createUser(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := isObject(r.Body); err != nil {
		return dialect.Response{}, err
	}
	record, err := roster.ParseEntity(roster.TypeUser, r.Body)
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	change, err := r.Writer.Do(ctx, roster.Create{Record: record})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	view, err := r.Writer.View(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	u := written(change, createdID(change, roster.TypeUser), view, r.Principal)
	header := http.Header{"Location": {location(r.URL, u.ID)}}
	return dialect.Response{Status: http.StatusCreated, Header: header, Body: dialect.JSON(u)}, nil
}

// createdID returns the id of the one record of a type that a change creates.
func createdID(c roster.Change, t roster.Type) roster.ID {
	for _, op := range c.Ops {
		if op.Before == nil && op.Key().Type == t {
			return op.Key().ID
		}
	}
	return roster.ID{}
}

// location returns the URL of a record below the list that a request was made to.
func location(list *url.URL, id roster.ID) string {
	u := *list
	u.RawQuery = ""
	return u.JoinPath(id.String()).String()
}

func updateUser(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := isObject(r.Body); err != nil {
		return dialect.Response{}, err
	}
	u, err := find(r)
	if err != nil {
		return dialect.Response{}, err
	}
	change, err := r.Writer.Do(ctx, roster.Update{
		Type: roster.TypeUser, Ref: roster.Ref{ID: u.ID}, Patch: r.Body,
	})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	view, err := r.Writer.View(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	if w := written(change, u.ID, view, r.Principal); w != nil {
		return dialect.Response{Body: dialect.JSON(w)}, nil
	}
	if u, err = view.User(roster.Ref{ID: u.ID}); err != nil { // nothing was to be changed
		return dialect.Response{}, err
	}
	return dialect.Response{Body: dialect.JSON(wireUser(u, r.Principal))}, nil
}

func deleteUser(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	u, err := find(r)
	if err != nil {
		return dialect.Response{}, err
	}
	if _, err := r.Writer.Do(ctx, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: u.ID}}); err != nil {
		return dialect.Response{}, inPath(err)
	}
	return dialect.Response{Status: http.StatusNoContent}, nil
}
