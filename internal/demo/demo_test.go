package demo_test

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/demo"
)

// documents returns the records of seq, one JSON text a line.
func documents[E any](t *testing.T, seq iter.Seq[E]) []string {
	t.Helper()
	var lines []string
	for e := range seq {
		line, err := json.Marshal(e)
		if err != nil {
			t.Error(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

func TestSameSeedSameBytes(t *testing.T) {
	want := documents(t, demo.New(7, 400).Entities())
	if diff := cmp.Diff(want, documents(t, demo.New(7, 400).Entities())); diff != "" {
		t.Errorf("another generator of the same seed differs (-first +second):\n%s", diff)
	}
	g := demo.New(7, 400)
	documents(t, g.Users())
	if diff := cmp.Diff(want, documents(t, g.Entities())); diff != "" {
		t.Errorf("a generator that was used before differs (-first +second):\n%s", diff)
	}
}

func TestConcurrentUse(t *testing.T) {
	g := demo.New(7, 300)
	want := documents(t, demo.New(7, 300).Users())
	got := make([][]string, 3)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = documents(t, g.Users()) })
	}
	wg.Wait()
	for i := range got {
		if diff := cmp.Diff(want, got[i]); diff != "" {
			t.Errorf("reader %d (-alone +together):\n%s", i, diff)
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	one, two := documents(t, demo.New(1, 200).Users()), documents(t, demo.New(2, 200).Users())
	const fixed = 7 // the cast but for the signing client
	if diff := cmp.Diff(one[:fixed], two[:fixed]); diff != "" {
		t.Errorf("the users of the seed pages depend on the seed:\n%s", diff)
	}
	for i := fixed; i < len(one); i++ {
		if one[i] == two[i] {
			t.Errorf("user %d is the same under both seeds: %s", i+1, one[i])
		}
	}
}

func TestUserDoesNotDependOnCount(t *testing.T) {
	few, many := documents(t, demo.New(3, 50).Users()), documents(t, demo.New(3, 300).Users())
	if diff := cmp.Diff(few, many[:50]); diff != "" {
		t.Errorf("users 1 to 50 of 300 are not those of 50 (-few +many):\n%s", diff)
	}
}

func TestCount(t *testing.T) {
	for _, tt := range []struct{ users, want int }{{-1, 0}, {0, 0}, {1, 1}, {7, 7}, {9, 9}, {120, 120}} {
		number := int64(0)
		for u := range demo.New(1, tt.users).Users() {
			if number++; u.Number != number {
				t.Errorf("of %d users: got number %d, want %d", tt.users, u.Number, number)
			}
		}
		if number != int64(tt.want) {
			t.Errorf("got %d users for %d, want %d", number, tt.users, tt.want)
		}
	}
}

func TestIterationStops(t *testing.T) {
	got := 0
	for range demo.New(1, 1000).Users() {
		if got++; got == 3 {
			break
		}
	}
	for range demo.New(1, 1000).Entities() {
		if got++; got == 6 {
			break
		}
	}
	if got != 6 {
		t.Errorf("got %d records, want 6", got)
	}
}

func TestLoadOrder(t *testing.T) {
	var got []roster.Type
	counts := map[roster.Type]int64{}
	var org *roster.Organization
	for e := range demo.New(1, 20).Entities() {
		typ := e.Key().Type
		if counts[typ]++; counts[typ] == 1 {
			got = append(got, typ)
		}
		if o, ok := e.(*roster.Organization); ok {
			org = o
		}
	}
	if diff := cmp.Diff(roster.Types()[:5], got); diff != "" {
		t.Errorf("order of types (-want +got):\n%s", diff)
	}
	for _, typ := range roster.Types()[1:5] {
		if org.Next.Next(typ) != counts[typ]+1 {
			t.Errorf("next number of a %s: got %d, want %d", typ, org.Next.Next(typ), counts[typ]+1)
		}
	}
}

func TestOrganization(t *testing.T) {
	o := demo.Organization()
	if got, want := o.ID.String(), "9de0691c-bc8d-409b-8f40-75d4f45db2f3"; got != want { // Fipto's page, curl
		t.Errorf("id: got %s, want %s", got, want)
	}
	if o.Number != 1 || o.Slug != "demo" || o.Name == "" || o.BrandName == "" {
		t.Errorf("got %+v, want number 1, slug demo, a name and a brand name", o)
	}
	if o == demo.Organization() {
		t.Error("two calls share one organization")
	}
}

func TestRoles(t *testing.T) {
	type row struct {
		Number                 int64
		Handle, Name, CountsAs string
	}
	var got []row
	for _, r := range demo.New(1, 0).Roles() {
		got = append(got, row{r.Number, r.Handle, r.Name, r.CountsAs})
	}
	want := []row{
		{1, "admin", "Admin", ""},
		{2, "support", "Support Specialist", ""},
		{3, "read_only", "Read Only", ""},
		{4, "team_lead", "Team Lead", "support"},
		{5, "accountant", "Accountant", "read_only"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestGroups(t *testing.T) {
	g := demo.New(1, 0)
	var masks int64
	names := map[string]bool{}
	for i, group := range g.Groups() {
		if group.Number != int64(i)+1 {
			t.Errorf("group %q has number %d, want %d", group.Name, group.Number, i+1)
		}
		masks |= group.Permissions
		names[group.Name] = true
	}
	if len(names) != 12 {
		t.Errorf("got %d names of groups, want 12", len(names))
	}
	if masks&1 == 0 {
		t.Error("no group grants bit 1 (Members)")
	}
	g.Groups()[0].Name = "changed"
	if g.Groups()[0].Name == "changed" {
		t.Error("a group that was handed out is shared")
	}
}

func TestSpaces(t *testing.T) {
	byID := map[roster.ID]*roster.Space{}
	depth, archived := 0, 0
	for i, s := range demo.New(1, 0).Spaces() {
		if s.Number != int64(i)+1 {
			t.Errorf("space %q has number %d, want %d", s.Title, s.Number, i+1)
		}
		parts := strings.Split(s.Path, ".")
		depth = max(depth, len(parts))
		if got, want := parts[len(parts)-1], strconv.FormatInt(s.Number, 10); got != want {
			t.Errorf("path of %q ends with %s, want %s", s.Title, got, want)
		}
		if above := byID[s.Parent]; above != nil && s.Path != above.Path+"."+parts[len(parts)-1] {
			t.Errorf("path of %q: got %s, below %s", s.Title, s.Path, above.Path)
		} else if above == nil && (!s.Parent.IsZero() || len(parts) > 1) {
			t.Errorf("space %q lies in a space that does not come before it", s.Title)
		}
		if s.Archived {
			archived++
		}
		byID[s.ID] = s
	}
	if len(byID) != 15 || depth != 3 || archived != 1 {
		t.Errorf("got %d spaces %d deep, %d archived, want 15, 3, 1", len(byID), depth, archived)
	}
}

func TestGroupsOfUsersExist(t *testing.T) {
	g := demo.New(5, 2000)
	for u := range g.Users() {
		if !slices.IsSorted(u.Groups) || len(u.Groups) > 0 && (u.Groups[0] < 1 || u.Groups[len(u.Groups)-1] > 12) {
			t.Fatalf("user %d: groups %v", u.Number, u.Groups)
		}
		byNumber := func(a, b roster.SpaceAccess) int { return int(a.Number - b.Number) }
		if !slices.IsSortedFunc(u.Spaces, byNumber) || len(u.Spaces) > 0 && u.Spaces[len(u.Spaces)-1].Number > 15 {
			t.Fatalf("user %d: spaces %v", u.Number, u.Spaces)
		}
	}
}
