package index

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// world makes random organizations, changes and queries, and keeps the plain form of what a view must show.
type world struct {
	rnd    *rand.Rand
	org    *roster.Organization
	users  map[roster.ID]*roster.User
	groups map[roster.ID]*roster.Group
	sorted []*roster.User // users by id; nil after a change
	serial int64
	at     roster.Version
}

func newWorld(seed uint64) *world {
	w := &world{rnd: rand.New(rand.NewPCG(seed, 1)), users: map[roster.ID]*roster.User{}, groups: map[roster.ID]*roster.Group{}}
	w.org = &roster.Organization{ID: w.id(), Number: 1, Slug: "acme"}
	for range 6 {
		g := w.group()
		w.groups[g.ID] = g
	}
	return w
}

func (w *world) id() roster.ID {
	var id roster.ID
	for i := range id {
		id[i] = byte(w.rnd.Uint32())
	}
	id[0] = byte(w.rnd.IntN(3)) // shared prefixes
	return id
}

func pick[T any](w *world, from ...T) T { return from[w.rnd.IntN(len(from))] }

func (w *world) often(percent int) bool { return w.rnd.IntN(100) < percent }

func (w *world) group() *roster.Group {
	w.serial++
	return &roster.Group{ID: w.id(), Number: 1 + int64(w.rnd.IntN(3)) + w.serial*3, Name: "g", Permissions: w.mask()}
}

func (w *world) mask() int64 {
	switch {
	case w.often(40):
		return 0
	case w.often(2):
		return -1 << 63
	default:
		return int64(w.rnd.IntN(64) & w.rnd.IntN(64))
	}
}

func (w *world) time() roster.Time {
	if w.often(30) {
		return 0
	}
	return roster.Time(w.rnd.IntN(40)-5) * 1000
}

func (w *world) name() string {
	if w.often(5) {
		return ""
	}
	first := pick(w, "Anna", "anna", "Émile", "Emile", "ÅSA", "Борис", "Jean-Luc", "Straße", "Ann", "ﬁn", "O'Neil", "Maria", "Marai", "Alexander", "Aleksander")
	if w.often(20) {
		return first
	}
	return first + " " + pick(w, "Smith", "Smyth", "smith", "Łuk", "van der Berg", "Ng", "Иванов", "Schmidt", "Schmitt", "Müller")
}

var someRoles = []string{"", "admin", "support", "read_only", "Admin", "Ünal"}

// user fills a user at random; identifier and e-mail stay unique through the serial number.
func (w *world) user(id roster.ID) *roster.User {
	w.serial++
	n := w.serial
	tag := fmt.Sprint(n)
	if w.often(50) {
		tag = fmt.Sprintf("%c%d", pick(w, 'a', 'B', 'é', 'c'), n)
	}
	u := &roster.User{
		ID: id, Number: n, Identifier: pick(w, "user", "User", "anna.smith", "é") + tag, Name: w.name(),
		Kind: roster.Kind(w.rnd.IntN(3)), Status: roster.Status(w.rnd.IntN(7)), UserType: roster.UserType(1 + w.rnd.IntN(3)),
		TenantAdmin: w.often(10), Role: pick(w, someRoles...), OwnPermissions: w.mask(),
		AppsAccess: pick[int64](w, 0, 1, 1, 2, 4, 5, 6, 300), TakesLicence: w.often(70), Activated: w.often(50),
		External: w.often(20), Locked: w.often(3), TwoFactor: w.often(30), TelegramSDBot: w.often(1),
		LastLoginAt: w.time(), LastActionAt: w.time(), CreatedAt: w.time(), UpdatedAt: w.time(), EmailBlockedAt: w.time(),
	}
	if w.often(80) {
		u.Email = pick(w, "anna.smith", "info", "Info", "x") + tag + "@" + pick(w, "example.com", "EXAMPLE.com", "exämple.org")
	}
	if w.often(30) {
		u.Description = pick(w, "works in sales", "Café at the corner", "a", "лучший", strings.Repeat("long ", 40))
	}
	w.fillRare(u)
	return u
}

