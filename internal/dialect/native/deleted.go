package native

import (
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// DeletedUserList is a page of deleted users.
type DeletedUserList list[roster.DeletedUser]

// DeletedGroupList is a page of deleted groups.
type DeletedGroupList list[roster.DeletedGroup]

// DeletedSpaceList is a page of deleted spaces.
type DeletedSpaceList list[roster.DeletedSpace]

// DeletedRoleList is a page of deleted roles.
type DeletedRoleList list[roster.DeletedRole]

// Undeleted is a user who was restored.
type Undeleted struct {
	User roster.User `json:"user" required:"yes" doc:"The user as it is again."`
	Gone *Gone       `json:"gone,omitempty" doc:"What the user had that is not there any more."`
}

// UndeletedGroup is a group that was restored.
type UndeletedGroup struct {
	Group roster.Group `json:"group" required:"yes" doc:"The group as it is again."`
	Gone  *GoneMembers `json:"gone,omitempty" doc:"Who was a member and is not there any more."`
}

// UndeletedSpace is a space that was restored.
type UndeletedSpace struct {
	Space roster.Space `json:"space" required:"yes" doc:"The space as it is again."`
	Gone  *GoneMembers `json:"gone,omitempty" doc:"Who was a member and is not there any more."`
}

// UndeletedRole is a role that was restored.
type UndeletedRole struct {
	Role roster.Role `json:"role" required:"yes" doc:"The role as it is again."`
}

// GoneMembers are the members that a group or a space can't be given back.
type GoneMembers struct {
	Members []roster.DeletedMember `json:"members" required:"yes"`
}

// Gone is what a user can't be given back.
type Gone struct {
	Role         string               `json:"role,omitempty"`
	Groups       []int64              `json:"groups,omitempty"`
	Spaces       []roster.SpaceAccess `json:"spaces,omitempty"`
	DefaultSpace int64                `json:"default_space,omitempty"`
}

// trash is a resource whose records can be restored when they are deleted.
type trash struct {
	*resource
	deletedWire, list, undeleted any // values of the wire types
	// conflicts says when a record can't be restored, restores what comes back with it.
	conflicts, restores string
	columns             columns // of the deleted records
}

func trashes() []trash {
	members := "Those who were members are members again; who is not there any more the answer names as gone."
	return []trash{
		{
			users(),
			roster.DeletedUser{},
			DeletedUserList{},
			Undeleted{},

			"Where somebody has the e-mail or the identifier by now",
			"What role, groups and spaces are not there any more the answer names as gone. Tokens that were revoked " +
				"and invitations do not come back.",
			deletedUserColumns(),
		},
		{
			groups(), roster.DeletedGroup{}, DeletedGroupList{}, UndeletedGroup{}, "", members, deletedGroupColumns(),
		},
		{
			spaces(),
			roster.DeletedSpace{},
			DeletedSpaceList{},
			UndeletedSpace{},
			"",
			members + " Who has no default space has the one again that was.",
			deletedSpaceColumns(),
		},
		{
			roles(),
			roster.DeletedRole{},
			DeletedRoleList{},
			UndeletedRole{},
			"Where another role has the handle by now",
			"Nobody held the role when it was deleted, so that nobody holds it.",
			deletedRoleColumns(),
		},
	}
}

// deleted returns the resource of the deleted records.
func (t trash) deleted() *resource {
	refs := "its id, or number:N"
	return &resource{
		typ: t.typ.Deleted(), path: "/deleted-" + t.many, one: "deleted " + t.one, many: "deleted " + t.many,
		One: "Deleted" + t.One, Many: "Deleted" + t.Many, refs: refs, example: "number:7", writes: t.writes,
		wire: t.deletedWire, table: t.columns,
	}
}

// deletedEndpoints returns the endpoints of deleted records.
func deletedEndpoints() (all []dialect.Endpoint) {
	for _, t := range trashes() {
		all = append(all, t.listEndpoint(), t.deleted().getEndpoint(), t.undeleteEndpoint())
	}
	return append(all, eraseEndpoint())
}

func (t trash) listEndpoint() dialect.Endpoint {
	k := t.deleted()
	e := k.listEndpoint(t.list)
	e.Description = "The " + t.many + " that were deleted and can be restored until purge_at. Other lists never have " +
		"them."
	return e
}

func (t trash) undeleteEndpoint() dialect.Endpoint {
	named := t.refParam()
	named.Doc = "The deleted " + t.one + ": " + t.refs + "."
	description := "The " + t.one + " is as it was, with the same id and number. " + t.restores + " "
	if t.conflicts != "" {
		named.Doc += " Where several have what names it, only an id or a number will do."
		description += t.conflicts + ", the answer is 409 and says who. "
	}
	failures := []int{badRequest, notFound, notExpected, tooMany}
	if t.conflicts != "" {
		failures = append(failures, conflict)
	}
	return dialect.Endpoint{
		Method: http.MethodPost, Path: t.recordPath() + ":undelete", ID: "undelete" + t.One,
		Summary: "Restore a deleted " + t.one, Description: description + "If-Match is about the deleted record.",
		Needs: t.writes, Params: []dialect.Param{named, ifMatchParam(), dryRunParam()},
		Returns: returns(ok(t.undeleted), failures...), Serve: t.undelete,
	}
}

func eraseEndpoint() dialect.Endpoint {
	users := users()
	either := users.refParam()
	either.Doc = "The user, deleted or not: " + users.refs + "."
	return dialect.Endpoint{
		Method: http.MethodPost, Path: users.recordPath() + ":erase", ID: "eraseUser",
		Summary: "Erase a user for good",
		Description: "Removes the user, deleted or not, with its invitations and the tokens that act as it, and " +
			"everything that the history and the audit say about it: only ids are left. An import whose input tells " +
			"of the user ends, and the input goes. It can't be undone.",
		Needs: roster.UsersErase, Params: []dialect.Param{either, ifMatchParam(), dryRunParam()},
		Returns: returns(noContent(), badRequest, notFound, conflict, notExpected, tooMany), Serve: users.erase,
	}
}

func (t trash) undelete(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	ref, tags, err := t.target(r)
	if err != nil {
		return dialect.Response{}, err
	}
	change, err := do(ctx, r, roster.Undelete{Type: t.typ, Ref: ref, IfMatch: tags})
	if err != nil {
		return dialect.Response{}, inPath(err)
	}
	e, err := filled(ctx, r, createdBy(change.Ops, t.typ))
	if err != nil {
		return dialect.Response{}, err
	}
	response := show(e, r)
	response.Body = dialect.JSON(undeletedWire(roster.Shown(e, r.Principal.Permissions), change.Ops))
	return response, nil
}

// undeletedWire returns the answer to who has restored a record.
func undeletedWire(shown roster.Entity, ops []roster.Op) any {
	switch e := shown.(type) {
	case *roster.User:
		return Undeleted{*e, GoneBy(ops)}
	case *roster.Group:
		return UndeletedGroup{*e, goneMembers(ops)}
	case *roster.Space:
		return UndeletedSpace{*e, goneMembers(ops)}
	case *roster.Role:
		return UndeletedRole{*e}
	default:
		return nil
	}
}

// goneMembers returns the members that ops which restore a group or a space do not give back, nil where there are none.
func goneMembers(ops []roster.Op) *GoneMembers {
	var gone []roster.DeletedMember
	back := map[roster.ID]bool{}
	for _, op := range ops {
		if deleted, ok := op.Before.(roster.Deleted); ok {
			gone = slices.Clone(roster.MembersOf(deleted))
		}
		if u, ok := op.After.(*roster.User); ok {
			back[u.ID] = true
		}
	}
	gone = slices.DeleteFunc(gone, func(m roster.DeletedMember) bool { return back[m.User] })
	if len(gone) == 0 {
		return nil
	}
	return &GoneMembers{gone}
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
	ref, tags, err := k.target(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return done(ctx, r, roster.Erase{Ref: ref, IfMatch: tags})
}
