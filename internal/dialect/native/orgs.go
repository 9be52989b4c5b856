package native

import (
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const orgsPath = "/orgs"

// OrganizationList is a page of organizations.
type OrganizationList struct {
	Items         []Organization `json:"items" required:"yes"`
	Total         int            `json:"total" required:"yes" doc:"How many there are on all pages, exactly."`
	Version       roster.Version `json:"version" required:"yes" doc:"The version of what the token belongs to."`
	NextPageToken string         `json:"next_page_token,omitempty" doc:"The page_token of the next page, if any."`
}

// OrganizationRequest is what an organization is made from.
type OrganizationRequest struct {
	Slug      string                     `json:"slug" required:"yes" doc:"A DNS label, unique in the instance."`
	Name      string                     `json:"name,omitempty" doc:"The slug by default."`
	BrandName string                     `json:"brand_name,omitempty"`
	Contracts map[string]roster.Contract `json:"contracts,omitempty" doc:"The contract of each dialect by name."`
	Limits    map[string]roster.Limit    `json:"limits,omitempty" doc:"The rate limits of dialects by name."`
}

// orgEndpoints returns the endpoints that are about organizations from outside.
func orgEndpoints() []dialect.Endpoint {
	const wide = "Only instance-wide tokens may do this."
	remove := dialect.Endpoint{
		Method: http.MethodDelete, Path: orgsPath + "/{slug}", ID: "deleteOrganization",
		Summary: "Delete an organization",
		Description: "From now on nothing of the organization is found, its tokens do not count, and its webhooks " +
			"and jobs rest. All of it is there again when it is restored. At purge_at it is removed for good, with " +
			"its history and its audit; the audit of the instance says so. It keeps its slug until then.",
		Needs: roster.OrgsWrite, Allow: instanceWide, AllowDoc: wide, OfDeleted: true, // of which it may be a repeat
		Params: []dialect.Param{
			slugParam(),
			{
				Name: "confirm", Required: true, Mark: dialect.Ours, Example: "acme",
				Doc: "The slug once more, so that nothing is deleted by mistake.",
			},
			ifMatchParam(), dryRunParam(),
		},
		Returns: returns(noContent(), badRequest, notFound, notExpected, tooMany), Serve: deleteOrganization,
	}
	undelete := dialect.Endpoint{
		Method: http.MethodPost, Path: orgsPath + "/{slug}:undelete", ID: "undeleteOrganization",
		Summary: "Restore a deleted organization",
		Description: "The organization is as it was, with all that it has: its tokens count, and its webhooks and " +
			"jobs go on where they were. It can be restored until its purge_at.",
		Needs: roster.OrgsWrite, Allow: instanceWide, AllowDoc: wide, OfDeleted: true,
		Params:  []dialect.Param{slugParam(), ifMatchParam(), dryRunParam()},
		Returns: returns(ok(Organization{}), badRequest, notFound, notExpected, tooMany), Serve: undeleteOrganization,
	}
	return []dialect.Endpoint{
		listing(dialect.Endpoint{
			Path: orgsPath, ID: "listOrganizations", Summary: "List organizations",
			Description: "By number: all that are there for an instance-wide token, and for any other its own.",
			Serve:       listOrganizations,
		}, orgColumns()),
		listing(dialect.Endpoint{
			Path: "/deleted-orgs", ID: "listDeletedOrganizations", Summary: "List deleted organizations",
			Description: "Those that can be restored until their purge_at, by number.",
			Allow:       instanceWide, AllowDoc: wide, Serve: listDeletedOrganizations,
		}, deletedOrgColumns()),
		{
			Method: http.MethodPost, Path: orgsPath, ID: "createOrganization", Summary: "Create an organization",
			Description: "Makes an organization with the built-in roles, and nobody in it.",
			Needs:       roster.OrgsWrite, Allow: instanceWide, AllowDoc: wide, NewOrg: true, OfInstance: true,
			Params: []dialect.Param{dryRunParam()}, Body: &dialect.RequestBody{
				Doc: "What the organization is to be like.", Body: OrganizationRequest{},
				Example: `{"slug":"acme","name":"Acme Inc."}`,
			},
			Returns: append([]dialect.Return{wouldBe(Organization{})},
				returns(created(Organization{}), badRequest, conflict, tooLarge, tooMany)...),
			Serve: createOrganization,
		},
		remove,
		undelete,
	}
}

// listing completes the endpoint of a list of organizations.
func listing(e dialect.Endpoint, c columns) dialect.Endpoint {
	e.Method, e.Needs = http.MethodGet, roster.OrgsRead
	e.Volatile, e.OfInstance = true, true // the versions of others do not count
	e.Returns = returns(ok(OrganizationList{}), badRequest, tooMany)
	return moving(e, c)
}

func slugParam() dialect.Param {
	return dialect.Param{
		Name: "slug", In: dialect.Path, Mark: dialect.Ours, Example: "acme",
		Doc: "The slug of the organization. One that the token can't reach is as if it did not exist.",
	}
}

func instanceWide(p roster.Principal, _ dialect.View) error {
	if p.Instance == nil {
		return roster.Errorf(roster.Forbidden, "this needs an instance-wide token")
	}
	return nil
}

func listOrganizations(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	orgs, err := r.Orgs.List(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	return listOrgs(r, orgColumns(), orgs)
}

func listDeletedOrganizations(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	orgs, err := r.Orgs.Deleted(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	return listOrgs(r, deletedOrgColumns(), orgs)
}

func listOrgs(r *dialect.Request, c columns, orgs []*roster.Organization) (dialect.Response, error) {
	byNumber := keyed[*roster.Organization]{key: func(o *roster.Organization) string { return numberKey(o.Number) }}
	return byNumber.list(r, c, orgs, func(o *roster.Organization) any {
		return wire(roster.Shown(o, r.Principal.Permissions))
	})
}

func createOrganization(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	org, err := parseOrganization(r.Body)
	if err != nil {
		return dialect.Response{}, err
	}
	change, err := do(ctx, r, roster.Create{Record: org})
	if err != nil {
		return dialect.Response{}, inBody(err)
	}
	made, _ := createdBy(change.Ops, roster.TypeOrganization).(*roster.Organization)
	filled := *made
	filled.Version = 1
	response := show(&filled, r)
	if !isDryRun(r) {
		u := *r.URL
		u.RawQuery = ""
		response.Status = http.StatusCreated
		response.Header = http.Header{"Location": {u.JoinPath(made.Slug).String()}}
	}
	return response, nil
}

// parseOrganization reads an [OrganizationRequest].
func parseOrganization(body []byte) (*roster.Organization, error) {
	if err := isObject(body); err != nil {
		return nil, inBody(err)
	}
	record, err := roster.ParseEntity(roster.TypeOrganization, body)
	if err != nil {
		return nil, inBody(err)
	}
	org := record.(*roster.Organization) //nolint:forcetypeassert // by its type
	for _, member := range []struct {
		name  string
		given bool
	}{
		{"id", !org.ID.IsZero()},
		{"number", org.Number != 0},
		{"created_at", org.CreatedAt != 0},
		{"updated_at", org.UpdatedAt != 0},
	} {
		if member.given {
			return nil, inBody(roster.FieldErrorf(member.name, "is set by the server"))
		}
	}
	if org.Name == "" {
		org.Name = org.Slug
	}
	return org, nil
}

func deleteOrganization(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	if slug := r.String("slug"); r.String("confirm") != slug {
		return dialect.Response{}, roster.FieldErrorf("confirm", "must be the slug of the organization, %s", slug)
	}
	tags, err := ifMatch(r)
	if err != nil {
		return dialect.Response{}, err
	}
	return done(ctx, r, roster.Delete{Type: roster.TypeOrganization, IfMatch: tags})
}

func undeleteOrganization(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	tags, err := ifMatch(r)
	if err != nil {
		return dialect.Response{}, err
	}
	change, err := do(ctx, r, roster.Undelete{Type: roster.TypeOrganization, IfMatch: tags})
	if err != nil {
		return dialect.Response{}, err
	}
	org, _ := change.Ops[0].After.(*roster.Organization)
	filled := *org
	filled.Version = change.Version
	return show(&filled, r), nil
}

// ofInstance makes endpoints ones that instance-wide tokens use on the instance itself where they name no organization.
func ofInstance(list []dialect.Endpoint) []dialect.Endpoint {
	for i := range list {
		list[i].OfInstance = true
	}
	return list
}
