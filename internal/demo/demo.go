// Package demo makes up an organization with realistic users, for trying things out, for benchmarks and for tests.
//
// Everything follows from a seed: the same seed gives the same records to the byte, on every machine and on every day,
// and a user does not depend on how many users were asked for. There is no clock: the present is [Epoch], and nothing
// happened after it. The first users are those of the examples on the pages of the APIs that Roster speaks, with the
// ids that stand there.
//
// People and e-mail addresses are invented: names are combined from lists of common ones (names.txt), domains are those
// that RFC 2606 reserves, phone numbers those reserved for films. The package must not know how records are stored or
// shown.
package demo

import (
	"crypto/rsa"
	"iter"
	"sync"
	"time"

	"github.com/roster-dev/roster"
)

// Epoch returns the instant that passes for the present in demo data: 2026-11-01T00:00:00Z. No time is after it.
func Epoch() roster.Time { return epoch }

const (
	epoch   roster.Time = 1793491200000 // 2026-11-01T00:00:00Z
	founded roster.Time = 1551690000000 // 2019-03-04T09:00:00Z, when the organization and its first records were made
)

// Organization returns a new copy of the organization that all demo data belongs to: number 1, slug "demo". Its id is
// that of the company in the example of Fipto's page.
func Organization() *roster.Organization {
	return &roster.Organization{
		ID:        roster.MustParseID("9de0691c-bc8d-409b-8f40-75d4f45db2f3"),
		Number:    1,
		Slug:      "demo",
		Name:      "Meridian Supply Company",
		BrandName: "Meridian",
		CreatedAt: founded,
		UpdatedAt: at("2026-02-17T14:03:22.870Z"),
	}
}

// Generator makes the records of one seed. It is safe for concurrent use.
type Generator struct {
	seed  uint64
	users int

	cultures     []*culture // each as often as its weight says
	descriptions descriptions
	groups       []*roster.Group
	spaces       []*roster.Space
	keys         func() []keyPair // made when first asked for
}

// New returns a generator of an organization with that many users; fewer than 0 counts as 0. Records of different seeds
// have different ids, except for the organization and the users of the pages' examples.
func New(seed uint64, users int) *Generator {
	g := &Generator{
		seed:         seed,
		users:        max(users, 0),
		cultures:     lottery(readCultures(namesText)),
		descriptions: newDescriptions(),
		keys:         sync.OnceValue(func() []keyPair { return makeKeys(seed, primeSteps{}) }),
	}
	if seed == 1 {
		g.keys = firstKeys
	}
	g.groups, g.spaces = makeGroups(seed), makeSpaces(seed)
	return g
}

// Users returns the users in the order of their numbers, which are 1 to the number of users asked for. User 1 owns the
// organization; nobody else does. Each step makes a new user: none is kept, and the caller may change it. The records
// are complete: every default that a server would fill in is filled in, except for the computed permissions. Ids,
// numbers, e-mails and identifiers are unique under [roster.Fold]. The first API client costs the making of the keys,
// see [Generator.SigningKey].
func (g *Generator) Users() iter.Seq[*roster.User] {
	return func(yield func(*roster.User) bool) {
		d := newDice()
		for number := range g.users {
			if !yield(g.user(d, int64(number)+1)) {
				return
			}
		}
	}
}

// Entities returns everything in the order in which others are referred to: the organization, then roles, groups,
// spaces and users. The organization's next free numbers are set.
func (g *Generator) Entities() iter.Seq[roster.Entity] {
	return func(yield func(roster.Entity) bool) {
		for _, e := range g.frame() {
			if !yield(e) {
				return
			}
		}
		for u := range g.Users() {
			if !yield(u) {
				return
			}
		}
	}
}

// frame returns every record that is not a user.
func (g *Generator) frame() []roster.Entity {
	roles, groups, spaces := g.Roles(), g.Groups(), g.Spaces()
	org := Organization()
	org.Next = roster.Numbers{
		Role: int64(len(roles)) + 1, Group: int64(len(groups)) + 1, Space: int64(len(spaces)) + 1,
		User: int64(g.users) + 1,
	}
	frame := []roster.Entity{org}
	for _, r := range roles {
		frame = append(frame, r)
	}
	for _, group := range groups {
		frame = append(frame, group)
	}
	for _, s := range spaces {
		frame = append(frame, s)
	}
	return frame
}

// SigningKey returns the private RSA key of one API client and that client's id, so that a demo can sign requests. The
// client is user 8, has no whitelisted_ips, and is the only one with this key. The first call takes up to a few
// seconds, but for seed 1: it makes the keys of all API clients. The key follows from a public seed: never trust it
// outside of demos and tests.
func (g *Generator) SigningKey() (*rsa.PrivateKey, roster.ID) {
	return g.keys()[0].private, signingClientID()
}

// SigningClient returns a new copy of the API client whose key [Generator.SigningKey] tells, for an organization that
// has too few users to have it.
func (g *Generator) SigningClient() *roster.User { return g.member(castSize) }

// at reads a time that is written in the code.
func at(s string) roster.Time {
	t, err := roster.ParseTime(s)
	if err != nil {
		panic(err)
	}
	return t
}

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)
