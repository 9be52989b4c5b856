package d3lay

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func listUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:  http.MethodGet,
		Path:    "/users",
		ID:      "listUsers",
		Summary: "Retrieve a list of users",
		Mark:    dialect.Seed,
		Needs:   roster.UsersRead,
		Params:  slices.Concat(headerParams(), orderParams(), filterParams(), pageParams()),
		Window:  &dialect.Window{Start: "page", First: 1, Size: "page_size"},
		Laws:    laws(),
		Returns: []dialect.Return{
			{Status: http.StatusOK, Doc: "Success", Body: []User{}, Example: userExample, Mark: dialect.Seed},
			{
				Status: http.StatusBadRequest, Doc: "Another version of the API, or a malformed query string",
				Body: problem{}, Mark: dialect.Ours,
			},
			{
				Status: http.StatusUnauthorized, Doc: "No token, or one that does not count", Body: problem{},
				Mark: dialect.Ours,
			},
			{
				Status: http.StatusForbidden, Doc: "The token lacks a permission, or does not count from here",
				Body: problem{}, Mark: dialect.Ours,
			},
			{
				Status: http.StatusUnprocessableEntity, Doc: "Parameters that break a rule", Body: problem{},
				Example: problemExample, Mark: dialect.Ours,
			},
			{Status: http.StatusTooManyRequests, Doc: "Too many requests", Body: problem{}, Mark: dialect.Ours},
		},
		Serve: serveUsers,
	}
}

func headerParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: versionHeader, In: dialect.Header, Enum: []string{"v1"}, Default: "v1", Doc: "Your API version",
			Mark: dialect.Seed,
		},
		{
			Name: "Content-Type", In: dialect.Header, Ignored: true, Mark: dialect.Seed,
			Enum: []string{
				"application/json", "application/xml", "application/x-www-form-urlencoded", "application/octet-stream",
				"application/pdf", "text/plain", "text/html", "multipart/form-data",
			},
			Doc: "Says nothing on a GET, which has no body. The answer is always application/json.",
		},
	}
}

func orderParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "sort_by", Default: "created_at", Mark: dialect.Seed,
			Enum: []string{
				"id", "identifier", "name", "email", "user_type", "status", "created_at", "updated_at", "created_by",
				"updated_by",
			},
			Doc: "The field to sort by. created_by and updated_by need the permission metadata:read. " +
				"Without sort_by a search lists the best match first.",
		},
		{
			Name: "sort_order", Enum: []string{"asc", "desc"}, Default: "asc", Mark: dialect.Seed,
			Doc: "Order of sorting: asc, ascending, from A to Z; desc, descending, from Z to A",
		},
	}
}

func filterParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "id", Type: dialect.UUID, Needs: roster.MetadataRead, Mark: dialect.Seed,
			Doc: "Filter data by its id, require metadata permissions",
		},
		{
			Name: "created_by", Type: dialect.UUID, Needs: roster.MetadataRead, Mark: dialect.Seed,
			Doc: "Filter data by the user who created them, require metadata permissions",
		},
		{
			Name: "updated_by", Type: dialect.UUID, Needs: roster.MetadataRead, Mark: dialect.Seed,
			Doc: "Filter data by the user who last updated them, require metadata permissions",
		},
		{Name: "user_type", Enum: userTypes(), Doc: "The type of user to filter by.", Mark: dialect.Seed},
		{Name: "status", Enum: statuses(), Doc: "Filter user by status.", Mark: dialect.Seed},
		timeParam("created_at_from", "Filter data that were created after this date."),
		timeParam("created_at_to", "Filter data that were created before this date."),
		timeParam("updated_at_from", "Filter data that were updated after this date."),
		timeParam("updated_at_to", "Filter data that were updated before this date."),
		{
			Name: "search", Aliases: []string{"fuzzy_search"}, Mark: dialect.Seed, Example: "benjamin",
			Doc: "Fuzzy match data by id, email, name or description. Case and accents do not matter, parts of " +
				"words are " +
				"found, and typing errors are forgiven. The page lost the parameter's name; this one is ours.",
		},
	}
}

func timeParam(name, doc string) dialect.Param {
	return dialect.Param{
		Name: name, Type: dialect.DateTime,
		Doc: doc + " Inclusive.", Example: "2023-05-06T00:00:00Z", Mark: dialect.Seed,
	}
}

func pageParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "page", Type: dialect.Integer, Min: dialect.N(1), Default: "1", Doc: "The page number to retrieve.",
			Mark: dialect.Seed,
		},
		{
			Name: "page_size", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(100), Default: "30",
			Doc: "The number of items to retrieve per page.", Mark: dialect.Seed,
		},
	}
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
	header := http.Header{"X-Total-Count": {strconv.Itoa(page.Total)}}
	if links := dialect.Links(r.URL, "page", r.Int("page"), r.Int("page_size"), int64(page.Total)); links != "" {
		header.Set("Link", links)
	}
	metadata := r.Principal.Permissions.Has(roster.MetadataRead)
	body := dialect.Users("[", page, "]", form(metadata), func(b []byte, u *roster.User) []byte {
		return appendUser(b, u, metadata)
	})
	return dialect.Response{Header: header, Body: body, More: dialect.More(q, page.Total)}, nil
}

// query turns the parameters into a query. The names of d3lay's members are those of the fields.
func query(r *dialect.Request) (roster.Query, error) {
	where, err := filter(r)
	if err != nil {
		return roster.Query{}, err
	}
	order, err := order(r)
	return roster.Query{
		Where: where,
		Search: roster.Search{
			Text:   r.String("search"),
			Fields: []roster.Field{roster.FieldID, roster.FieldEmail, roster.FieldName, roster.FieldDescription},
			Fuzzy:  true,
		},
		Sort:   order,
		Offset: dialect.Offset(r.Int("page"), r.Int("page_size")),
		Limit:  int(r.Int("page_size")),
	}, err
}

// order fails with [roster.Forbidden] for a field that the principal may not see.
func order(r *dialect.Request) ([]roster.Sort, error) {
	if r.Given("search") && !r.Given("sort_by") {
		return nil, nil
	}
	field, _ := roster.FieldByName(r.String("sort_by"))
	if needs := field.Info().Needs; !r.Principal.Permissions.Has(needs) {
		return nil, &roster.Error{
			Code: roster.Forbidden, Field: "sort_by", Message: "needs the permission " + string(needs),
		}
	}
	key := roster.Sort{Field: field, Desc: r.String("sort_order") == "desc"}
	if field == roster.FieldStatus {
		key.Ranks = statusRanks()
	}
	return []roster.Sort{key}, nil
}

func filter(r *dialect.Request) (roster.Expr, error) {
	where := roster.And{}
	for _, name := range [...]string{"id", "created_by", "updated_by"} {
		if r.Given(name) {
			field, _ := roster.FieldByName(name)
			where = append(where, roster.Cmp{Field: field, Value: roster.IDValue(r.UUID(name))})
		}
	}
	if r.Given("user_type") {
		index := slices.Index(roster.UserTypes(), r.String("user_type"))
		where = append(where, roster.Cmp{Field: roster.FieldUserType, Value: roster.IntValue(int64(index))})
	}
	if r.Given("status") {
		where = append(where, roster.In{Field: roster.FieldStatus, Values: shownAs(r.String("status"))})
	}
	for _, name := range [...]string{"created_at", "updated_at"} {
		bounds, err := period(r, name)
		if err != nil {
			return nil, err
		}
		where = append(where, bounds...)
	}
	return where, nil
}

// period returns the bounds that the parameters _from and _to set to a time.
func period(r *dialect.Request, name string) (roster.And, error) {
	from, to := name+"_from", name+"_to"
	if !r.Given(from) && !r.Given(to) {
		return nil, nil
	}
	field, _ := roster.FieldByName(name)
	if r.Given(from) && r.Given(to) && r.Time(from) > r.Time(to) {
		return nil, roster.FieldErrorf(from, "must not be after %s", to)
	}
	var bounds roster.And
	if r.Given(from) {
		first := int64(r.Time(from))
		bounds = append(bounds, roster.Cmp{Field: field, Op: roster.GE, Value: roster.IntValue(first)})
	}
	if r.Given(to) {
		last := int64(upTo(r.Time(to)))
		bounds = append(bounds, roster.Cmp{Field: field, Op: roster.LE, Value: roster.IntValue(last)})
	}
	return bounds, nil
}

// upTo returns the last millisecond that an upper bound includes: users are shown with whole seconds, so that a bound
// on a whole second stands for all of it.
func upTo(t roster.Time) roster.Time {
	if t == t.Seconds() {
		return t + 999
	}
	return t
}
