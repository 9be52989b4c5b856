package native

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func users() *resource {
	return &resource{
		typ: roster.TypeUser, path: "/users", one: "user", many: "users", One: "User", Many: "Users",
		refs: "its id, or number:N, email:ADDRESS or identifier:NAME", example: "number:7",
		wire: roster.User{}, writes: roster.UsersWrite,
		sample: `{"email":"ada@example.com","name":"Ada Moreno","role":"admin"}`,
		change: `{"name":"Ada Moreno","phone":null}`,
		deleteDoc: "The user can be restored for 30 days, or as long as the server is set to keep deleted users. The " +
			"tokens that act as the user are revoked and the user's invitations removed; its e-mail and identifier " +
			"are free for others.",
	}
}

// restorable says how long what was deleted is kept.
const restorable = "It can be restored for 30 days, or as long as the server is set to keep what was deleted."

func groups() *resource {
	return &resource{
		typ: roster.TypeGroup, path: "/groups", one: "group", many: "groups", One: "Group", Many: "Groups",
		refs: "its id, or number:N", example: "number:1", wire: roster.Group{}, writes: roster.GroupsWrite,
		sample: `{"name":"Night shift","permissions":4}`, change: `{"permissions":6}`,
		table:     groupColumns(),
		deleteDoc: "The group is taken from its users, too. " + restorable,
	}
}

func spaces() *resource {
	return &resource{
		typ: roster.TypeSpace, path: "/spaces", one: "space", many: "spaces", One: "Space", Many: "Spaces",
		refs: "its id, or number:N", example: "number:1", wire: roster.Space{}, writes: roster.GroupsWrite,
		sample: `{"title":"Warehouse","access":"by_invite"}`, change: `{"archived":true}`,
		table:     spaceColumns(),
		deleteDoc: "The space is taken from its users, too. " + restorable,
	}
}

func roles() *resource {
	return &resource{
		typ: roster.TypeRole, path: "/roles", one: "role", many: "roles", One: "Role", Many: "Roles",
		refs: "its id, or number:N or handle:HANDLE", example: "handle:admin", wire: roster.Role{},
		writes: roster.GroupsWrite,
		sample: `{"handle":"auditor","name":"Auditor","counts_as":"read_only"}`, change: `{"name":"Auditors"}`,
		table:     roleColumns(),
		deleteDoc: "A built-in role and one that users hold can't be deleted. " + restorable,
	}
}

// groupEndpoints returns the endpoints of groups, spaces and roles.
func groupEndpoints() []dialect.Endpoint {
	var all []dialect.Endpoint
	for _, of := range []struct {
		*resource
		list any
	}{{groups(), GroupList{}}, {spaces(), SpaceList{}}, {roles(), RoleList{}}} {
		remove := of.deleteEndpoint()
		if of.typ == roster.TypeRole {
			remove.Returns = withStatus(remove.Returns, conflict)
		}
		all = append(all, of.listEndpoint(of.list), of.createEndpoint(), of.getEndpoint(), of.updateEndpoint(), remove)
		if of.typ != roster.TypeRole {
			all = append(all, memberEndpoints(of.resource)...)
		}
	}
	return all
}

// withStatus adds a failure to what an endpoint returns.
func withStatus(list []dialect.Return, status int) []dialect.Return {
	list = append(list, failure(status))
	slices.SortStableFunc(list, func(a, b dialect.Return) int { return a.Status - b.Status })
	return list
}

func organizationEndpoints() []dialect.Endpoint {
	return []dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/organization", Aliases: []string{orgsPath + "/{slug}"},
			ID: "getOrganization", Summary: "Get the organization",
			Description: "The organization that the token belongs to or that the path names, and its version.",
			Needs:       roster.OrgsRead, Tagged: true, Params: []dialect.Param{slugParam(), fieldsParam()},
			Returns: returns(ok(Organization{}), badRequest, notFound, tooMany),
			Serve: func(_ context.Context, r *dialect.Request) (dialect.Response, error) {
				return show(filledFrom(r.View, r.View.Org()), r), nil
			},
		},
		{
			Method: http.MethodPatch, Path: "/organization", Aliases: []string{orgsPath + "/{slug}"},
			ID: "updateOrganization", Summary: "Change the organization",
			Description: "An entity tag of the organization ends in a dot and the version; what follows the dot does " +
				"not count in If-Match, as every change of any record makes another version.",
			Needs: roster.OrgsWrite, Params: []dialect.Param{slugParam(), ifMatchParam(), dryRunParam()},
			Body: &dialect.RequestBody{
				Doc:          "The members to change; null gives a member its default.",
				ContentTypes: []string{"application/merge-patch+json", "application/json"}, Body: Organization{},
				Example: `{"brand_name":"Demo","limits":{"native":{"rate":50,"burst":500}}}`,
			},
			Returns: returns(ok(Organization{}), badRequest, notFound, notExpected, tooLarge, tooMany),
			Serve:   updateOrganization,
		},
	}
}

func updateOrganization(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if err := isObject(r.Body); err != nil {
		return dialect.Response{}, inBody(err)
	}
	tags, err := ifMatch(r)
	if err != nil {
		return dialect.Response{}, err
	}
	outcome, err := doOne(ctx, r, roster.Update{Type: roster.TypeOrganization, Patch: r.Body, IfMatch: tags})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	view, err := r.Writer.View(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	org, _ := filledFrom(view, left(outcome, roster.TypeOrganization)).(*roster.Organization)
	org.Version = cmp.Or(outcome.Version, org.Version)
	return show(org, r), nil
}
