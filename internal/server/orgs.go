package server

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Organizations makes and finds organizations. It is safe for concurrent use.
type Organizations interface {
	// Orgs returns every organization that is there but that of the instance itself, by number, their Versions filled,
	// and DeletedOrgs those that were deleted and can be restored.
	Orgs(ctx context.Context) ([]*roster.Organization, error)
	DeletedOrgs(ctx context.Context) ([]*roster.Organization, error)
	// OrgBySlug returns the organization with a slug, or fails with [roster.NotFound]. That of the instance itself is
	// never found, nor is one that was deleted.
	OrgBySlug(ctx context.Context, slug string) (*roster.Organization, error)
	// MakeOrg makes an organization, with an id and a number of its own unless it has them.
	MakeOrg(ctx context.Context, by roster.Principal, org roster.Organization) (roster.Change, error)
	// RehearseOrg returns the ops of MakeOrg and makes nothing.
	RehearseOrg(ctx context.Context, by roster.Principal, org roster.Organization) ([]roster.Op, error)
}

// cutOrg takes the name of an organization off a path below the dialect's root.
func (m *mount) cutOrg(path string) (slug, rest string) {
	if slug, rest = m.dialect.CutOrg(path); rest == openAPIPath {
		return "", path // the document is that of all organizations
	}
	return slug, rest
}

// enter returns the principal and the view of the organization that a request is about: that which the path names, or
// else the principal's own. What a principal can't reach is as if it did not exist.
func (x *exchange) enter(
	ctx context.Context, p roster.Principal, home dialect.View,
) (roster.Principal, dialect.View, error) {
	slug, isParam := x.path["slug"]
	switch {
	case isParam && slug != x.org: // such as acme:undelete where that is no endpoint
		return p, nil, noSuchOrg()
	case x.org == "" && p.Instance != nil && !x.endpoint.OfInstance:
		return p, nil, roster.Errorf(roster.Forbidden,
			"an instance-wide token must name the organization: %s/orgs/{slug}%s", x.dialect.Mount(), x.endpoint.Path)
	case x.org == "":
		return p, home, nil
	case p.Instance == nil && home.Org().Slug == x.org:
		return p, home, nil
	case p.Instance == nil:
		return p, nil, noSuchOrg()
	case x.Orgs == nil:
		return p, nil, noOrgs()
	}
	org, err := x.named(ctx)
	if err != nil {
		return p, nil, err
	}
	x.lookBack(org.ID)
	view, err := x.Directory.View(ctx, org.ID)
	if roster.CodeOf(err) == roster.NotFound {
		return p, nil, noSuchOrg()
	}
	p.Org = org.ID
	return p, view, err
}

// named returns the organization that the path names, a deleted one only where the endpoint is for those, too.
func (x *exchange) named(ctx context.Context) (*roster.Organization, error) {
	org, err := x.Orgs.OrgBySlug(ctx, x.org)
	if roster.CodeOf(err) != roster.NotFound {
		return org, err
	}
	if !x.endpoint.OfDeleted {
		return nil, noSuchOrg()
	}
	deleted, err := x.Orgs.DeletedOrgs(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range deleted {
		if o.Slug == x.org {
			return o, nil
		}
	}
	return nil, noSuchOrg()
}

// noSuchOrg says the same of organizations that do not exist and of those that are out of reach.
func noSuchOrg() error { return roster.Errorf(roster.NotFound, "there is no such organization") }

func noOrgs() error {
	return roster.Errorf(roster.Unavailable, "this server does not know organizations by their slugs")
}

// reachable are the organizations that a principal can reach.
type reachable struct {
	*Server
	by   roster.Principal
	home dialect.View
}

// List implements [dialect.Organizations].
func (o reachable) List(ctx context.Context) ([]*roster.Organization, error) {
	if o.by.Instance == nil {
		return []*roster.Organization{o.home.Org()}, nil
	}
	if o.Orgs == nil {
		return nil, noOrgs()
	}
	return o.Orgs.Orgs(ctx)
}

// Deleted implements [dialect.Organizations].
func (o reachable) Deleted(ctx context.Context) ([]*roster.Organization, error) {
	if o.Orgs == nil {
		return nil, noOrgs()
	}
	return o.Orgs.DeletedOrgs(ctx)
}

// make makes an organization, or says what would be made.
func (w writing) make(ctx context.Context, o *roster.Organization, dry bool) (roster.Change, error) {
	if w.Orgs == nil {
		return roster.Change{}, readOnly()
	}
	wanted := *o
	if dry {
		ops, err := w.Orgs.RehearseOrg(ctx, w.by, wanted)
		return roster.Change{Ops: ops}, err
	}
	if w.Writer == nil {
		return roster.Change{}, readOnly()
	}
	if once := w.by.Cause.Once; once != nil {
		var err error
		if wanted.ID, err = w.newOrgID(ctx, once); err != nil {
			return roster.Change{}, err
		}
	}
	return w.Orgs.MakeOrg(ctx, w.by, wanted)
}

// newOrgID returns the id of the organization that a request with a key makes: it follows from the key, so that who
// repeats the request is found to have made it. Where the key is used again after its time, it is none.
func (s *Server) newOrgID(ctx context.Context, once *roster.Once) (roster.ID, error) {
	id := keyedID(once)
	_, err := s.Directory.View(ctx, id)
	switch {
	case roster.CodeOf(err) == roster.NotFound:
		return id, nil
	case err != nil:
		return roster.ID{}, err
	}
	err = s.Writer.Repeated(ctx, id, once)
	return roster.ID{}, err
}

// keyedID returns a UUID version 8 that follows from the key of a request.
func keyedID(once *roster.Once) (id roster.ID) {
	copy(id[:], once.Key[:])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id
}

// newOrg returns the organization that commands make, nil where they do something else.
func newOrg(cmds []roster.Command) *roster.Organization {
	if len(cmds) != 1 {
		return nil
	}
	c, _ := cmds[0].(roster.Create)
	made, _ := c.Record.(*roster.Organization)
	return made
}
