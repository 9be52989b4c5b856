package index

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

// sizes are the numbers of users that benchmarks run with; choose one with -bench=Users/100k or -bench=Users/1M.
var sizes = []struct {
	name  string
	users int
}{{"100k", 100_000}, {"1M", 1_000_000}}

var (
	benchFirst = []string{
		"Anna", "Boris", "Clara", "David", "Elena", "Farid", "Greta", "Hugo", "Irina", "Jonas", "Katrin", "Leon",
		"Marta", "Nikolai", "Olga", "Pavel", "Quentin", "Rosa", "Stefan", "Tamara", "Ulrich", "Vera", "Walter", "Xenia", "Yusuf", "Zoe",
	}
	benchLast = []string{
		"Adler", "Becker", "Conrad", "Dietrich", "Engel", "Fischer", "Gross", "Hoffmann", "Ivanov", "Jansen", "Keller",
		"Lehmann", "Meier", "Neumann", "Olsen", "Peters", "Quast", "Richter", "Schmidt", "Thomas", "Urban", "Vogel", "Weber", "Zimmer",
	}
)

// benchUser makes the nth user of an organization, as the vendors' user lists show them.
func benchUser(rnd *rand.Rand, n int) *roster.User {
	first, last := benchFirst[rnd.IntN(len(benchFirst))], benchLast[rnd.IntN(len(benchLast))]
	if rnd.IntN(3) == 0 {
		last += "-" + benchLast[rnd.IntN(len(benchLast))]
	}
	var id roster.ID
	binary.BigEndian.PutUint64(id[:], uint64(1_700_000_000_000+n*1000)<<16|0x7000|uint64(rnd.IntN(1<<12)))
	binary.BigEndian.PutUint64(id[8:], rnd.Uint64()>>2|1<<63)
	u := &roster.User{
		ID: id, Number: int64(n + 1), FirstName: first, LastName: last, Name: first + " " + last,
		Identifier: fmt.Sprintf("%s.%s%d", roster.Fold(first), roster.Fold(last), n),
		Status:     roster.Status(min(rnd.IntN(30)/4, 6)), UserType: roster.UserType(1 + rnd.IntN(3)), AppsAccess: 1,
		Kind: roster.Kind(rnd.IntN(40) / 38), Role: someRoles[1+rnd.IntN(3)], TakesLicence: true,
		Activated: rnd.IntN(4) > 0, External: rnd.IntN(10) == 0, TwoFactor: rnd.IntN(2) == 0,
		CreatedAt: roster.Time(1_700_000_000_000 + n*1000), UpdatedAt: roster.Time(1_700_000_000_000 + rnd.IntN(1<<40)),
		CreatedBy: roster.ID{1, byte(rnd.IntN(50))}, UpdatedBy: roster.ID{1, byte(rnd.IntN(50))},
	}
	u.Email = u.Identifier + "@" + []string{"example.com", "mail.example.org", "corp.example.net"}[rnd.IntN(3)]
	if rnd.IntN(3) > 0 {
		u.LastLoginAt = roster.Time(1_700_000_000_000 + rnd.IntN(1<<40))
	}
	if rnd.IntN(5) == 0 {
		u.OwnPermissions = int64(1 << rnd.IntN(12))
		u.Groups = []int64{int64(1 + rnd.IntN(200))}
	}
	return u
}

func benchView(users int) *View {
	rnd := rand.New(rand.NewPCG(1, 1))
	b := NewBuilder(nil)
	for n := range int64(200) {
		b.Add(&roster.Group{ID: roster.ID{2, byte(n)}, Number: n + 1, Permissions: 1 << (n % 16)})
	}
	for n := range users {
		b.Add(benchUser(rnd, n))
	}
	return b.View(1)
}

// eachSize runs fn with a view of each size; a size that is not asked for costs nothing.
func eachSize(b *testing.B, fn func(b *testing.B, v *View)) {
	b.Helper()
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			v := benchView(size.users)
			warm(b, v)
			runtime.GC()
			fn(b, v)
		})
	}
}

func eq(f roster.Field, v roster.Value) roster.Expr { return roster.Cmp{Field: f, Value: v} }

