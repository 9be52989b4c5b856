package dialect

import (
	"context"
	"net/url"
	"strings"

	"github.com/roster-dev/roster"
)

// Organizations are those that a principal can reach: an instance-wide token all of them, and any other its own.
type Organizations interface {
	// List returns them by number, their Versions filled.
	List(ctx context.Context) ([]*roster.Organization, error)
	// Deleted returns those that were deleted and can be restored, by number, their Versions filled. It is for
	// instance-wide tokens alone.
	Deleted(ctx context.Context) ([]*roster.Organization, error)
}

// orgsPath is the list of organizations below the root of a dialect of our own.
const orgsPath = "/orgs"

// deletedOrgsPath is the list of those that can be restored.
const deletedOrgsPath = "/deleted-orgs"

// CutOrg takes the name of an organization off a path below the root of a dialect of our own: /orgs/{slug}/users is
// /users of the organization with the slug. What a path names that ends there, or below which there are no
// organizations, stays. It returns "" for a path that names none.
func (d *Dialect) CutOrg(escapedPath string) (slug, rest string) {
	below, ok := strings.CutPrefix(escapedPath, orgsPath+"/")
	if !ok || !d.Own {
		return "", escapedPath
	}
	name, rest, more := strings.Cut(below, "/")
	if !more {
		name, _, _ = strings.Cut(name, ":") // what is to be done with it
	}
	slug, err := url.PathUnescape(name)
	if err != nil || slug == "" {
		return "", escapedPath
	}
	rest = "/" + rest
	if !more || rest == orgsPath || rest == deletedOrgsPath || strings.HasPrefix(rest, orgsPath+"/") {
		return slug, escapedPath
	}
	return slug, rest
}
