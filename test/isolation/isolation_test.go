// Package isolation holds every endpoint of every dialect to its own table: who may ask is decided as the table says, and nobody
// sees or changes anything of another organization. A new endpoint is covered as soon as it stands in a table.
package isolation

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
)

func TestIsolation(t *testing.T) {
	for _, d := range all.Dialects() {
		for _, contract := range contracts(d) {
			for i := range d.Endpoints {
				t.Run(fmt.Sprintf("%s/%s/%s", d.Name, contract, d.Endpoints[i].ID), func(t *testing.T) {
					t.Parallel()
					s := &site{world: newWorld(t, d, contract), endpoint: &d.Endpoints[i]}
					for _, s.scheme = range d.Schemes {
						testEndpoint(t, s)
						testInstance(t, s.afresh(t))
						testNamed(t, s.afresh(t))
					}
				})
			}
		}
	}
}

// contracts are those that an organization can choose for a dialect. Our own API has one, which nothing in its table
// differs from.
func contracts(d *dialect.Dialect) []roster.Contract {
	if d.Own {
		return []roster.Contract{roster.Documented}
	}
	return []roster.Contract{roster.Documented, roster.Live}
}

// TestOwnDialectsHaveOneContract holds what contracts says.
func TestOwnDialectsHaveOneContract(t *testing.T) {
	for _, d := range all.Dialects() {
		for i := range d.Endpoints {
			for _, r := range d.Endpoints[i].Returns {
				if d.Own && r.Contract != "" {
					t.Errorf("%s answers %d only where the contract is %s", d.Endpoints[i].ID, r.Status, r.Contract)
				}
			}
		}
	}
}

// site is an endpoint as one kind of credential reaches it.
type site struct {
	*world

	endpoint *dialect.Endpoint
	scheme   dialect.Scheme
}

// afresh returns the site in a world that nothing was done to. Where the endpoint only reads, nothing was.
func (s *site) afresh(t *testing.T) *site {
	t.Helper()
	next := *s
	if s.writes() {
		next.world = newWorld(t, s.dialect, s.contract)
	}
	return &next
}

func testEndpoint(t *testing.T, s *site) {
	t.Helper()
	for _, path := range s.endpoint.Paths() {
		if s.scheme.Kind == dialect.HTTPSignature {
			s.testSigners(t, path)
		} else {
			s.testTokens(t, path)
		}
		s.testNoCredential(t, path)
	}
}

// testTokens goes from what must be refused to what is allowed, which may change the world.
func (s *site) testTokens(t *testing.T, path string) {
	t.Helper()
	for _, c := range s.refusedTokens() {
		for _, ids := range []known{s.company, s.other} {
			for _, target := range s.targets(path, ids) {
				s.refused(t, c.name+" at "+target, c.code, s.send(t, target, s.withToken(t, dialecttest.Company, c.token, c.from)))
			}
		}
	}
	for _, kind := range roster.TokenKinds() {
		for _, p := range s.permissionSets() {
			token := roster.Token{Kind: kind, Permissions: p, ActsAs: s.actor(t, s.company)}
			principal := roster.Principal{Org: dialecttest.Company, Kind: kind, Permissions: p, ActsAs: token.ActsAs}
			for _, target := range s.targets(path, s.company) {
				name := fmt.Sprintf("a %s token with %v at %s", kind, p, target)
				code := s.permitted(t, principal)
				if code == "" && s.writes() {
					continue // what may change the world comes last
				}
				got := s.send(t, target, s.withToken(t, dialecttest.Company, token, ""))
				if code == "" {
					s.notRefused(t, name, got)
				} else {
					s.refused(t, name, code, got)
				}
			}
		}
	}
	token := func(k known) func(*http.Request) {
		return s.withToken(t, k.org, roster.Token{
			Kind: s.kind(), Permissions: roster.Permissions{roster.Everything}, ActsAs: s.actor(t, k),
		}, "")
	}
	s.testOthers(t, path, token(s.company), token(s.other))
}

// testSigners does for API clients what testTokens does for tokens.
func (s *site) testSigners(t *testing.T, path string) {
	t.Helper()
	for _, c := range []struct {
		name string
		sign signer
		code roster.Code
	}{
		{"a client of another address", signer{org: dialecttest.Company, user: "away"}, roster.Forbidden},
		{"a deactivated client", signer{org: dialecttest.Company, user: "gone"}, roster.Unauthenticated},
		{"a locked client", signer{org: dialecttest.Company, user: "locked"}, roster.Unauthenticated},
		{"a person", signer{org: dialecttest.Company, user: "person"}, roster.Unauthenticated},
		{"nobody", signer{org: dialecttest.Company, user: "nobody"}, roster.Unauthenticated},
		{"another's key", signer{org: dialecttest.Company, user: "client", key: "other"}, roster.Unauthenticated},
	} {
		for _, ids := range []known{s.company, s.other} {
			for _, target := range s.targets(path, ids) {
				s.refused(t, c.name+" at "+target, c.code, s.send(t, target, s.withSignature(t, c.sign)))
			}
		}
	}
	s.testOthers(t, path, s.withSignature(t, signer{org: dialecttest.Company, user: "client"}),
		s.withSignature(t, signer{org: dialecttest.Other, user: "client"}))
}

