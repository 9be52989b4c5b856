package isolation

import (
	"net/http"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

// orgPath is what stands before a path that names the organization.
const orgPath = "/orgs/{slug}"

// canName reports whether a path can also be asked for below the name of an organization.
func (s *site) canName(path string) bool {
	return s.dialect.Own && !strings.HasPrefix(path, "/orgs") && path != "/deleted-orgs"
}

// isForInstance reports whether the endpoint refuses the tokens of organizations, whatever they may do.
func (s *site) isForInstance() bool {
	p := roster.Principal{Kind: s.kind(), Permissions: roster.Permissions{roster.Everything}}
	return s.dialect.Own && s.endpoint.Allow != nil && s.endpoint.Allow(p, nil) != nil
}

// foreign returns what there is to ask for that is not all one's own: the ids of others, and below the name of an
// organization those of one with the name of the other.
func foreign(path string, own, others known) []known {
	if !strings.Contains(path, "{") {
		return nil
	}
	if !strings.HasPrefix(path, orgPath) || !strings.Contains(strings.TrimPrefix(path, orgPath), "{") {
		return []known{others}
	}
	named, mine := others, own
	named.slug, mine.slug = own.slug, others.slug
	return []known{others, named, mine}
}

// testNamed holds the tokens of organizations to their own below the names of organizations.
func testNamed(t *testing.T, s *site) {
	t.Helper()
	token := roster.Token{Kind: s.kind(), Permissions: roster.Permissions{roster.Everything}}
	for _, path := range s.endpoint.Paths() {
		if s.canName(path) {
			s.testOthers(t, orgPath+path,
				s.withToken(t, dialecttest.Company, token, ""), s.withToken(t, dialecttest.Other, token, ""))
			s.testNoCredential(t, orgPath+path)
		}
	}
}

// testInstance holds instance-wide tokens to what they are for: they reach every organization that the path names, as
// far as their permissions go, and nothing by the dialects of vendors.
func testInstance(t *testing.T, s *site) {
	t.Helper()
	if s.scheme.Kind == dialect.HTTPSignature || s.endpoint.Public {
		return
	}
	all := roster.Token{Kind: s.kind(), Permissions: roster.Permissions{roster.Everything}}
	for _, path := range s.endpoint.Paths() {
		if !s.dialect.Own {
			for _, target := range s.targets(path, s.company) {
				got := s.send(t, target, s.withToken(t, roster.InstanceID(), all, ""))
				s.refused(t, "an instance-wide token at "+target, roster.Unauthenticated, got)
			}
			continue
		}
		if s.canName(path) {
			s.testUnnamed(t, path, s.withToken(t, roster.InstanceID(), all, ""))
			path = orgPath + path
		}
		s.testInstanceAt(t, path)
	}
}

// testUnnamed asks for a path that names no organization.
func (s *site) testUnnamed(t *testing.T, path string, by func(*http.Request)) {
	t.Helper()
	for _, target := range s.targets(path, s.company) {
		got, what := s.send(t, target, by), "an instance-wide token at "+target
		if s.endpoint.OfInstance {
			s.notRefused(t, what, got)
		} else {
			s.refused(t, what, roster.Forbidden, got)
		}
		s.keeps(t, what, got, s.company)
	}
}

// testInstanceAt asks for a path that names an organization, if any, with every set of permissions, of which those that
// may change the world come last.
func (s *site) testInstanceAt(t *testing.T, path string) {
	t.Helper()
	for _, p := range append(s.permissionSets(), roster.Permissions{roster.Everything}) {
		token := roster.Token{Kind: s.kind(), Permissions: p}
		code := s.permitted(t, roster.Principal{
			Org: dialecttest.Company, Kind: s.kind(), Permissions: p, Instance: &token,
		})
		if code == "" && s.writes() && !p.Has(roster.Everything) {
			continue
		}
		by := s.withToken(t, roster.InstanceID(), token, "")
		for _, ids := range []known{s.company, s.other} {
			s.testCrossing(t, path, ids, code, by)
		}
	}
}

// testCrossing asks an organization for all that it knows with an instance-wide token, which is refused with a code, or
// finds something where that is "".
func (s *site) testCrossing(t *testing.T, path string, ids known, code roster.Code, by func(*http.Request)) {
	t.Helper()
	found := code != "" || s.writes()
	for _, target := range s.targets(path, ids) {
		got, what := s.send(t, target, by), "an instance-wide token at "+target
		if code != "" {
			s.refused(t, what, code, got)
			continue
		}
		s.notRefused(t, what, got)
		found = found || got.Code != http.StatusNotFound
	}
	if !found {
		t.Errorf("%s: an instance-wide token finds nothing in %s", path, ids.slug)
	}
}
