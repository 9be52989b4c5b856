package index

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

func filled(w *world, users int) *world {
	for range users {
		u := w.user(w.id())
		w.users[u.ID] = u
	}
	w.sorted = nil
	return w
}

// TestApplyTwiceToOneView makes two futures of one view, which share its memory, and a future of one of those.
func TestApplyTwiceToOneView(t *testing.T) {
	w := filled(newWorld(1), 300)
	base := snapshot{w.view(options{scanBelow: 1, tail: 8}), w.reference()}
	first, err := base.view.Apply(w.change(40))
	if err != nil {
		t.Fatal(err)
	}
	one := snapshot{first, w.reference()}
	other := filled(newWorld(1), 300)
	other.view(options{scanBelow: 1, tail: 8}) // draws as many random numbers as w did
	other.serial += 1000
	for range 5 {
		other.query()
	}
	second, err := base.view.Apply(other.change(40))
	if err != nil {
		t.Fatal(err)
	}
	two := snapshot{second, other.reference()}
	for range 50 {
		q := w.query()
		base.check(t, q)
		one.check(t, q)
		two.check(t, q)
	}
}

// TestReadersDuringApply lets readers ask a view while changes are applied to it and to what follows; the race
// detector and the comparison with a scan find what is shared wrongly.
func TestReadersDuringApply(t *testing.T) {
	w := filled(newWorld(2), 300)
	s := snapshot{w.view(options{scanBelow: 1, tail: 8}), w.reference()}
	var queries []roster.Query
	for range 40 {
		queries = append(queries, w.query())
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for _, q := range queries {
				want, total := q.Scan(slices.Values(s.users))
				page, err := s.view.Users(q)
				if err != nil || page.Total != total {
					t.Errorf("Users(%s) has total %d, %v, want %d", describe(q), page.Total, err, total)
				}
				i := 0
				for u := range page.Users {
					if u.Number != want[i].Number {
						t.Errorf("Users(%s)[%d] = %d, want %d", describe(q), i, u.Number, want[i].Number)
					}
					i++
				}
			}
		})
	}
	v := s.view
	for range 60 {
		next, err := v.Apply(w.change(5))
		if err != nil {
			t.Error(err)
			break
		}
		v = next
	}
	wg.Wait()
}

func TestApplyRefuses(t *testing.T) {
	w := filled(newWorld(3), 10)
	v := w.view(options{scanBelow: 1, tail: 8})
	known, unknown := w.sortedUsers()[0], &roster.User{ID: roster.ID{9}, Number: 99}
	for _, tc := range []struct {
		name   string
		change roster.Change
	}{
		{"the same version", roster.Change{Org: w.org.ID, Version: 0}},
		{"a version too far", roster.Change{Org: w.org.ID, Version: 2}},
		{"another organization", roster.Change{Org: roster.ID{7}, Version: 1}},
		{"a user that exists", roster.Change{Org: w.org.ID, Version: 1, Ops: []roster.Op{{After: known}}}},
		{"an update of nobody", roster.Change{Org: w.org.ID, Version: 1, Ops: []roster.Op{{Before: unknown, After: unknown}}}},
		{"a deletion of nobody", roster.Change{Org: w.org.ID, Version: 1, Ops: []roster.Op{{Before: unknown}}}},
	} {
		if got, err := v.Apply(tc.change); roster.CodeOf(err) != roster.Conflict || got != nil {
			t.Errorf("Apply(%s) = %v, %v, want no view and a conflict", tc.name, got, err)
		}
	}
	snapshot{v, w.reference()}.check(t, roster.Query{})
}

func TestUserNotFound(t *testing.T) {
	for _, scanBelow := range []int{1, 1 << 30} {
		v := filled(newWorld(4), 20).view(options{scanBelow: scanBelow, tail: 8})
		for _, ref := range []roster.Ref{
			{}, {Number: 1 << 50}, {Email: "nobody@example.com"}, {Identifier: "nobody"}, {ID: roster.ID{255}}, {ID: roster.ID{0, 1}},
		} {
			if u, err := v.User(ref); roster.CodeOf(err) != roster.NotFound {
				t.Errorf("User(%s) = %v, %v, want not_found", ref, u, err)
			}
		}
	}
}

func TestUsersRefusesInvalidQueries(t *testing.T) {
	v := NewBuilder(nil).View(1)
	_, err := v.Users(roster.Query{Sort: []roster.Sort{{Field: roster.FieldPhone}}})
	if roster.CodeOf(err) != roster.Invalid {
		t.Errorf("sorting by phone: %v, want invalid", err)
	}
}