func (w *world) fillRare(u *roster.User) {
	if w.often(30) {
		u.Phone, u.FirstName, u.Initials = pick(w, "+1 555", "+49"), pick(w, "Anna", "É"), pick(w, "AS", "as")
		u.WhitelistedIPs, u.NotificationChannels = []string{"10.0.0.0/8", ""}, []string{"mail"}
		u.PersonalSettings, u.Slack.Settings = `{"a":1}`, roster.Object(`{"b":"`+strings.Repeat("x", 300)+`"}`)
		u.Avatar, u.Source = roster.Avatar{Type: "initials"}, roster.Source{System: "crm", ExternalID: "7"}
		u.AccessTransfer = roster.AccessTransfer{Status: "done", CreatedAt: w.time()}
		u.UIVersion, u.DefaultSpace, u.MinutesOfActivity = int64(w.rnd.IntN(3)), int64(w.rnd.IntN(3)), int64(w.rnd.IntN(9))
	}
	for _, by := range []*roster.ID{&u.CreatedBy, &u.UpdatedBy} {
		if w.often(70) {
			*by = roster.ID{1, byte(w.rnd.IntN(3))}
		}
	}
	for _, g := range w.sortedGroups() {
		if w.often(15) {
			u.Groups = append(u.Groups, g.Number)
		}
	}
	if w.often(5) {
		u.Groups = append(u.Groups, 1<<40) // a group that does not exist
	}
	for n := range int64(4) {
		if w.often(10) {
			u.Spaces = append(u.Spaces, roster.SpaceAccess{Number: n, Role: pick(w, "reader", "writer", "")})
		}
	}
}

func (w *world) sortedGroups() []*roster.Group {
	return slices.SortedFunc(maps.Values(w.groups), func(a, b *roster.Group) int { return int(a.Number - b.Number) })
}

func (w *world) sortedUsers() []*roster.User {
	if w.sorted == nil {
		w.sorted = slices.SortedFunc(maps.Values(w.users), func(a, b *roster.User) int { return a.ID.Compare(b.ID) })
	}
	return w.sorted
}

// reference returns the users as a view must show them.
func (w *world) reference() []*roster.User {
	masks := map[int64]int64{}
	for _, g := range w.groups {
		masks[g.Number] |= g.Permissions
	}
	var all []*roster.User
	for _, u := range w.sortedUsers() {
		c := *u
		c.Permissions = c.OwnPermissions
		for _, g := range c.Groups {
			c.Permissions |= masks[g]
		}
		all = append(all, &c)
	}
	return all
}

// view builds the view of the world from scratch.
func (w *world) view(o options) *View {
	b := newBuilder(o)
	b.Add(w.org)
	for _, g := range w.groups {
		b.Add(g)
	}
	users := slices.Clone(w.sortedUsers())
	if w.often(50) {
		slices.SortFunc(users, func(a, b *roster.User) int { return int(a.Number - b.Number) })
	}
	for _, u := range users {
		b.Add(u)
	}
	return b.View(w.at)
}

// change makes a random change and remembers it.
func (w *world) change(ops int) roster.Change {
	w.at++
	c := roster.Change{Org: w.org.ID, Version: w.at}
	for range ops {
		c.Ops = append(c.Ops, w.op())
	}
	return c
}

func (w *world) op() roster.Op {
	users := w.sortedUsers()
	w.sorted = nil
	switch n := w.rnd.IntN(100); {
	case n < 35 || len(users) == 0:
		u := w.user(w.id())
		w.users[u.ID] = u
		return roster.Op{After: u}
	case n < 70:
		before := pick(w, users...)
		after := w.changed(before)
		w.users[after.ID] = after
		return roster.Op{Before: before, After: after}
	case n < 90:
		before := pick(w, users...)
		delete(w.users, before.ID)
		return roster.Op{Before: before}
	default:
		return w.groupOp()
	}
}

func (w *world) changed(before *roster.User) *roster.User {
	after := *before
	switch w.rnd.IntN(5) {
	case 0:
		return w.user(before.ID)
	case 1:
		after.LastLoginAt = w.time()
	case 2:
		after.Status = roster.Status(w.rnd.IntN(7))
	case 3:
		after.Name = w.name()
	default:
		after.Groups, after.Spaces = nil, nil
		w.fillRare(&after)
	}
	return &after
}

func (w *world) groupOp() roster.Op {
	groups := w.sortedGroups()
	if len(groups) == 0 || w.often(30) {
		g := w.group()
		w.groups[g.ID] = g
		return roster.Op{After: g}
	}
	before := pick(w, groups...)
	if w.often(30) {
		delete(w.groups, before.ID)
		return roster.Op{Before: before}
	}
	after := *before
	after.Permissions = w.mask()
	w.groups[after.ID] = &after
	return roster.Op{Before: before, After: &after}
}