// phones returns so many conditions that no index answers.
func phones(n int) roster.Expr {
	var either roster.Or
	for i := range n {
		either = append(either, roster.And{
			roster.Has{Field: roster.FieldName},
			roster.Cmp{Field: roster.FieldPhone, Op: roster.GT, Value: roster.TextValue(fmt.Sprint("+", i))},
		})
	}
	return either
}

// namesWith returns so many conditions on parts of a text, all of which have many to be looked at.
func namesWith(n int) roster.Expr {
	var either roster.Or
	for i := range n {
		either = append(either, roster.Contains{Field: roster.FieldName, Text: string(rune('a'+i%26)) + string(rune('a'+i/26))})
	}
	return either
}

// letters returns so many conditions that everybody meets, each on one letter of an e-mail.
func letters(n int) roster.Expr {
	var every roster.And
	for i := range n {
		every = append(every, roster.Contains{Field: roster.FieldEmail, Text: []string{"@", ".", "e", "m"}[i%4]})
	}
	return every
}

// ranges returns so many conditions on sortable fields, each of which half of the users meet.
func ranges(n int) roster.Expr {
	var either roster.Or
	fields := []roster.Field{
		roster.FieldUpdatedAt, roster.FieldLastLoginAt, roster.FieldEmail, roster.FieldName, roster.FieldIdentifier,
		roster.FieldID, roster.FieldNumber, roster.FieldCreatedBy, roster.FieldUpdatedBy, roster.FieldCreatedAt,
	}
	for i := range n {
		f := fields[i%len(fields)]
		value := roster.TimeValue(roster.Time(1_700_000_000_000 + 1<<39 + i))
		switch f.Info().Type {
		case roster.TypeText:
			value = roster.TextValue("m" + fmt.Sprint(i))
		case roster.TypeUUID:
			value = roster.IDValue(roster.ID{1, byte(25 + i%5)})
		case roster.TypeInt:
			value = roster.IntValue(int64(1000 + i))
		}
		either = append(either, roster.And{
			roster.Cmp{Field: f, Op: roster.GE, Value: value}, eq(roster.FieldStatus, roster.IntValue(int64(i%3))),
		})
	}
	return either
}

// phoneAmong asks whether the phone is one of so many.
func phoneAmong(n int) roster.Expr {
	in := roster.In{Field: roster.FieldPhone}
	for i := range n {
		in.Values = append(in.Values, roster.TextValue(fmt.Sprint("+", 1000+i)))
	}
	return in
}