// TestOtherRecords follows groups, spaces, roles, tokens and invitations through changes.
func TestOtherRecords(t *testing.T) {
	org := &roster.Organization{ID: roster.ID{1}, Slug: "acme", Contracts: map[string]roster.Contract{"d3lay": roster.Live}}
	group := func(id byte, number, mask int64) *roster.Group {
		return &roster.Group{ID: roster.ID{id}, Number: number, Permissions: mask}
	}
	b := NewBuilder(nil)
	for _, e := range []roster.Entity{
		org, group(3, 2, 4), group(2, 7, 1), &roster.Space{ID: roster.ID{4}, Number: 5}, &roster.Space{ID: roster.ID{5}, Number: 1},
		&roster.Role{ID: roster.ID{6}, Number: 1, Handle: "admin"}, &roster.Token{ID: roster.ID{8}, Hash: "bb"},
		&roster.Token{ID: roster.ID{7}, Hash: "cc"}, &roster.Invitation{ID: roster.ID{9}},
		&roster.User{ID: roster.ID{10}, Number: 1, Identifier: "a", Groups: []int64{2}, OwnPermissions: 8},
	} {
		b.Add(e)
	}
	old := b.View(5)
	v, err := old.Apply(roster.Change{Org: org.ID, Version: 6, Ops: []roster.Op{
		{Before: group(3, 2, 4), After: group(3, 9, 4)},
		{Before: group(2, 7, 1)},
		{After: group(11, 2, 16)},
		{Before: &roster.Token{ID: roster.ID{8}, Hash: "bb"}, After: &roster.Token{ID: roster.ID{8}, Hash: "aa"}},
		{Before: &roster.Space{ID: roster.ID{4}, Number: 5}},
		{After: &roster.Role{ID: roster.ID{12}, Number: 2, Handle: "x"}},
		{After: &roster.Invitation{ID: roster.ID{1}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	type shown struct {
		Version                                            roster.Version
		Groups, Spaces, Roles, Tokens, Invitations, Hashes int
		First                                              int64
		Permissions                                        int64
	}
	show := func(v *View) shown {
		s := shown{v.Org().Version, len(v.Groups()), len(v.Spaces()), len(v.Roles()), len(v.Tokens()), len(v.Invitations()), 0, 0, 0}
		for _, hash := range []string{"aa", "bb", "cc"} {
			if token, ok := v.TokenByHash(hash); ok && token.Hash == hash {
				s.Hashes++
			}
		}
		u, _ := v.User(roster.Ref{Number: 1})
		s.First, s.Permissions = v.Groups()[0].Number, u.Permissions
		return s
	}
	if diff := cmp.Diff(shown{5, 2, 2, 1, 2, 1, 2, 2, 12}, show(old)); diff != "" {
		t.Errorf("before the change (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(shown{6, 2, 1, 2, 2, 2, 2, 2, 24}, show(v)); diff != "" {
		t.Errorf("after the change (-want +got):\n%s", diff)
	}
	if v.Group(7) != nil || v.Group(9) == nil || v.Space(5) != nil || v.Space(1) == nil || v.Role("x") == nil || v.Role("y") != nil {
		t.Errorf("groups %v, spaces %v, roles %v are not looked up as they are listed", v.Groups(), v.Spaces(), v.Roles())
	}
	if _, ok := old.TokenByHash("aa"); ok {
		t.Error("the view before the change has a token of the view after it")
	}
	if org.Version != 0 {
		t.Errorf("the organization that was added has got version %d", org.Version)
	}
}

func TestUsersMakesNoUserPerStep(t *testing.T) {
	v := filled(newWorld(5), 200).view(options{scanBelow: 1, tail: 8})
	page, err := v.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[*roster.User]bool{}
	for range 2 {
		clear(seen)
		for u := range page.Users {
			seen[u] = true
		}
	}
	if len(seen) != 1 {
		t.Errorf("a page of 200 users came in %d structs, want 1", len(seen))
	}
	for range page.Users {
		break // an early end must not panic
	}
}

func TestBytesGrowsWithUsers(t *testing.T) {
	small, large := filled(newWorld(6), 100).view(options{tail: 8}), filled(newWorld(6), 1000).view(options{tail: 8})
	before := large.Bytes()
	warm(t, large)
	if small.Bytes() <= 0 || before < 5*small.Bytes() || large.Bytes() <= before {
		t.Errorf("Bytes: %d for 100 users, %d for 1000, %d with texts", small.Bytes(), before, large.Bytes())
	}
}

// TestUsage adds the parts up and holds each to the data that it must at least take.
func TestUsage(t *testing.T) {
	v := filled(newWorld(7), 1000).view(options{scanBelow: 1, tail: 8})
	warm(t, v)
	sum, byName := int64(0), map[string]int64{}
	for _, p := range v.Usage() {
		if _, ok := byName[p.Name]; ok {
			t.Errorf("part %q is listed twice", p.Name)
		}
		sum += p.Bytes
		byName[p.Name] = p.Bytes
	}
	if sum != v.Bytes() {
		t.Errorf("the parts add up to %d, Bytes is %d", sum, v.Bytes())
	}
	for name, least := range map[string]int64{
		"records": 1000 * 60, "order number": 4000, "order last_login_at": 4000, "members of groups": 500,
		"trigrams email": 10_000, "trigrams name": 2000, "words": 2000, "other": 1000,
	} {
		if byName[name] < least || byName[name] > 200*least {
			t.Errorf("part %q takes %d bytes, want about %d", name, byName[name], 2*least)
		}
	}
}

// Two views that were made from the same one have records in the same places, and texts of their own.
func TestTextsOfViewsThatPart(t *testing.T) {
	w := filled(newWorld(8), 200)
	before := snapshot{w.view(options{scanBelow: 1, tail: 8, forms: NewForms(1 << 30)}), w.reference()}
	before.check(t, roster.Query{})
	first := w.sortedUsers()[0]
	for _, name := range []string{"One", "Another"} {
		after := *first
		after.Name = name
		w.users[after.ID] = &after
		w.sorted = nil
		view, err := before.view.Apply(roster.Change{
			Org: w.org.ID, Version: before.view.Version() + 1, Ops: []roster.Op{{Before: first, After: &after}},
		})
		if err != nil {
			t.Fatal(err)
		}
		snapshot{view, w.reference()}.check(t, roster.Query{})
	}
	before.check(t, roster.Query{})
}

// What is kept stays within its bounds, whatever is asked for, and all of it goes again.
func TestFormsAreBounded(t *testing.T) {
	w := filled(newWorld(9), 3000)
	const most = 256 << 10
	forms := NewForms(most)
	v := w.view(options{scanBelow: 1, tail: 8, forms: forms})
	page, err := v.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte, u *roster.User) []byte { return append(b, make([]byte, 100+u.Number%400)...) }
	for i := range 2 * mostForms {
		for text := range page.Written(roster.Form{Name: fmt.Sprint("form ", i)}, write) {
			_ = text
		}
		if s := forms.Stats(); s.Bytes > most || s.Bytes < 0 {
			t.Fatalf("%d bytes are kept, at most %d are allowed", s.Bytes, most)
		}
	}
	if s := forms.Stats(); s.Hits+s.Misses != uint64(mostForms*v.users) || s.Misses == 0 {
		t.Errorf("got %d hits and %d misses, want %d together", s.Hits, s.Misses, mostForms*v.users)
	}
}

// What [roster.Scans] says costs a look at every user is what no index answers.
func TestWhatNoIndexAnswers(t *testing.T) {
	w := newWorld(1)
	for range 300 {
		u := w.user(w.id())
		w.users[u.ID] = u
	}
	v := w.view(options{scanBelow: 1, tail: 8})
	scanned := 0
	for _, f := range w.fields(func(i *roster.FieldInfo) bool { return i.Filterable }) {
		tests := []roster.Expr{roster.Has{Field: f}, roster.In{Field: f, Values: []roster.Value{w.value(f), w.value(f)}}}
		if f.Info().Type != roster.TypeNumbers {
			for op := roster.EQ; op <= roster.GE; op++ {
				tests = append(tests, roster.Cmp{Field: f, Op: op, Value: w.value(f)})
			}
		}
		if f.Info().Type == roster.TypeMask || f.Info().Type == roster.TypeInt {
			tests = append(tests, roster.Bits{Field: f, Mask: 5})
		}
		for _, test := range tests {
			c := &compiler{View: v}
			c.expr(test)
			scans := len(c.unknown) > 0
			_, has := test.(roster.Has) // which of some types is always true
			if says := roster.Scans(test); scans != says && (scans || !has) {
				t.Errorf("%T of %s looks at every user: %t, want %t", test, f, scans, says)
			}
			if scans {
				scanned++
			}
		}
	}
	if scanned == 0 {
		t.Error("every test has an index")
	}
}
