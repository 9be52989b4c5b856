package index

import (
	"cmp"
	"slices"
)

// sortItem is a slot on its way into an order. prefix decides most comparisons: it orders items as the first key
// does, as far as 8 bytes go.
type sortItem struct {
	prefix uint64
	number int64
	slot   uint32
}

// sorted puts slots into an order, in place, and returns them.
func (v *View) sorted(slots []uint32, by ordering) []uint32 {
	items := make([]sortItem, len(slots))
	for i, slot := range slots {
		r := v.rec(slot)
		items[i] = sortItem{number: r.word(wordNumber), slot: slot}
		if len(by.keys) == 0 {
			continue
		}
		items[i].prefix = by.keys[0].key(r).prefix()
		if by.keys[0].desc {
			items[i].prefix = ^items[i].prefix
		}
	}
	slices.SortFunc(items, func(a, b sortItem) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return v.compareTied(a, b, by)
	})
	for i := range items {
		slots[i] = items[i].slot
	}
	return slots
}

// compareTied compares two items whose prefixes are equal.
func (v *View) compareTied(a, b sortItem, by ordering) int {
	x, y := v.rec(a.slot), v.rec(b.slot)
	for _, k := range by.keys {
		if c := k.key(x).compare(k.key(y)); c != 0 {
			return direct(c, k.desc)
		}
	}
	return direct(cmp.Compare(a.number, b.number), by.tieDesc)
}

func direct(c int, desc bool) int {
	if desc {
		return -c
	}
	return c
}

// cut returns the part of slots that a window shows.
func cut(slots []uint32, offset, limit int) []uint32 {
	slots = slots[min(offset, len(slots)):]
	return slots[:min(limit, len(slots))]
}
