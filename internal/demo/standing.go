package demo

import "github.com/roster-dev/roster"

// standing decides what u is in the organization, and what follows from that.
func standing(d *dice, u *roster.User) {
	u.Status = status(d)
	u.External = d.percent(8)
	u.Role = role(d, u.External)
	u.TenantAdmin = u.Role == roster.RoleAdmin && d.percent(60)
	u.UserType = userType(u)
	u.Activated = u.Status != roster.Invited && (u.Status != roster.Onboarding || d.percent(70))
	u.TwoFactor = u.Activated && d.percent(45)
	u.AppsAccess = apps(d, u.External)
	u.TakesLicence = u.Status != roster.Deactivated && u.AppsAccess&1 != 0
	if d.percent(6) {
		u.OwnPermissions = pick(d, masks[:])
	}
}

var masks = [...]int64{
	bitMembers, bitMembers | bitInvite, bitBilling, bitExport, bitTags | bitCardTypes, bitSpaces, bitActivityLog,
	bitServiceDesk | bitRequests, bitCalendars | bitResources, bitTimesheets | bitColleagues,
}

func status(d *dice) roster.Status {
	switch n := d.IntN(100); {
	case n < 76:
		return roster.Active
	case n < 81:
		return roster.Invited
	case n < 85:
		return roster.Onboarding
	case n < 90:
		return roster.Inactive
	case n < 92:
		return roster.Suspended
	case n < 94:
		return roster.Risky
	default:
		return roster.Deactivated
	}
}

func role(d *dice, external bool) string {
	n := d.IntN(100)
	switch {
	case external && n < 70:
		return roster.RoleReadOnly
	case external:
		return ""
	case n < 6:
		return roster.RoleAdmin
	case n < 45:
		return roster.RoleSupport
	case n < 78:
		return roster.RoleReadOnly
	case n < 88:
		return roleTeamLead
	case n < 93:
		return roleAccountant
	default:
		return ""
	}
}

// userType returns the type that a user has who was given none.
func userType(u *roster.User) roster.UserType {
	switch {
	case u.Owner || u.Role == roster.RoleAdmin:
		return roster.SaasAdmin
	case u.External:
		return roster.SaasUserClient
	default:
		return roster.SaasUser
	}
}

func apps(d *dice, external bool) int64 {
	if external {
		return pick(d, []int64{2, 2, 2, 6, 4})
	}
	switch n := d.IntN(100); {
	case n < 72:
		return 1
	case n < 90:
		return 5
	case n < 96:
		return 4
	default:
		return 0
	}
}

// troubles are what befalls few users.
func troubles(d *dice, u *roster.User) {
	u.Locked = d.percent(3)
	u.TemporarilyInactive = u.Status == roster.Active && d.percent(4)
	if d.percent(3) {
		u.EmailBlockedAt = d.later(u.CreatedAt)
		u.EmailBlockedReason = pick(d, blockedReasons[:])
	}
	if d.percent(3) {
		u.DeleteRequestedAt = d.later(u.CreatedAt)
	}
	if d.percent(2) || u.Status == roster.Deactivated && d.percent(40) {
		started := d.later(u.CreatedAt)
		u.AccessTransfer = roster.AccessTransfer{
			Status:    pick(d, transferStatuses[:]),
			CreatedAt: started,
			UpdatedAt: started.Add(d.within(min(hour, since(started, epoch)))),
		}
	}
}

var (
	blockedReasons   = [...]string{"hard bounce", "mailbox full", "marked as spam", "domain not found"}
	transferStatuses = [...]string{"pending", "in_progress", "done", "done", "failed"}
)

// later returns an instant between t and the present.
func (d *dice) later(t roster.Time) roster.Time { return t.Add(d.within(since(t, epoch))) }

// membership puts u into groups and spaces.
func (g *Generator) membership(d *dice, u *roster.User) {
	u.Groups = groups(d, len(g.groups))
	u.Spaces = spaces(d, len(g.spaces))
	if len(u.Spaces) > 0 && d.percent(50) {
		u.DefaultSpace = pick(d, u.Spaces).Number
	}
}

// groups returns a few numbers of count groups, ascending. The groups after the first that grant most are rare.
func groups(d *dice, count int) []int64 {
	set := d.Uint64() & d.Uint64() & d.Uint64()
	if !d.percent(15) {
		set &^= 1<<1 | 1<<2 | 1<<3
	}
	var numbers []int64
	for i := range count {
		if set>>i&1 != 0 {
			numbers = append(numbers, int64(i)+1)
		}
	}
	return numbers
}

// spaces returns access to a few of count spaces, by number ascending.
func spaces(d *dice, count int) []roster.SpaceAccess {
	set := d.Uint64() & d.Uint64() & d.Uint64()
	var access []roster.SpaceAccess
	for i := range count {
		if set>>i&1 != 0 {
			access = append(access, roster.SpaceAccess{Number: int64(i) + 1, Role: pick(d, spaceRoles[:])})
		}
	}
	return access
}

var spaceRoles = [...]string{"reader", "writer", "writer", "manager"}
