package native

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// maxPage is how many users a page can have.
const maxPage = 1000

func userEndpoints() []dialect.Endpoint {
	k := users()
	update, remove := k.updateEndpoint(), k.deleteEndpoint()
	update.Returns, remove.Returns = withStatus(update.Returns, conflict), withStatus(remove.Returns, conflict)
	return slices.Concat([]dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/users", ID: "listUsers", Summary: "List users", Needs: roster.UsersRead,
			Params:  listParams(),
			Window:  &dialect.Window{Token: "page_token", Free: []string{"limit", "offset"}},
			Returns: returns(ok(UserList{}), badRequest, gone, tooMany), Serve: serveUsers,
		},
		k.createEndpoint(), k.getEndpoint(), update, remove,
	}, standingEndpoints(), batchEndpoints())
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
