package native

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// DeletedUserList is a page of deleted users.
type DeletedUserList list[roster.DeletedUser]

// Undeleted is a user who was restored.
type Undeleted struct {
	User roster.User `json:"user" required:"yes" doc:"The user as it is again."`
	Gone *Gone       `json:"gone,omitempty" doc:"What the user had that is not there any more."`
}

// Gone is what a user can't be given back.
type Gone struct {
	Role         string               `json:"role,omitempty"`
	Groups       []int64              `json:"groups,omitempty"`
	Spaces       []roster.SpaceAccess `json:"spaces,omitempty"`
	DefaultSpace int64                `json:"default_space,omitempty"`
}

func deletedUsers() *resource {
	return &resource{
		typ: roster.TypeDeletedUser, path: "/deleted-users", one: "deleted user", many: "deleted users",
		One: "DeletedUser", Many: "DeletedUsers", refs: "its id, or number:N", example: "number:7",
		wire: roster.DeletedUser{}, writes: roster.UsersErase,
	}
}

func deletedUserEndpoints() []dialect.Endpoint {
	k, users := deletedUsers(), users()
	all := k.listEndpoint(DeletedUserList{})
	all.Description = "The users who were deleted and can be restored until purge_at. Lists of users never have them."
	all.Params = slices.Concat(deletedUserParams(), all.Params)
	all.Serve = serveDeletedUsers
	named := users.refParam()
	named.Doc = "The deleted user: " + users.refs + ". Where several have the e-mail or the identifier, only an id " +
		"or a number will do."
	either := users.refParam()
	either.Doc = "The user, deleted or not: " + users.refs + "."
	change := []dialect.Param{ifMatchParam(), dryRunParam()}
	return []dialect.Endpoint{
		all,
		k.getEndpoint(),
		{
			Method: http.MethodPost, Path: users.recordPath() + ":undelete", ID: "undeleteUser",
			Summary: "Restore a deleted user",
			Description: "The user is as it was, with the same id, number, e-mail and identifier. What role, groups " +
				"and spaces are not there any more the answer names as gone. Tokens that were revoked and " +
				"invitations do not come back. Where somebody has the e-mail or the identifier by now, the answer " +
				"is 409 and names who. If-Match is about the deleted user's record.",
			Needs: roster.UsersWrite, Params: slices.Concat([]dialect.Param{named}, change),
			Returns: returns(ok(Undeleted{}), badRequest, notFound, conflict, notExpected, tooMany), Serve: undelete,
		},
		{
			Method: http.MethodPost, Path: users.recordPath() + ":erase", ID: "eraseUser",
			Summary: "Erase a user for good",
			Description: "Removes the user, deleted or not, with its invitations and the tokens that act as it, and " +
				"everything that the history and the audit say about it: only ids are left. It can't be undone.",
			Needs: roster.UsersErase, Params: slices.Concat([]dialect.Param{either}, change),
			Returns: returns(noContent(), badRequest, notFound, conflict, notExpected, tooMany), Serve: users.erase,
		},
	}
}

func deletedUserParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "search", Mark: dialect.Ours, Example: "ada",
			Doc: "Words that must all be found in a user's id, identifier, name, e-mail or description.",
		},
		{
			Name: "order_by", Mark: dialect.Ours, Default: "number", Example: "deleted_at desc",
			Enum: []string{"number", "deleted_at", "deleted_at desc", "purge_at", "purge_at desc"},
			Doc:  "The order; what is equal is ordered by number.",
		},
	}
}

func serveDeletedUsers(_ context.Context, r *dialect.Request) (dialect.Response, error) {
	all := r.View.DeletedUsers()
	if r.Given("search") {
		search := roster.Search{Text: r.String("search"), Fields: searched(visible(r.Principal))}
		all = slices.DeleteFunc(slices.Clone(all), func(u *roster.DeletedUser) bool { return !search.Match(u.User) })
	}
	if compare := deletedOrder(r.String("order_by")); compare != nil {
		all = slices.SortedStableFunc(slices.Values(all), compare)
	}
	return listed(r, all, func(u *roster.DeletedUser) any { return wire(roster.Shown(u, r.Principal.Permissions)) })
}

// deletedOrder returns how to compare deleted users for an order, nil for the one by number.
func deletedOrder(order string) func(a, b *roster.DeletedUser) int {
	switch order {
	case "deleted_at":
		return func(a, b *roster.DeletedUser) int { return cmp.Compare(a.DeletedAt, b.DeletedAt) }
	case "deleted_at desc":
		return func(a, b *roster.DeletedUser) int { return cmp.Compare(b.DeletedAt, a.DeletedAt) }
	case "purge_at":
		return func(a, b *roster.DeletedUser) int { return cmp.Compare(a.PurgeAt, b.PurgeAt) }
	case "purge_at desc":
		return func(a, b *roster.DeletedUser) int { return cmp.Compare(b.PurgeAt, a.PurgeAt) }
	default:
		return nil
	}
}

func undelete(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, err := users().ref(r)
	if err != nil {
		return dialect.Response{}, err
	}
	tags, err := ifMatch(r)
	if err != nil {
		return dialect.Response{}, err
	}
	change, err := do(ctx, r, roster.Undelete{Ref: ref, IfMatch: tags})
	if err != nil {
		return dialect.Response{}, inPath(err)
	}
	u, err := filled(ctx, r, createdBy(change.Ops, roster.TypeUser))
	if err != nil {
		return dialect.Response{}, err
	}
	response := show(u, r)
	shown, _ := roster.Shown(u, r.Principal.Permissions).(*roster.User)
	response.Body = dialect.JSON(Undeleted{User: *shown, Gone: GoneBy(change.Ops)})
	return response, nil
}

// GoneBy returns what ops that restore a user do not give back, nil where that is nothing.
func GoneBy(ops []roster.Op) *Gone {
	var was, is *roster.User
	for _, op := range ops {
		if deleted, ok := op.Before.(*roster.DeletedUser); ok {
			was = deleted.User
		}
		if u, ok := op.After.(*roster.User); ok {
			is = u
		}
	}
	if was == nil || is == nil {
		return nil
	}
	g := Gone{
		Groups: slices.DeleteFunc(slices.Clone(was.Groups), func(n int64) bool {
			return slices.Contains(is.Groups, n)
		}),
		Spaces: slices.DeleteFunc(slices.Clone(was.Spaces), func(s roster.SpaceAccess) bool {
			return slices.Contains(is.Spaces, s)
		}),
	}
	if is.Role == "" {
		g.Role = was.Role
	}
	if is.DefaultSpace == 0 {
		g.DefaultSpace = was.DefaultSpace
	}
	if len(g.Groups)+len(g.Spaces) == 0 && g.Role == "" && g.DefaultSpace == 0 {
		return nil
	}
	return &g
}

func (k *resource) erase(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, err := k.ref(r)
	if err != nil {
		return dialect.Response{}, err
	}
	tags, err := ifMatch(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return done(ctx, r, roster.Erase{Ref: ref, IfMatch: tags})
}
