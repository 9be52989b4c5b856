package fipto

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const uuidPattern = `[0-9a-fA-F]{8}\b-[0-9a-fA-F]{4}\b-[0-9a-fA-F]{4}\b-[0-9a-fA-F]{4}\b-[0-9a-fA-F]{12}`

// maxPageSize is ours; the vendor names no maximum.
const maxPageSize = 1000

func listUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/companies/{company_id}/users",
		ID:          "findUsers",
		Summary:     "Get users",
		Description: "Find users from a specific company.",
		Mark:        dialect.Seed,
		Needs:       roster.UsersRead,
		TellsID:     true,
		Window:      &dialect.Window{Start: "page_number", First: 1, Size: "page_size"},
		Laws:        laws(),
		Params:      slices.Concat(pageParams(), filterParams()),
		Returns: []dialect.Return{
			{
				Status: http.StatusOK, Doc: "List of users", Body: UserList{}, Example: listExample, Mark: dialect.Seed,
				Contract: roster.Documented,
			},
			{
				Status: http.StatusOK, Doc: "List of users with type, role and created_by", Body: LiveUserList{},
				Example: liveExample, Mark: dialect.Seen, Contract: roster.Live,
			},
			{Status: http.StatusBadRequest, Doc: "Parameters that break a rule", Body: problem{}, Mark: dialect.Seen},
			{
				Status: http.StatusUnauthorized, Doc: "No signature and no token, or one that does not count",
				Body: problem{}, Mark: dialect.Seen,
			},
			{
				Status: http.StatusForbidden,
				Doc:    "The credential lacks the permission users:read, or does not count from here",
				Body:   problem{}, Mark: dialect.Seen,
			},
			{
				Status: http.StatusNotFound, Doc: "The company is not the credential's own", Body: problem{},
				Mark: dialect.Seen,
			},
			{Status: http.StatusTooManyRequests, Doc: "Too many requests", Body: problem{}, Mark: dialect.Seen},
		},
		Serve: serveUsers,
	}
}

func pageParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "company_id", In: dialect.Path, Type: dialect.UUID, Pattern: uuidPattern, Required: true, Own: true,
			Doc: "The Company ID given by Fipto.", Example: "9de0691c-bc8d-409b-8f40-75d4f45db2f3", Mark: dialect.Seed,
		},
		{
			Name: "page_number", Type: dialect.Integer, Min: dialect.N(1), Default: "1", Mark: dialect.Seed,
			Doc: "The page number retrieved in the paginated results. The default value is 1. " +
				"The page lost the parameter's name; this one was seen elsewhere.",
		},
		{
			Name: "page_size", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(maxPageSize), Default: "100",
			Doc: "The number of items to include in each page of the paginated results. The default value is 100. " +
				"The page lost the parameter's name; this one was seen elsewhere. The maximum is ours.",
			Mark: dialect.Seed,
		},
		{
			Name: "sort", Enum: []string{"created_at", "email"}, Default: "created_at", Mark: dialect.Seed,
			Doc: "The sort field used to filter data. Values are created_at or email. Default value is created_at.",
		},
	}
}

func filterParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "user_type", Enum: []string{typeAPIClient, typePerson}, Mark: dialect.Seen,
			Doc: "Only users of this type. Whoever is not an API client is a person.",
		},
		{
			Name: "user_role", Mark: dialect.Seen, Example: "admin",
			Doc: "Only users with the role of this handle; no users where there is no such role.",
		},
		{
			Name: "statuses", Type: dialect.Strings, Enum: statuses(), Doc: "Only users in any of these statuses.",
			Example: "active,invitation_sent", Mark: dialect.Seen,
		},
		{
			Name: "search", Example: "nguyen", Mark: dialect.Seen,
			Doc: "Only users whose id, name or e-mail contains each of these words. Case and accents do not matter.",
		},
	}
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	q := query(r)
	page, err := r.View.Users(q)
	if err != nil {
		return dialect.Response{}, err
	}
	meta, err := dialect.Encode(Meta{RequestID: r.ID, QueryParameters: echo(r), TotalResults: page.Total})
	if err != nil {
		return dialect.Response{}, fmt.Errorf("encode the meta member: %w", err)
	}
	e := newEncoder(r)
	return dialect.Response{
		Body: dialect.Users(`{"meta":`+string(meta)+`,"data":[`, page, "]}", e.form(), e.user),
		More: dialect.More(q, page.Total),
	}, nil
}

func query(r *dialect.Request) roster.Query {
	sort, _ := roster.FieldByName(r.String("sort"))
	return roster.Query{
		Where: filter(r),
		Search: roster.Search{
			Text:   r.String("search"),
			Fields: []roster.Field{roster.FieldID, roster.FieldName, roster.FieldEmail},
		},
		Sort:   []roster.Sort{{Field: sort}, {Field: roster.FieldID}},
		Offset: dialect.Offset(r.Int("page_number"), r.Int("page_size")),
		Limit:  int(r.Int("page_size")),
	}
}

func filter(r *dialect.Request) roster.Expr {
	where := roster.And{}
	client := roster.Cmp{Field: roster.FieldKind, Value: roster.IntValue(int64(roster.APIClient))}
	switch r.String("user_type") {
	case typeAPIClient:
		where = append(where, client)
	case typePerson:
		where = append(where, roster.Not{Expr: client})
	}
	if r.Given("user_role") {
		where = append(where, roster.Cmp{Field: roster.FieldRole, Value: roster.TextValue(r.String("user_role"))})
	}
	if r.Given("statuses") {
		where = append(where, roster.In{Field: roster.FieldStatus, Values: shownAs(r.Strings("statuses"))})
	}
	return where
}

// echo returns the parameters of the query that are given or have a default, under their names in the table, and
// unknown ones under the names that the client gave them.
func echo(r *dialect.Request) map[string]any {
	all := map[string]any{}
	for name, values := range r.Query {
		if all[name] = values; len(values) == 1 {
			all[name] = values[0]
		}
	}
	for _, p := range r.Endpoint.Params {
		if p.In != dialect.Query {
			continue
		}
		for name := range r.Query {
			if strings.TrimSuffix(name, "[]") == p.Name {
				delete(all, name)
			}
		}
		if p.Default != "" || r.Given(p.Name) {
			all[p.Name] = known(r, &p)
		}
	}
	return all
}

func known(r *dialect.Request, p *dialect.Param) any {
	switch p.Type {
	case dialect.Integer:
		return r.Int(p.Name)
	case dialect.Strings:
		return r.Strings(p.Name)
	default:
		return r.String(p.Name)
	}
}
