package index

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/roster-dev/roster"
)

// TestBitsByGroup asks who has permissions by groups, small ones and such as are kept as bits, while users come and
// members and groups change.
func TestBitsByGroup(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	masks := map[int64]int64{1: 1, 2: 2, 3: 4 | 1<<62, 4: 0}
	groups := map[int64]*roster.Group{}
	b := NewBuilder(nil)
	for number, mask := range masks {
		groups[number] = &roster.Group{ID: roster.ID{2, byte(number)}, Number: number, Permissions: mask}
		b.Add(groups[number])
	}
	var users []*roster.User
	member := func(n int, in ...int64) *roster.User {
		u := benchUser(rnd, n)
		u.Groups, u.OwnPermissions = in, int64(n%7&1)<<3
		users = append(users, u)
		return u
	}
	for n := range 6000 {
		in := [][]int64{{1}, {1, 2}, {1}, {1, 4}, {1, 2, 3}, nil}[n%6]
		if n > 40 {
			in = slices.DeleteFunc(slices.Clone(in), func(g int64) bool { return g == 3 })
		}
		b.Add(member(n, in...))
	}
	v := b.View(1)
	check := func() {
		t.Helper()
		for _, u := range users {
			u.Permissions = u.OwnPermissions
			for _, g := range u.Groups {
				u.Permissions |= masks[g]
			}
		}
		for _, mask := range []int64{1, 2, 4, 8, 1 << 62, 1 | 4, 1 | 2 | 8, 2 | 4, 16, 4 | 16} {
			q := roster.Query{Where: roster.Bits{Field: roster.FieldPermissions, Mask: mask}, Offset: 10, Limit: 30}
			snapshot{v, users}.check(t, q)
		}
	}
	apply := func(ops ...roster.Op) {
		t.Helper()
		next, err := v.Apply(roster.Change{Version: v.Version() + 1, Ops: ops})
		if err != nil {
			t.Fatal(err)
		}
		v = next
	}
	check()
	var came []roster.Op
	for n := range 1500 {
		u := member(6000 + n)
		u.Groups = nil
		came = append(came, roster.Op{After: u})
	}
	apply(came...)
	check()
	after := *users[0]
	after.Groups = []int64{2, 3}
	apply(roster.Op{Before: users[0], After: &after})
	users[0] = &after
	check()
	other := *groups[2]
	other.Permissions = 16
	apply(roster.Op{Before: groups[2], After: &other})
	masks[2] = 16
	check()
}
