package demo

import (
	"strconv"

	"github.com/roster-dev/roster"
)

// user makes the user with a number, from 1. Everything that must be unique ends with the number after something that
// is not a digit; the cast's addresses and identifiers end with a letter.
func (g *Generator) user(d *dice, number int64) *roster.User {
	if number <= castSize {
		return g.member(number)
	}
	d.reset(g.seed, uint64(number))
	u := &roster.User{Number: number, AppsAccess: 1}
	switch n := d.IntN(100); {
	case n < 4:
		g.apiClient(d, u)
	case n < 8:
		g.virtual(d, u)
	default:
		g.person(d, u)
	}
	return u
}

func (g *Generator) person(d *dice, u *roster.User) {
	u.Kind, u.TakesLicence = roster.Person, true
	c := pick(d, g.cultures)
	name(d, u, c)
	standing(d, u)
	history(d, u)
	reach(d, u, c)
	troubles(d, u)
	if d.percent(40) {
		u.Description = g.descriptions.pick(d, c.language)
	}
	if u.Activated {
		activity(d, u)
		settings(d, u)
	}
	g.membership(d, u)
}

// name gives u a name, and the e-mail address, identifier and initials that follow from it.
func name(d *dice, u *roster.User, c *culture) {
	who := sex(d.IntN(int(sexes)))
	given, family := pick(d, c.given[who]), word{}
	if !d.percent(3) {
		family = pick(d, c.family[who])
	}
	u.FirstName, u.LastName = given.text, family.text
	u.Name = c.full(given, family)
	u.Initials = given.initial + family.initial
	if c.order != "given" {
		u.Initials = family.initial + given.initial
	}
	u.Email, u.Identifier = address(d, u.Number, given.latin, family.latin)
	u.Avatar = avatar(d, u.Number, given.latin, family.latin)
	u.Language = c.language
}

// address returns an e-mail address whose local part, the identifier, ends with the number.
func address(d *dice, number int64, given, family string) (email, identifier string) {
	b := make([]byte, 0, 64)
	switch style := d.IntN(10); {
	case family == "":
		b = append(b, given...)
	case style < 5:
		b = append(append(append(b, given...), '.'), family...)
	case style < 7:
		b = append(append(append(b, given[0]), '.'), family...)
	case style < 9:
		b = append(append(b, given...), family...)
	default:
		b = append(append(append(b, family...), '_'), given...)
	}
	b = strconv.AppendInt(b, number, 10)
	local := len(b)
	b = append(append(b, '@'), pick(d, domains[:])...)
	email = string(b)
	return email, email[:local]
}

// domains are reserved for examples (RFC 2606, section 3).
var domains = [...]string{
	"example.com", "example.com", "example.com", "example.org", "example.net",
	"mail.example.com", "eu.example.com", "partners.example.org",
}

func avatar(d *dice, number int64, given, family string) roster.Avatar {
	a := roster.Avatar{Type: "initials", InitialsURL: initialsURL(given[:1] + family[:min(1, len(family))])}
	switch n := d.IntN(10); {
	case n < 3:
		a.Type = "uploaded"
		a.UploadedURL = "https://avatars.example.com/uploads/" + strconv.FormatInt(number, 10) + ".jpg"
	case n < 5:
		a.Type = "gravatar"
	}
	return a
}

func initialsURL(initials string) string {
	return "https://avatars.example.com/initials/" + initials + ".svg"
}

// reach says where u lives and how to call there.
func reach(d *dice, u *roster.User, c *culture) {
	u.Timezone = pick(d, c.zones)
	if d.percent(10) {
		u.Language = "en"
	}
	if d.percent(55) {
		u.Phone = phone(d)
	}
}

// phone returns a number that is reserved for films and books, by the regulators of the USA, the United Kingdom,
// France, Germany and Sweden.
func phone(d *dice) string {
	ranges := [...]struct {
		prefix      string
		first, size int
	}{
		{"+1 202 555 0", 100, 100},
		{"+1 415 555 0", 100, 100},
		{"+44 7700 900", 100, 900},
		{"+44 20 7946 0", 100, 900},
		{"+33 1 99 00 ", 1000, 9000},
		{"+49 30 23125 ", 100, 900},
		{"+46 70 1740 ", 605, 95},
	}
	r := ranges[d.IntN(len(ranges))]
	return r.prefix + strconv.Itoa(r.first+d.IntN(r.size))
}