// query makes a random query over what is in the world.
func (w *world) query() roster.Query {
	q := roster.Query{Offset: pick(w, 0, 0, 1, 5, w.rnd.IntN(1+len(w.users)+5)), Limit: pick(w, 0, 1, 3, 10, 100)}
	if w.often(75) {
		q.Where = w.expr(3)
	}
	if w.often(25) {
		q.Search = roster.Search{Text: w.needle(), Fuzzy: w.often(60)}
		for _, f := range searched() {
			if w.often(60) {
				q.Search.Fields = append(q.Search.Fields, f)
			}
		}
	}
	for range pick(w, 0, 1, 1, 2, 3) {
		q.Sort = append(q.Sort, w.sort())
	}
	return q
}

// facets returns some fields whose values can be counted.
func (w *world) facets() []roster.Field {
	var some []roster.Field
	for _, f := range w.fields(func(i *roster.FieldInfo) bool { return i.Field.Facetable() }) {
		if w.often(30) {
			some = append(some, f)
		}
	}
	return some
}

func (w *world) fields(want func(*roster.FieldInfo) bool) []roster.Field {
	var out []roster.Field
	for _, info := range roster.Fields() {
		if want(&info) {
			out = append(out, info.Field)
		}
	}
	return out
}

func (w *world) sort() roster.Sort {
	s := roster.Sort{
		Field: pick(w, w.fields(func(i *roster.FieldInfo) bool { return i.Sortable })...),
		Desc:  w.often(50),
	}
	if n := len(s.Field.Info().Enum); n > 0 && w.often(50) {
		for range n {
			s.Ranks = append(s.Ranks, int64(w.rnd.IntN(4)))
		}
	}
	return s
}

func (w *world) needle() string {
	text := pick(w, "anna", "smith", "ana", "smiht", "aleksandre", "schmdt", "ÉMILE", "emile", "a", "us", "@", "example.com",
		"exampel", "Jean-Luk", "van berg", "иванов", "ивонов", "-", "user1", "00", "strasse", "fin", " ", "́", "x", "müler",
		"maria anna", "ng", "", "corner café", "zzzz")
	if w.often(20) && len(w.users) > 0 {
		id := pick(w, w.sortedUsers()...).ID.String()
		text = id[w.rnd.IntN(18):][:1+w.rnd.IntN(18)]
	}
	return text
}

func (w *world) expr(depth int) roster.Expr {
	if depth > 0 && w.often(60) {
		var kids []roster.Expr
		for range w.rnd.IntN(4) {
			kids = append(kids, w.expr(depth-1))
		}
		switch w.rnd.IntN(3) {
		case 0:
			return roster.And(kids)
		case 1:
			return roster.Or(kids)
		default:
			return roster.Not{Expr: w.expr(depth - 1)}
		}
	}
	return w.leaf()
}

func (w *world) leaf() roster.Expr {
	filterable := w.fields(func(i *roster.FieldInfo) bool { return i.Filterable })
	f := pick(w, filterable...)
	if w.often(60) { // what has an index
		f = pick(w, append(boolIndexed(), orderFields()...)...)
	}
	switch w.rnd.IntN(6) {
	case 0, 1:
		if f.Info().Type == roster.TypeNumbers {
			return roster.Has{Field: f}
		}
		return roster.Cmp{Field: f, Op: roster.CmpOp(w.rnd.IntN(5)), Value: w.value(f)}
	case 2:
		in := roster.In{Field: f}
		for range pick(w, 0, 1, 2, 3, 20) {
			in.Values = append(in.Values, w.value(f))
		}
		return in
	case 3:
		return roster.Has{Field: f}
	case 4:
		fields := w.fields(func(i *roster.FieldInfo) bool { return i.Type == roster.TypeInt || i.Type == roster.TypeMask })
		f = pick(w, append(fields, roster.FieldPermissions, roster.FieldOwnPermissions)...)
		return roster.Bits{Field: f, Mask: w.mask()}
	default:
		all := searched()
		return roster.Contains{Field: pick(w, all[:]...), Text: w.needle()}
	}
}

func boolIndexed() []roster.Field {
	all := boolFields()
	return append(all[:], roster.FieldStatus, roster.FieldKind, roster.FieldUserType, roster.FieldRole,
		roster.FieldAppsAccess, roster.FieldGroups, roster.FieldSpaces)
}

// value takes a value from a user, mostly.
func (w *world) value(f roster.Field) roster.Value {
	if len(w.users) == 0 || w.often(5) {
		return pick(w, roster.Value{}, roster.IntValue(3), roster.TextValue("m"))
	}
	u := pick(w, w.sortedUsers()...)
	if f.Info().Type != roster.TypeNumbers {
		return f.Value(u)
	}
	if numbers := f.Numbers(u); len(numbers) > 0 {
		return roster.IntValue(pick(w, numbers...))
	}
	return roster.IntValue(2)
}
