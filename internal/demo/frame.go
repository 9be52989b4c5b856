package demo

import (
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
)

// The permission bits that groups and users are granted; see the table of the Kaiten dialect.
const (
	bitMembers     = 1
	bitBilling     = 2
	bitCompany     = 4
	bitSpaces      = 16
	bitCardTypes   = 32
	bitTimesheets  = 64
	bitColleagues  = 128
	bitExport      = 256
	bitTags        = 512
	bitInvite      = 1024
	bitServiceDesk = 2048
	bitActivityLog = 32768
	bitResources   = 65536
	bitCalendars   = 131072
	bitAnalytics   = 262144
	bitRequests    = 524288
)

// The handles of the roles beside the built-in ones.
const (
	roleTeamLead   = "team_lead"
	roleAccountant = "accountant"
)

// Roles returns new copies of the organization's roles: the three built-in ones with numbers 1 to 3, then team_lead,
// which counts as support, and accountant, which counts as read_only.
func (g *Generator) Roles() []*roster.Role {
	roles := []*roster.Role{
		{Handle: roster.RoleAdmin, Name: "Admin"},
		{Handle: roster.RoleSupport, Name: "Support Specialist"},
		{Handle: roster.RoleReadOnly, Name: "Read Only"},
		{Handle: roleTeamLead, Name: "Team Lead", CountsAs: roster.RoleSupport},
		{Handle: roleAccountant, Name: "Accountant", CountsAs: roster.RoleReadOnly},
	}
	d := newDice()
	d.reset(g.seed, streamRoles)
	for i, r := range roles {
		r.ID, r.Number = d.id(founded), int64(i)+1
		r.CreatedAt, r.UpdatedAt = founded, founded
	}
	return roles
}

// Groups returns new copies of the organization's twelve groups, by number from 1.
func (g *Generator) Groups() []*roster.Group {
	groups := make([]*roster.Group, len(g.groups))
	for i, group := range g.groups {
		c := *group
		groups[i] = &c
	}
	return groups
}

func makeGroups(seed uint64) []*roster.Group {
	groups := []*roster.Group{
		{Name: "Everyone"},
		{Name: "Member administration", Permissions: bitMembers | bitInvite},
		{Name: "Finance", Permissions: bitBilling | bitExport},
		{Name: "Company settings", Permissions: bitCompany | bitActivityLog},
		{Name: "Workspace builders", Permissions: bitSpaces | bitCardTypes | bitTags, AddToCardsAndSpacesEnabled: true},
		{Name: "Engineering", Permissions: bitTimesheets, AddToCardsAndSpacesEnabled: true},
		{Name: "Warehouse Rotterdam", Permissions: bitTimesheets | bitCalendars, AddToCardsAndSpacesEnabled: true},
		{Name: "Entrepôt de Lyon", Permissions: bitTimesheets | bitCalendars, AddToCardsAndSpacesEnabled: true},
		{Name: "Customer care", Permissions: bitServiceDesk | bitRequests | bitAnalytics},
		{Name: "Team leads", Permissions: bitColleagues | bitResources | bitTimesheets},
		{Name: "東京オフィス", Permissions: bitTimesheets, AddToCardsAndSpacesEnabled: true},
		{Name: "External auditors", Permissions: bitExport | bitActivityLog},
	}
	d := newDice()
	d.reset(seed, streamGroups)
	for i, group := range groups {
		group.Number = int64(i) + 1
		group.CreatedAt, group.UpdatedAt = d.span(founded)
		group.ID = d.id(group.CreatedAt)
	}
	return groups
}

// Spaces returns new copies of the organization's fifteen spaces, by number from 1. A space comes after the one it lies
// in.
func (g *Generator) Spaces() []*roster.Space {
	spaces := make([]*roster.Space, len(g.spaces))
	for i, s := range g.spaces {
		c := *s
		spaces[i] = &c
	}
	return spaces
}

// plot says what a space is called and where it lies; in is the number of the space above, or 0.
type plot struct {
	title    string
	in       int
	archived bool
	open     bool
}

func plots() []plot {
	return []plot{
		{title: "Company", open: true},
		{title: "Announcements", in: 1, open: true},
		{title: "Policies", in: 1, open: true},
		{title: "Sourcing"},
		{title: "Suppliers Asia", in: 4},
		{title: "Suppliers Europe", in: 4},
		{title: "Fornecedores Brasil", in: 4},
		{title: "Warehouses"},
		{title: "Rotterdam", in: 8},
		{title: "Rotterdam: night shift", in: 9},
		{title: "Lyon", in: 8},
		{title: "Platform"},
		{title: "Integrations", in: 12},
		{title: "Migration 2021", in: 12, archived: true},
		{title: "Финансы"},
	}
}

func makeSpaces(seed uint64) []*roster.Space {
	d := newDice()
	d.reset(seed, streamSpaces)
	everyone := d.id(founded)
	var spaces []*roster.Space
	for i, p := range plots() {
		s := &roster.Space{Number: int64(i) + 1, Title: p.title, Archived: p.archived, Access: "by_invite"}
		s.SortOrder, s.Path = float64(s.Number)+0.5, strconv.Itoa(i+1)
		from := founded
		if p.in > 0 {
			above := spaces[p.in-1]
			s.Parent, s.Path, from = above.ID, above.Path+"."+s.Path, above.CreatedAt
		}
		if p.open {
			s.Access, s.ForEveryoneAccessRole = "for_everyone", everyone
		}
		if i%4 == 3 {
			s.ExternalID = "MSC-" + strconv.Itoa(100+i)
		}
		s.CreatedAt, s.UpdatedAt = d.span(from)
		s.ID = d.id(s.CreatedAt)
		spaces = append(spaces, s)
	}
	return slices.Clip(spaces)
}

// span returns when something was made, within a year after from, and when it was changed last.
func (d *dice) span(from roster.Time) (created, updated roster.Time) {
	created = from.Add(d.within(365 * day))
	return created, created.Add(d.within(since(created, epoch)))
}