// BenchmarkUsers measures pages of 100 users with their exact total, by the shape of the query. Offsets differ each
// time.
func BenchmarkUsers(b *testing.B) {
	three := roster.And{
		eq(roster.FieldStatus, roster.IntValue(int64(roster.Active))), eq(roster.FieldActivated, roster.BoolValue(true)),
		roster.In{Field: roster.FieldRole, Values: []roster.Value{roster.TextValue("admin"), roster.TextValue("support")}},
	}
	since := roster.Cmp{Field: roster.FieldCreatedAt, Op: roster.GE}
	all := searched()
	shapes := []struct {
		name  string
		query roster.Query
		deep  bool
	}{
		{"all by number", roster.Query{}, true},
		{"all by name", roster.Query{Sort: []roster.Sort{{Field: roster.FieldName}}}, true},
		{"one filter by number", roster.Query{Where: three[0]}, true},
		{"three filters by email", roster.Query{Where: three, Sort: []roster.Sort{{Field: roster.FieldEmail, Desc: true}}}, true},
		{"three filters by status and name", roster.Query{Where: three[1:], Sort: []roster.Sort{
			{Field: roster.FieldStatus, Ranks: []int64{3, 0, 1, 2, 2, 4, 5}}, {Field: roster.FieldName},
		}}, true},
		{"filter by name and created", roster.Query{Where: three[0], Sort: []roster.Sort{
			{Field: roster.FieldName}, {Field: roster.FieldCreatedAt, Desc: true},
		}}, true},
		{"filter by last login and name", roster.Query{Where: three[0], Sort: []roster.Sort{
			{Field: roster.FieldLastLoginAt, Desc: true}, {Field: roster.FieldName},
		}}, true},
		{"created range by created", roster.Query{Where: roster.And{three[0], since}, Sort: []roster.Sort{{Field: roster.FieldCreatedAt}}}, true},
		{"created range by email", roster.Query{Where: roster.And{three[0], since}, Sort: []roster.Sort{{Field: roster.FieldEmail}}}, true},
		{"created and login ranges by email", roster.Query{
			Where: roster.And{three[0], roster.Or{
				roster.Cmp{Field: roster.FieldUpdatedAt, Op: roster.GE, Value: roster.TimeValue(1_700_000_000_000 + 1<<39)},
				roster.Not{Expr: roster.Has{Field: roster.FieldLastLoginAt}},
			}},
			Sort: []roster.Sort{{Field: roster.FieldEmail}},
		}, true},
		{"two classes by name", roster.Query{Where: three[:2], Sort: []roster.Sort{{Field: roster.FieldName}}}, true},
		{"group by name", roster.Query{
			Where: roster.In{Field: roster.FieldGroups, Values: []roster.Value{roster.IntValue(7)}},
			Sort:  []roster.Sort{{Field: roster.FieldName}},
		}, false},
		{"permission by number", roster.Query{Where: roster.Bits{Field: roster.FieldPermissions, Mask: 4}}, true},
		{"last login range by name", roster.Query{Where: roster.Cmp{Field: roster.FieldLastLoginAt, Op: roster.LT, Value: roster.TimeValue(1_700_000_000_000 + 1<<39)}, Sort: []roster.Sort{{Field: roster.FieldName}}}, true},
		{"a field without an index by number", roster.Query{Where: phones(1)}, false},
		{"as many tests without an index as a filter can have", roster.Query{Where: phones(10)}, false},
		{"as many values without an index as a filter can have", roster.Query{Where: phoneAmong(500)}, false},
		{"a part of an e-mail that everybody has", roster.Query{Where: letters(1)}, false},
		{"as many parts of names as a filter can have", roster.Query{Where: namesWith(25)}, false},
		{"as many parts that everybody has as a filter can have", roster.Query{Where: letters(25)}, false},
		{"as many ranges as a filter can have", roster.Query{Where: ranges(50), Sort: []roster.Sort{{Field: roster.FieldName}}}, false},
		{"search one letter", roster.Query{Search: roster.Search{Text: "a", Fields: all[:]}}, false},
		{"search few", roster.Query{Search: roster.Search{Text: "zimmer-zimmer", Fields: all[:]}}, false},
		{"search two words by name", roster.Query{Search: roster.Search{Text: "zoe zimmer-", Fields: all[:]}, Sort: []roster.Sort{{Field: roster.FieldName}}}, false},
		{"search fuzzy", roster.Query{Search: roster.Search{Text: "tamra hofmann", Fields: all[:], Fuzzy: true}}, false},
	}
	eachSize(b, func(b *testing.B, v *View) {
		b.Helper()
		for _, shape := range shapes {
			b.Run(shape.name, func(b *testing.B) { benchQuery(b, v, shape.query, shape.deep) })
		}
	})
}