// testOthers holds two principals, one of each organization, to their own organizations. Both may use the endpoint.
func (s *site) testOthers(t *testing.T, path string, company, other func(*http.Request)) {
	t.Helper()
	for _, side := range []struct {
		name        string
		by          func(*http.Request)
		own, others known
		changed     *bool // whether the others' organization did
	}{
		{"another's", other, s.other, s.company, &s.companyChanged},
		{"an own", company, s.company, s.other, &s.otherChanged},
	} {
		for _, ids := range foreign(path, side.own, side.others) {
			for i, target := range s.targets(path, ids) {
				got := s.send(t, target, side.by)
				what := side.name + " credential at " + target
				if *side.changed {
					t.Errorf("%s changed another organization", what)
				}
				s.keeps(t, what, got, side.others)
				none := nothing()
				if ids.slug == side.own.slug {
					none.slug = ids.slug
				}
				if nobodys := s.targets(path, none)[i]; nobodys != target {
					s.unknown(t, what, got, s.send(t, nobodys, side.by))
				}
			}
		}
		s.testOwn(t, path, side.by, side.own, side.others)
	}
}

// testOwn holds a principal to what it may do in its own organization.
func (s *site) testOwn(t *testing.T, path string, by func(*http.Request), own, others known) {
	t.Helper()
	found, changed := s.isForInstance(), false
	onlyTwin := known{org: own.org, slug: own.slug, users: map[string]roster.ID{"person": twin()}}
	for _, target := range append(s.targets(path, own), s.targets(path, onlyTwin)[0]) {
		got := s.send(t, target, by)
		what := "a credential of " + own.slug + " at " + target
		if s.isForInstance() {
			s.refused(t, what, roster.Forbidden, got)
		} else {
			s.notRefused(t, what, got)
		}
		s.keeps(t, what, got, others)
		found = found || got.Code != http.StatusNotFound
		changed = changed || own.org == s.company.org && s.otherChanged || own.org == s.other.org && s.companyChanged
	}
	if !found {
		t.Errorf("%s: a credential of %s finds nothing under the ids of its own organization", path, own.slug)
	}
	if changed {
		t.Errorf("%s: a credential of %s changed another organization", path, own.slug)
	}
}

func (s *site) testNoCredential(t *testing.T, path string) {
	t.Helper()
	for _, ids := range []known{s.company, s.other} {
		for _, target := range s.targets(path, ids) {
			got := s.send(t, target, func(*http.Request) {})
			s.refused(t, "no credential at "+target, roster.Unauthenticated, got)
		}
	}
}

type refusal struct {
	name  string
	token roster.Token
	from  string
	code  roster.Code
}

// refusedTokens are tokens that count nowhere, whatever they may do.
func (s *site) refusedTokens() []refusal {
	now := roster.TimeOf(dialecttest.Now())
	token := func(change func(*roster.Token)) roster.Token {
		t := roster.Token{Kind: s.kind(), Permissions: roster.Permissions{roster.Everything}}
		change(&t)
		return t
	}
	return []refusal{
		{"a revoked token", token(func(t *roster.Token) { t.RevokedAt = now }), "", roster.Unauthenticated},
		{"an expired token", token(func(t *roster.Token) { t.ExpiresAt = now }), "", roster.Unauthenticated},
		{"an unknown token", token(func(t *roster.Token) { t.Name = "unknown" }), "", roster.Unauthenticated},
		{"a mistyped token", token(func(t *roster.Token) { t.Name = "mistyped" }), "", roster.Unauthenticated},
		{
			"a token of another dialect", token(func(t *roster.Token) { t.Dialects = []string{"none"} }), "",
			roster.Unauthenticated,
		},
		{
			"a token of another address", token(func(t *roster.Token) { t.AllowedIPs = []string{"203.0.113.0/24"} }), "",
			roster.Forbidden,
		},
		{
			"a token of who was deactivated", token(func(t *roster.Token) { t.ActsAs = s.company.users["gone"] }), "",
			roster.Unauthenticated,
		},
	}
}

// permissionSets are no permission at all, each one alone, and all but what the endpoint needs.
func (s *site) permissionSets() []roster.Permissions {
	sets, lacking := []roster.Permissions{nil}, roster.Permissions{}
	for _, p := range roster.AllPermissions() {
		alone := roster.Permissions{p}
		sets = append(sets, alone)
		if !alone.Has(s.endpoint.Needs) {
			lacking = append(lacking, p)
		}
	}
	return append(sets, lacking)
}

// permitted returns the code with which the table refuses a principal, "" where it does not.
func (s *site) permitted(t *testing.T, p roster.Principal) roster.Code {
	t.Helper()
	view, err := s.Service.View(t.Context(), p.Org)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case len(s.endpoint.Kinds) > 0 && !slices.Contains(s.endpoint.Kinds, p.Kind):
		return roster.WrongTokenKind
	case !p.Permissions.Has(s.endpoint.Needs):
		return roster.Forbidden
	case s.endpoint.Allow != nil:
		return roster.CodeOf(s.endpoint.Allow(p, view))
	default:
		return ""
	}
}

// actor is whom tokens act as: the person where the endpoint refuses every token that acts as nobody, and else nobody.
func (s *site) actor(t *testing.T, k known) roster.ID {
	t.Helper()
	p := roster.Principal{Org: k.org, Kind: s.kind(), Permissions: roster.Permissions{roster.Everything}}
	if s.permitted(t, p) == "" {
		return roster.ID{}
	}
	return k.users["person"]
}

func (s *site) kind() roster.TokenKind {
	if len(s.endpoint.Kinds) > 0 {
		return s.endpoint.Kinds[0]
	}
	return roster.TokenAccount
}

func (s *site) writes() bool { return s.endpoint.Method != http.MethodGet }

func (s *site) hasParams(path string) bool { return strings.Contains(path, "{") }
