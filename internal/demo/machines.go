package demo

import (
	"strconv"

	"github.com/roster-dev/roster"
)

// thing is a user that is nobody: its name, short name and initials.
type thing struct{ name, slug, initials, about string }

var placeholders = [...]thing{
	{"Vacancy: QA engineer", "vacancy-qa-", "VQ", "To be hired; work is planned on this name until then"},
	{"Vacancy: buyer", "vacancy-buyer-", "VB", ""},
	{"Vacancy: accountant", "vacancy-accountant-", "VA", ""},
	{"Night shift", "night-shift-", "NS", "Whoever has the night shift"},
	{"On-call engineer", "on-call-", "OC", "Rota, see the calendar"},
	{"Meeting room", "room-", "MR", ""},
	{"Contractor", "contractor-", "C", "Contractors without an account"},
	{"Склад", "sklad-", "С", ""},
}

var programs = [...]thing{
	{"Billing sync", "api-billing-", "", "Posts invoices to the accounting system every hour"},
	{"Stock level feed", "api-stock-", "", "Reads stock levels"},
	{"Payment initiation", "api-payments-", "", "Initiates supplier payments"},
	{"Order import", "api-orders-", "", ""},
	{"HR export", "api-hr-", "", "Nightly export of people"},
	{"Carrier labels", "api-labels-", "", ""},
	{"Data warehouse loader", "api-warehouse-", "", "Loads the warehouse; owned by the data team"},
	{"Price monitor", "api-prices-", "", ""},
}

// label writes what all things have; names and identifiers end with the number.
func (t thing) label(u *roster.User) {
	number := strconv.FormatInt(u.Number, 10)
	u.Name = t.name + " " + number
	u.Identifier = t.slug + number
	u.Description, u.Initials = t.about, t.initials
	u.UserType = roster.SaasUser
}

func (g *Generator) virtual(d *dice, u *roster.User) {
	t := pick(d, placeholders[:])
	t.label(u)
	u.Kind = roster.Virtual
	u.Avatar = roster.Avatar{Type: "initials", InitialsURL: initialsURL("virtual")}
	if d.percent(10) {
		u.Status = roster.Inactive
	}
	history(d, u)
	g.membership(d, u)
}

func (g *Generator) apiClient(d *dice, u *roster.User) {
	pick(d, programs[:]).label(u)
	u.Kind, u.Activated = roster.APIClient, true
	switch n := d.IntN(20); n {
	case 0:
		u.Status = roster.Suspended
	case 1:
		u.Status = roster.Inactive
	}
	u.PublicKey = g.keys()[1+d.IntN(keyCount-1)].public
	if d.percent(60) {
		u.WhitelistedIPs = pick(d, networks())
	}
	history(d, u)
	if d.percent(80) {
		u.LastRequestAt = d.later(u.CreatedAt)
		u.LastRequestMethod = pick(d, methods[:])
	}
}

// networks are lists of addresses reserved for documentation (RFC 5737, RFC 3849).
func networks() [][]string {
	return [][]string{
		{"192.0.2.10"},
		{"198.51.100.0/24"},
		{"203.0.113.4", "203.0.113.5"},
		{"2001:db8:10::/48", "198.51.100.77"},
	}
}
