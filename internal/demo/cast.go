package demo

import (
	"strings"

	"github.com/roster-dev/roster"
)

// castSize is the number of users who are the same under every seed (but for the signing client's key): those of the
// examples on the seed pages, and two of ours.
const castSize = 8

// Owner returns the id of the organization's owner, the first user, who made the users in the example of d3lay's page.
func Owner() roster.ID { return roster.MustParseID("98d91cd7-860d-4869-937a-5af32eff2f4a") }

func benjaminID() roster.ID { return roster.MustParseID("d4add56e-c345-4ac9-b392-7a890a60559a") }

func floraID() roster.ID { return roster.MustParseID("5b8c9a0e-2f47-4d7e-b0a1-93c6f2d8e417") }

// signingClientID is the API client whose private key [Generator.SigningKey] tells.
func signingClientID() roster.ID { return roster.MustParseID("b7a2f6d4-51c3-4e0a-8a6e-0d9c1e7f4b20") }

// member returns one of the cast, 1 to castSize. What a page shows is on the record exactly as on the page; the pages
// leave the rest open, and hide e-mail addresses.
func (g *Generator) member(number int64) *roster.User {
	var u *roster.User
	switch number {
	case 1:
		u = owner()
	case 2:
		u = benjamin()
	case 3:
		u = john()
	case 4:
		u = joe()
	case 5:
		u = bob()
	case 6:
		u = johnny()
	case 7:
		u = flora()
	default:
		u = signingClient(g.keys()[0].public)
	}
	u.Number = number
	return u
}

func owner() *roster.User {
	u := colleague("Grace", "Holloway")
	u.ID, u.Owner, u.TenantAdmin = Owner(), true, true
	u.Identifier, u.Email, u.Phone = "grace", "grace@example.com", "+44 20 7946 0123"
	u.Description = "Founder and owner of the account"
	u.UserType, u.Role = roster.SaasAdmin, roster.RoleAdmin
	u.OwnPermissions = bitMembers | bitBilling | bitCompany | bitInvite
	u.Groups = []int64{1, 2, 4}
	u.Spaces = []roster.SpaceAccess{{Number: 1, Role: "manager"}, {Number: 12, Role: "manager"}}
	u.DefaultSpace, u.AppsAccess, u.TwoFactor = 1, 5, true
	u.Timezone, u.Theme = "Europe/London", "auto"
	u.LastLoginAt, u.LastSessionAt = at("2026-10-31T07:58:12.004Z"), at("2026-10-31T08:01:40.518Z")
	u.LastActionAt, u.LastRequestAt = at("2026-10-31T17:22:09.731Z"), at("2026-10-31T17:22:10.002Z")
	u.LastRequestMethod, u.NotificationsCheckedAt = "GET", at("2026-10-31T16:40:00.000Z")
	u.MinutesOfActivity = 118204
	u.CreatedAt, u.UpdatedAt, u.UpdatedBy = founded, at("2026-09-14T10:11:12.131Z"), u.ID
	return u
}

// benjamin and john are the users of d3lay's page.
func benjamin() *roster.User {
	u := colleague("Benjamin", "Zhang")
	u.ID = benjaminID()
	u.Identifier, u.Email = "ben", "ben@example.com"
	u.UserType, u.Role = roster.SaasAdmin, roster.RoleAdmin
	u.CreatedAt, u.UpdatedAt = at("2023-05-06T00:00:00Z"), at("2023-05-06T00:00:00Z")
	u.CreatedBy, u.UpdatedBy = Owner(), Owner()
	u.LastLoginAt = at("2026-10-30T01:12:44.120Z")
	return u
}

func john() *roster.User {
	u := colleague("John", "Jiang")
	u.ID = roster.MustParseID("e513d2c8-319e-4bc3-898b-3933ab39b452")
	u.Identifier, u.Email = "john", "john@example.com"
	u.Status, u.UserType, u.Role = roster.Onboarding, roster.SaasUser, roster.RoleReadOnly
	u.CreatedAt, u.UpdatedAt = at("2023-05-06T00:00:00Z"), at("2023-05-06T00:00:00Z")
	u.CreatedBy, u.UpdatedBy = Owner(), Owner()
	return u
}

// joe and bob are the users of sixEye's page.
func joe() *roster.User {
	u := colleague("Joe", "Manager")
	u.ID = roster.MustParseID("465acd55-6e48-4297-839f-bc0f7d70020b")
	u.Identifier, u.Email, u.Phone = "joe.manager", "joe.manager@example.com", "123456789"
	u.UserType, u.Role = roster.SaasUser, roleTeamLead
	u.TwoFactor = true
	u.LastLoginAt, u.LastActionAt = at("2023-03-08T10:18:38.501+00:00"), at("2023-03-16T13:32:26.056+00:00")
	u.CreatedAt, u.UpdatedAt = at("2022-11-21T08:30:00.250Z"), at("2023-03-08T10:20:01.007Z")
	u.CreatedBy, u.UpdatedBy = Owner(), u.ID
	return u
}

