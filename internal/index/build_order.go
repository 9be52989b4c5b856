package index

import (
	"cmp"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// buildItem is a slot on its way into a new order. prefix is the 8 bytes of its key that are being looked at, and seq
// its place by number, which decides where keys are equal.
type buildItem struct {
	prefix    uint64
	seq, slot uint32
}

// buildOrder makes the order of a field from the slots of all users by number, and returns the slots in that order,
// too. The order of numbers itself is made from slots in any order.
func (v *View) buildOrder(f roster.Field, slots []uint32, profiles []profile) (*order, []uint32) {
	o := &order{field: f, src: sourceOf(f)}
	items := make([]buildItem, 0, len(slots))
	var unset []uint32
	for i, slot := range slots {
		if k := o.src.key(v.rec(slot)); k.set {
			items = append(items, buildItem{k.prefix(), uint32(i), slot})
		} else {
			unset = append(unset, slot)
		}
	}
	v.sortItems(o, items, 0)
	sorted := make([]uint32, 0, len(slots))
	for _, it := range items {
		sorted = append(sorted, it.slot)
	}
	sorted = append(sorted, unset...)
	for part := range slices.Chunk(sorted, chunkFill) {
		rows := makeRows(len(part), func(i int) profile { return profiles[part[i]] })
		o.chunks = append(o.chunks, v.newChunk(o.src, slices.Clone(part), rows))
	}
	return o, sorted
}

// sortItems sorts items whose keys are equal before the byte at depth, and whose prefixes are the 8 bytes from there.
// Whole runs of equal prefixes go on to the next 8 bytes, so that a key is read once for each 8 bytes and not at each
// comparison.
func (v *View) sortItems(o *order, items []buildItem, depth int) {
	slices.SortFunc(items, func(a, b buildItem) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return cmp.Compare(a.seq, b.seq)
	})
	if o.src.text < 0 {
		return
	}
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].prefix == items[0].prefix {
			n++
		}
		if n > 1 {
			v.sortEqual(o, items[:n], depth+8)
		}
		items = items[n:]
	}
}

// sortEqual sorts items whose texts are equal before the byte at depth, but for zero bytes at their ends.
func (v *View) sortEqual(o *order, items []buildItem, depth int) {
	short, long := len(items), 0
	for i := range items {
		text := o.src.key(v.rec(items[i].slot)).text
		if len(text) > depth {
			short--
		}
		long = max(long, len(text))
		items[i].prefix = key{set: true, text: text[min(depth, len(text)):]}.textPrefix()
	}
	switch {
	case long <= depth && sameLengths(v, o, items):
	case short == 0:
		v.sortItems(o, items, depth)
	default: // some end here and others go on: rare, as texts seldom are the beginning of others
		slices.SortFunc(items, func(a, b buildItem) int {
			x, y := o.src.key(v.rec(a.slot)).text, o.src.key(v.rec(b.slot)).text
			return cmp.Or(strings.Compare(x, y), cmp.Compare(a.seq, b.seq))
		})
	}
}

// sameLengths reports whether the texts of items are equally long.
func sameLengths(v *View, o *order, items []buildItem) bool {
	n := len(o.src.key(v.rec(items[0].slot)).text)
	return !slices.ContainsFunc(items, func(it buildItem) bool { return len(o.src.key(v.rec(it.slot)).text) != n })
}
