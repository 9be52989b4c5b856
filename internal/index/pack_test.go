package index

import (
	"slices"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
)

// TestPack holds records that are packed to those that are added: nothing may tell the two views apart.
func TestPack(t *testing.T) {
	for name, sizes := range map[string][]int{
		"whole pages":          {1024},
		"small batches":        {1, 100, 333},
		"more than a page":     {2500},
		"pages after a rest":   {10, 1024, 1024},
		"only what is no user": {1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := filled(newWorld(8), 2600)
			if name == "only what is no user" {
				w = newWorld(9)
			}
			users := w.sortedUsers()
			for i, u := range users { // more roles than there are classes, and more accesses to apps
				u.Role, u.AppsAccess = "role"+string(rune('a'+i%150))+u.Role, u.AppsAccess+int64(i%150)
			}
			records := []roster.Entity{w.org}
			for _, g := range w.sortedGroups() {
				records = append(records, g)
			}
			for _, u := range users {
				records = append(records, u)
			}
			o := options{scanBelow: 1, tail: 8}
			b := newBuilder(o)
			for _, e := range records {
				b.Add(e)
			}
			want, got := b.View(0), packed(newBuilder(o), records, sizes)
			compareViews(t, got, want)
			checkInvariants(t, got)
			s := snapshot{got, w.reference()}
			s.checkLookups(t)
			for range 5 {
				s.check(t, w.query())
			}
			change := w.change(300)
			got, err := got.Apply(change)
			if err != nil {
				t.Fatal(err)
			}
			checkInvariants(t, got)
			snapshot{got, w.reference()}.checkLookups(t)
		})
	}
}

// packed returns the view of records that are packed in batches of some sizes, the last of which repeats, all at once.
func packed(b *Builder, records []roster.Entity, sizes []int) *View {
	var parts [][]roster.Entity
	for i := 0; len(records) > 0; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(records))
		parts, records = append(parts, records[:n]), records[n:]
	}
	batches := make([]*Batch, len(parts))
	var group sync.WaitGroup
	for i, part := range parts {
		group.Go(func() { batches[i] = b.Pack(slices.Values(part)) })
	}
	group.Wait()
	for _, batch := range batches {
		b.AddBatch(batch)
	}
	return b.View(0)
}

// compareViews compares all that two views of the same records hold.
func compareViews(t *testing.T, got, want *View) {
	t.Helper()
	if got.users != want.users || len(got.pages) != len(want.pages) {
		t.Fatalf("got %d users in %d pages, want %d in %d", got.users, len(got.pages), want.users, len(want.pages))
	}
	for slot := range want.slots() {
		a, b := got.rec(slot), want.rec(slot)
		words, text := b.size()
		if n, m := a.size(); n != words || m != text || !slices.Equal(a.words[:n], b.words[:n]) ||
			string(a.text[:m]) != string(b.text[:m]) {
			t.Fatalf("slot %d has another record", slot)
		}
		if got.profile(slot) != want.profile(slot) {
			t.Fatalf("slot %d has the classes %x, want %x", slot, got.profile(slot), want.profile(slot))
		}
	}
	if got.dict.roleOverflow != want.dict.roleOverflow || got.dict.appsOverflow != want.dict.appsOverflow {
		t.Errorf("the dictionaries overflow: got %t and %t, want %t and %t", got.dict.roleOverflow, got.dict.appsOverflow,
			want.dict.roleOverflow, want.dict.appsOverflow)
	}
}