func bob() *roster.User {
	u := colleague("Bob", "User")
	u.ID = roster.MustParseID("dfd54e1f-3bce-4322-a935-f98ba97a9201")
	u.Identifier, u.Email, u.Phone = "bob.user", "bob.user@example.com", "+1 234 567 890"
	u.UserType, u.Role = roster.SaasUser, roster.RoleSupport
	u.LastLoginAt, u.LastActionAt = at("2023-03-13T10:37:02.176+00:00"), at("2023-03-14T16:12:51.626+00:00")
	u.CreatedAt, u.UpdatedAt = at("2023-01-16T09:05:30.480Z"), at("2023-03-13T10:36:59.900Z")
	u.CreatedBy, u.UpdatedBy = Owner(), Owner()
	return u
}

// johnny is the API user of Fipto's page, key included.
func johnny() *roster.User {
	return &roster.User{
		ID:             roster.MustParseID("3f0c6a52-8d0e-4c5b-9a44-6f1f6f0f2c11"),
		Identifier:     "johnny",
		Name:           "Johnny Nguyen",
		Kind:           roster.APIClient,
		UserType:       roster.SaasUser,
		AppsAccess:     1,
		Activated:      true,
		WhitelistedIPs: []string{"203.0.113.7"},
		PublicKey:      johnnysKey,
		CreatedAt:      at("2024-02-01T11:45:07.313Z"),
		UpdatedAt:      at("2024-02-01T11:45:07.313Z"),
		CreatedBy:      Owner(),
	}
}

const johnnysKey = "-----BEGIN PUBLIC KEY-----\n" +
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx5ENo5B+OJn92GpUn4qm\n" +
	"i0m5c3scBfoowMLZlSa5q1lnaEfp7eiI1rNemcH8djt7d2T/YzWIsYywmwtzhQjw\n" +
	"CxJtRFGGhTk6oFLgCGClwKi3SRODgZYyLGXgqKYstbODX5LDefY/SIqB4o7T3Asu\n" +
	"d2aYu2pXmeiJYOsHf8S16e1+J2uDgsuPpLc+E4NGZTJ9KcqgV/PuOkqDlFpMSo5l\n" +
	"TF/OBqRtcO8om2wILgPk8GvEqb7xjptwuqEkyvTZE+sKXDffPlwBqkhGLGEMe1vR\n" +
	"nzBptA+DxeSIyxXPRYcAdHEWKKUu8gZeVrUl1QDsv68ubqruVfNrdtujMPrhPqcE\n" +
	"VQIDAQAB\n" +
	"-----END PUBLIC KEY-----\n"

// flora has the times and the role of the example on Flxpoint's page, which names nobody.
func flora() *roster.User {
	shown := at("2026-04-20T00:00:00Z")
	u := colleague("Flora", "Pointer")
	u.ID = floraID()
	u.Identifier, u.Email = "flora.pointer", "flora.pointer@example.com"
	u.UserType, u.Role = roster.SaasAdmin, roster.RoleAdmin
	u.CreatedAt, u.UpdatedAt, u.CreatedBy, u.UpdatedBy = shown, shown, Owner(), Owner()
	u.LastLoginAt, u.LastSessionAt, u.NotificationsCheckedAt = shown, shown, shown
	return u
}

func signingClient(key string) *roster.User {
	return &roster.User{
		ID:          signingClientID(),
		Identifier:  "signing-demo",
		Name:        "Signing demo",
		Description: "Signs the requests of the demo; its key is public knowledge",
		Kind:        roster.APIClient,
		UserType:    roster.SaasUser,
		AppsAccess:  1,
		Activated:   true,
		PublicKey:   key,
		CreatedAt:   at("2026-03-02T09:00:00.000Z"),
		UpdatedAt:   at("2026-03-02T09:00:00.000Z"),
		CreatedBy:   Owner(),
	}
}

// colleague returns an active person with the defaults that a server fills in.
func colleague(first, last string) *roster.User {
	initials := first[:1] + last[:1]
	return &roster.User{
		Name:           first + " " + last,
		FirstName:      first,
		LastName:       last,
		Kind:           roster.Person,
		AppsAccess:     1,
		TakesLicence:   true,
		Activated:      true,
		Avatar:         roster.Avatar{Type: "initials", InitialsURL: initialsURL(strings.ToLower(initials))},
		Initials:       initials,
		Language:       "en",
		Timezone:       "America/New_York",
		Theme:          "light",
		UIVersion:      2,
		EmailFrequency: 2,
	}
}
