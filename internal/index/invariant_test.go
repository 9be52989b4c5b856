package index

import (
	"slices"
	"testing"
)

// checkInvariants compares everything that is kept up to date with what the records say.
func checkInvariants(t *testing.T, v *View) {
	t.Helper()
	if v.orders == nil {
		return
	}
	all := slices.Collect(v.slots())
	profiles := make(map[uint32]profile, len(all))
	for _, slot := range all {
		profiles[slot] = v.profile(slot)
	}
	for _, o := range v.orders {
		o.ready()
		var seen []uint32
		for i, c := range o.chunks {
			checkRows(t, &c.rows, len(c.slots), func(i int) profile { return profiles[c.slots[i]] })
			if len(c.slots) == 0 || len(c.slots) > rowMax {
				t.Fatalf("order %s: chunk %d has %d slots", o.field, i, len(c.slots))
			}
			if last := o.src.key(v.rec(c.slots[len(c.slots)-1])); c.high != last.prefix() {
				t.Fatalf("order %s: chunk %d is said to end at %x, want %x", o.field, i, c.high, last.prefix())
			}
			seen = append(seen, c.slots...)
		}
		less := func(a, b uint32) int {
			r := v.rec(b)
			return v.compare(o, a, o.src.key(r), r.word(wordNumber))
		}
		if !slices.IsSortedFunc(seen, less) {
			t.Fatalf("order %s is not sorted", o.field)
		}
		slices.Sort(seen)
		if !slices.Equal(seen, all) {
			t.Fatalf("order %s has %d slots, the pages have %d, or others", o.field, len(seen), len(all))
		}
	}
	for i, p := range v.pages {
		checkRows(t, &p.rows, len(p.word), func(j int) profile { return profiles[uint32(i<<rowBits+j)] })
	}
}

func checkRows(t *testing.T, got *rows, n int, of func(int) profile) {
	t.Helper()
	want := slowRows(n, of)
	for class := range classMax {
		var a, b bitmap
		want.load(class, &a)
		got.load(class, &b)
		if a != b || got.size(class) != want.size(class) || got.n != n {
			t.Fatalf("class %d has the rows %x (%d) of %d, want %x (%d)", class, b, got.size(class), n, a, want.size(class))
		}
	}
}
