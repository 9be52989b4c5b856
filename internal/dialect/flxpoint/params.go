package flxpoint

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// maxItems is the page's limit of each list.
const maxItems = 50

func listUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/account/users",
		ID:          "getUsers",
		Summary:     "Get Users",
		Description: "Only account API Tokens can use this endpoint. Get users for an account.",
		Mark:        dialect.Seed,
		Kinds:       []roster.TokenKind{roster.TokenAccount},
		Needs:       roster.UsersRead,
		Laws:        laws(),
		Params: []dialect.Param{
			{
				Name: "ids", Type: dialect.Integers, MaxItems: maxItems, Doc: "A list of ids to filter on",
				Example: "123,456,789", Mark: dialect.Seed,
			},
			{
				Name: "emails", Type: dialect.Strings, MaxItems: maxItems, Doc: "A list of emails to filter on",
				Example: "test@test.com,test2@test.com,test3@test.com", Mark: dialect.Seed,
			},
		},
		Returns: []dialect.Return{
			{Status: http.StatusOK, Doc: "OK", Body: []User{}, Example: userExample, Mark: dialect.Seed},
			{
				Status: http.StatusBadRequest, Doc: "A list has more than 50 items, or an id is not an integer",
				Body: problem{}, Mark: dialect.Ours,
			},
			{Status: http.StatusUnauthorized, Doc: "Unauthorized", Body: problem{}, Mark: dialect.Seed},
			{
				Status: http.StatusForbidden,
				Doc:    "The token lacks the permission users:read, or does not count from here",
				Body:   problem{}, Mark: dialect.Ours,
			},
			{Status: http.StatusTooManyRequests, Doc: "Too Many Requests", Body: problem{}, Mark: dialect.Seen},
		},
		Serve: serveUsers,
	}
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	page, err := r.View.Users(query(r))
	if err != nil {
		return dialect.Response{}, err
	}
	e := &encoder{view: r.View, roles: map[string]string{}}
	return dialect.Response{Body: dialect.Users("[", page, "]", form(), e.user)}, nil
}

// query asks for all users but the deactivated ones, by number.
func query(r *dialect.Request) roster.Query {
	where := roster.And{roster.Not{Expr: roster.Cmp{
		Field: roster.FieldStatus, Value: roster.IntValue(int64(roster.Deactivated)),
	}}}
	if r.Given("ids") {
		in := roster.In{Field: roster.FieldNumber}
		for _, id := range r.Integers("ids") {
			in.Values = append(in.Values, roster.IntValue(id))
		}
		where = append(where, in)
	}
	if r.Given("emails") {
		in := roster.In{Field: roster.FieldEmail}
		for _, email := range r.Strings("emails") {
			in.Values = append(in.Values, roster.TextValue(email))
		}
		where = append(where, in)
	}
	return roster.Query{Where: where}
}

func getAccount() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/account",
		ID:          "getAccount",
		Summary:     "Get Account",
		Description: "The account that the token belongs to. Clients probe a connection with it.",
		Mark:        dialect.Seen,
		Kinds:       []roster.TokenKind{roster.TokenAccount},
		Needs:       roster.UsersRead,
		Returns: []dialect.Return{
			{Status: http.StatusOK, Doc: "OK", Body: Account{}, Example: accountExample, Mark: dialect.Seen},
			{Status: http.StatusUnauthorized, Doc: "Unauthorized", Body: problem{}, Mark: dialect.Seen},
			{
				Status: http.StatusForbidden,
				Doc:    "The token lacks the permission users:read, or does not count from here",
				Body:   problem{}, Mark: dialect.Ours,
			},
			{Status: http.StatusTooManyRequests, Doc: "Too Many Requests", Body: problem{}, Mark: dialect.Seen},
		},
		Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
			return dialect.Response{Body: dialect.JSON(wireAccount(r.View.Org()))}, nil
		},
	}
}
