package kaiten

import (
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func listSpaceUsers() dialect.Endpoint {
	return dialect.Endpoint{
		Method:      http.MethodGet,
		Path:        "/api/latest/spaces/{space_id}/users",
		Aliases:     []string{"/api/v1/spaces/{space_id}/users"},
		ID:          "getSpaceUsers",
		Summary:     "Get list of users",
		Description: "Get the users who were added to a space, by id ascending.",
		Mark:        dialect.Seen,
		Allow:       allowColleagues,
		AllowDoc: anybody + " The user must have the permission bit 1 (Members) or 16 (Spaces) or access to the " +
			"space or one around it, or the space be for everyone.",
		Laws:     personLaws(),
		Volatile: true, // it says which user the token acts as
		Params: []dialect.Param{
			{
				Name: "space_id", In: dialect.Path, Type: dialect.Integer, Mark: dialect.Seen, Doc: "Space ID",
				Example: "1", From: &dialect.From{Operation: "getCompanyUsers", Member: "spaces[].id"},
			},
			{
				Name: "include_inherited_access", Type: dialect.Boolean, Mark: dialect.Seen,
				Doc: "The result includes users with inherited access: those who were added to a space around it",
			},
			{
				Name: "inactive", Type: dialect.Boolean, Mark: dialect.Seen,
				Doc: "The result includes only inactive in company members: those who are deactivated",
			},
		},
		Returns: append([]dialect.Return{
			{
				Status: http.StatusOK, Doc: "Success, apps_permissions as a string", Body: []SpaceUser{},
				Example: spaceUserExample, Mark: dialect.Seen, Contract: roster.Documented,
			},
			{
				Status: http.StatusOK, Doc: "Success, apps_permissions as an integer", Body: []LiveSpaceUser{},
				Example: liveSpaceUserExample, Mark: dialect.Seen, Contract: roster.Live,
			},
			badValue(`inactive must be true, false, 1 or 0, not "maybe"`),
		}, refusals()...),
		Serve: serveSpaceUsers,
	}
}

func spaceFacts() []dialect.Fact {
	return []dialect.Fact{
		{
			Text: "The users of a space are those who were added to it; that a space is for everyone adds nobody. " +
				"access_mod is the strongest of their own access and that to the spaces around it.",
			Mark: dialect.Ours,
		},
		{Text: "Without inactive the list of a space has no deactivated users.", Mark: dialect.Ours},
	}
}

func serveSpaceUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	space := r.View.Space(r.Int("space_id"))
	if space == nil {
		return dialect.Response{}, roster.Errorf(roster.NotFound, "no such space")
	}
	path := spacePath(r.View, space)
	if err := allowSpace(r, space, path); err != nil {
		return dialect.Response{}, err
	}
	access := path[:1]
	if r.Bool("include_inherited_access") {
		access = path
	}
	status := equal(roster.FieldStatus, int64(roster.Deactivated))
	if !r.Bool("inactive") {
		status = notDeactivated()
	}
	page, err := r.View.Users(roster.Query{Where: roster.And{in(roster.FieldSpaces, access...), status}})
	if err != nil {
		return dialect.Response{}, err
	}
	e := spaceEncoder{encoder: newEncoder(r.View, false), path: path, current: r.Principal.ActsAs}
	e.live = r.Contract == roster.Live
	page.Written = nil // what is written depends on who asks, and is not worth keeping
	return dialect.Response{Body: dialect.Users("[", page, "]", roster.Form{}, e.user)}, nil
}

// spacePath returns the numbers of a space and of those around it, from the inside.
func spacePath(view dialect.View, space *roster.Space) []int64 {
	spaces := view.Spaces()
	var path []int64
	for space != nil && !slices.Contains(path, space.Number) {
		path = append(path, space.Number)
		around := slices.IndexFunc(spaces, func(s *roster.Space) bool { return s.ID == space.Parent })
		if space.Parent.IsZero() || around < 0 {
			break
		}
		space = spaces[around]
	}
	return path
}

// allowSpace refuses users who have nothing to do with a space.
func allowSpace(r *dialect.Request, space *roster.Space, path []int64) error {
	if r.Principal.ActsAs.IsZero() || space.Access == forEveryone {
		return nil
	}
	u, err := r.View.User(roster.Ref{ID: r.Principal.ActsAs})
	if err != nil {
		return err
	}
	if u.Permissions&(bitMembers|bitSpaces) != 0 || spaceAccess(u, path) != "" {
		return nil
	}
	return roster.Errorf(roster.Forbidden, "this needs access to the space")
}

// spaceAccess returns the strongest access that a user has to any of some spaces, "" for none.
func spaceAccess(u *roster.User, spaces []int64) string {
	strongest := ""
	for _, access := range u.Spaces {
		if slices.Contains(spaces, access.Number) &&
			(strongest == "" || spaceRole(access.Role) > spaceRole(strongest)) {
			strongest = access.Role
		}
	}
	return strongest
}

// spaceEncoder writes users as [SpaceUser] is tagged or, when live, as [LiveSpaceUser] is.
type spaceEncoder struct {
	*encoder

	path    []int64   // as [spacePath] returns it
	current roster.ID // whom the token acts as, or none
}

func (e spaceEncoder) user(b []byte, u *roster.User) []byte {
	return e.apps(person(dialect.NewMembers(b), u), u).
		Text("access_mod", spaceAccess(u, e.path)).
		TextOrNull("own_access_mod", spaceAccess(u, e.path[:1])).
		Bool("current", u.ID == e.current).
		Close()
}
