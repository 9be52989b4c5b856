package sixeye

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// userUUID is the name of the parameter in the path.
const userUUID = "user_uuid"

func listUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/users",
		ID:          "listUsers",
		Summary:     "Get List of Users",
		Description: "Returns a JSON object with an array of users",
		Mark:        dialect.Seed,
		Needs:       roster.UsersRead,
		Varies:      []string{"Accept"},
		Params:      slices.Concat(pageParams(), filterParams(), []dialect.Param{fieldsParam()}),
		Window:      &dialect.Window{Start: pageNumber, First: 1, Size: pageSize},
		Laws:        laws(),
		Returns: append(failures(),
			dialect.Return{
				Status: http.StatusOK, Doc: "OK", ContentType: mediaType, Body: UserList{}, Example: listExample,
				Mark: dialect.Seed, Contract: roster.Documented,
			},
			dialect.Return{
				Status: http.StatusOK, Doc: "OK, users with links and relationships", ContentType: mediaType,
				Body: LiveUserList{}, Example: liveListExample, Mark: dialect.Seen, Contract: roster.Live,
			},
		),
		Serve: serveUsers,
	}
}

func getUser() dialect.Endpoint {
	return dialect.Endpoint{
		Method:  http.MethodGet,
		Path:    "/users/{" + userUUID + "}",
		Laws:    &dialect.Laws{List: "data", Key: "id"},
		ID:      "getUser",
		Summary: "Get Single User",
		Description: "Returns a JSON object with a singular data item for the user, or a 404 error if the user " +
			"UUID is not " +
			"recognized.",
		Mark:   dialect.Seed,
		Needs:  roster.UsersRead,
		Varies: []string{"Accept"},
		Params: []dialect.Param{
			{
				Name: userUUID, In: dialect.Path, Required: true, Doc: "The user's UUID.",
				Example: "dfd54e1f-3bce-4322-a935-f98ba97a9201", Mark: dialect.Seed,
				From: &dialect.From{Operation: "listUsers", Member: "id"},
			},
			fieldsParam(),
		},
		Returns: append(failures(),
			dialect.Return{
				Status: http.StatusOK, Doc: "OK", ContentType: mediaType, Body: SingleUser{}, Example: singleExample,
				Mark: dialect.Seed, Contract: roster.Documented,
			},
			dialect.Return{
				Status: http.StatusOK, Doc: "OK, the user with links and relationships", ContentType: mediaType,
				Body: LiveSingleUser{}, Example: liveSingleExample, Mark: dialect.Seen, Contract: roster.Live,
			},
			dialect.Return{
				Status: http.StatusNotFound, Doc: "The user UUID is not recognized", ContentType: mediaType,
				Body: problem{}, Example: problemExample, Mark: dialect.Seed,
			},
		),
		Serve: serveUser,
	}
}

// failures are what both endpoints of users answer when they fail.
func failures() []dialect.Return {
	failure := func(status int, doc string) dialect.Return {
		return dialect.Return{Status: status, Doc: doc, ContentType: mediaType, Body: problem{}, Mark: dialect.Ours}
	}
	return []dialect.Return{
		failure(http.StatusBadRequest, "Parameters that break a rule or are not known"),
		failure(http.StatusUnauthorized, "No key, or one that does not count"),
		failure(http.StatusForbidden, "The key lacks the permission users:read, or does not count from here"),
		failure(http.StatusNotAcceptable, "JSON:API is asked for with parameters other than ext and profile"),
		failure(http.StatusTooManyRequests, "Too many requests"),
	}
}

func serveUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := check(r); err != nil {
		return dialect.Response{}, err
	}
	q := query(r)
	page, err := r.View.Users(q)
	if err != nil {
		return dialect.Response{}, err
	}
	tail := "]}"
	if paged(r) {
		links, err := dialect.Encode(pageLinks(r, int64(page.Total)))
		if err != nil {
			return dialect.Response{}, fmt.Errorf("encode the links: %w", err)
		}
		tail = fmt.Sprintf(`],"links":%s,"meta":{"total":%d}}`, links, page.Total)
	}
	e := newEncoder(r)
	body := dialect.Users(`{"data":[`, page, tail, e.form(), e.user)
	return dialect.Response{ContentType: mediaType, Body: body, More: dialect.More(q, page.Total)}, nil
}

func serveUser(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := check(r); err != nil {
		return dialect.Response{}, err
	}
	u, err := find(r.View, r.String(userUUID))
	if err != nil {
		return dialect.Response{}, err
	}
	m := dialect.NewMembers(nil).Name("data")
	body := dialect.Members(newEncoder(r).user(m, u)).Close()
	return dialect.Response{ContentType: mediaType, Body: dialect.Text(string(body))}, nil
}

// find returns the user with a UUID, deactivated or not; what is not a UUID is as unknown as one that nobody has.
func find(view dialect.View, uuid string) (*roster.User, error) {
	unknown := &roster.Error{
		Code: roster.NotFound, Field: userUUID,
		Message: fmt.Sprintf("The record identified by %s could not be found.", uuid),
	}
	id, err := roster.ParseID(uuid)
	if err != nil || id.IsZero() {
		return nil, unknown
	}
	u, err := view.User(roster.Ref{ID: id})
	if roster.CodeOf(err) == roster.NotFound {
		return nil, unknown
	}
	return u, err
}

func getVersion() dialect.Endpoint {
	return dialect.Endpoint{
		Method:  http.MethodGet,
		Path:    "/version",
		ID:      "getVersion",
		Summary: "Get Version",
		Description: "The version of the software that answers, and the versions of the API that it speaks. " +
			"It needs no credential.",
		Mark:   dialect.Seen,
		Public: true,
		Returns: []dialect.Return{
			{Status: http.StatusOK, Doc: "OK", Body: Version{}, Example: versionExample, Mark: dialect.Seen},
		},
		Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
			return dialect.Response{Body: dialect.JSON(wireVersion(r.Software))}, nil
		},
	}
}