func benchQuery(b *testing.B, v *View, q roster.Query, deep bool) {
	b.Helper()
	q.Limit = 100
	q = bindSince(q, v.users)
	first, err := v.Users(q)
	if err != nil {
		b.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(2, 2))
	b.ReportAllocs()
	cpu := cpuTime(b)
	for b.Loop() {
		if deep {
			q.Offset = rnd.IntN(first.Total)
		}
		page, err := v.Users(q)
		if err != nil || page.Total != first.Total {
			b.Fatal(page.Total, err)
		}
		for u := range page.Users {
			if u.Number == 0 {
				b.Fatal("a user without a number")
			}
		}
	}
	b.ReportMetric(float64(first.Total), "hits")
	b.ReportMetric(float64((cpuTime(b)-cpu).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// cpuTime returns the time that this process has had a processor for. On a machine that others use too it says more
// than the time that went by.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// bindSince makes a condition on created_at that has no value mean a third of the users.
func bindSince(q roster.Query, users int) roster.Query {
	if both, ok := q.Where.(roster.And); ok && len(both) == 2 {
		if since, ok := both[1].(roster.Cmp); ok && since.Field == roster.FieldCreatedAt {
			since.Value = roster.TimeValue(roster.Time(1_700_000_000_000 + users*2/3*1000))
			q.Where = roster.And{both[0], since}
		}
	}
	return q
}

// BenchmarkRangeAfterChange measures a range in a foreign order of a view that has just been made by a change of the
// ranged field: what was derived from the view before is brought up to date first.
func BenchmarkRangeAfterChange(b *testing.B) {
	eachSize(b, func(b *testing.B, v *View) {
		b.Helper()
		rnd := rand.New(rand.NewPCG(4, 4))
		q := roster.Query{
			Where: roster.Cmp{
				Field: roster.FieldLastLoginAt, Op: roster.GE, Value: roster.TimeValue(1_700_000_000_000 + 1<<39),
			},
			Sort: []roster.Sort{{Field: roster.FieldName}}, Limit: 100, Offset: v.users / 8,
		}
		for b.Loop() {
			b.StopTimer()
			next, err := v.Apply(roster.Change{Version: v.Version() + 1, Ops: []roster.Op{benchOp(rnd, v, "login", 0)}})
			if err != nil {
				b.Fatal(err)
			}
			v = next
			b.StartTimer()
			if page, err := v.Users(q); err != nil || page.Total == 0 {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFacets measures counting all values of five fields.
func BenchmarkFacets(b *testing.B) {
	eachSize(b, func(b *testing.B, v *View) {
		b.Helper()
		q := roster.Query{Where: eq(roster.FieldActivated, roster.BoolValue(true))}
		for b.Loop() {
			_, err := v.Facets(q, roster.FieldStatus, roster.FieldUserType, roster.FieldRole, roster.FieldExternal, roster.FieldGroups)
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkUser measures looking one user up.
func BenchmarkUser(b *testing.B) {
	eachSize(b, func(b *testing.B, v *View) {
		b.Helper()
		page, _ := v.Users(roster.Query{Offset: v.users / 2, Limit: 1})
		var ref roster.Ref
		for u := range page.Users {
			ref.Email = u.Email
		}
		b.Run("by email", func(b *testing.B) {
			for b.Loop() {
				if _, err := v.User(ref); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// BenchmarkApply measures one change of one user.
func BenchmarkApply(b *testing.B) {
	eachSize(b, func(b *testing.B, v *View) {
		b.Helper()
		for _, op := range []string{"login", "status", "rename", "create"} {
			b.Run(op, func(b *testing.B) { benchApply(b, v, op) })
		}
	})
}

func benchApply(b *testing.B, v *View, what string) {
	b.Helper()
	rnd := rand.New(rand.NewPCG(3, 3))
	serial := v.users + 10
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		op := benchOp(rnd, v, what, serial)
		serial++
		b.StartTimer()
		next, err := v.Apply(roster.Change{Version: v.Version() + 1, Ops: []roster.Op{op}})
		if err != nil {
			b.Fatal(err)
		}
		v = next
	}
}

func benchOp(rnd *rand.Rand, v *View, what string, serial int) roster.Op {
	if what == "create" {
		return roster.Op{After: benchUser(rnd, serial)}
	}
	before, _ := v.User(roster.Ref{Number: int64(1 + rnd.IntN(v.users/2))})
	after := *before
	switch what {
	case "login":
		after.LastLoginAt = roster.Time(1_800_000_000_000 + rnd.IntN(1<<40))
	case "status":
		after.Status = (after.Status + 1) % 7
	default:
		after.Name = benchUser(rnd, serial).Name
	}
	return roster.Op{Before: before, After: &after}
}

// BenchmarkBuild measures making a view and the index over its texts, and reports what a user costs in memory.
func BenchmarkBuild(b *testing.B) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			for b.Loop() {
				before := liveHeap()
				v := benchView(size.users)
				b.ReportMetric(float64(liveHeap()-before)/float64(size.users), "B/user")
				warm(b, v)
				b.ReportMetric(float64(liveHeap()-before)/float64(size.users), "B/user-with-text")
				b.ReportMetric(float64(v.Bytes())/float64(size.users), "B/user-estimated")
				runtime.KeepAlive(v)
			}
		})
	}
}

func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
