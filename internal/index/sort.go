package index

import (
	"cmp"
	"slices"
)

// sortItem is a slot on its way into an order.
type sortItem struct {
	slot   uint32
	number int64
	keys   []key
}

// sorted returns the slots by keys and then by number, descending where tieDesc says so.
func (v *View) sorted(slots []uint32, keys []sortKey, tieDesc bool) []uint32 {
	items := make([]sortItem, len(slots))
	all := make([]key, len(slots)*len(keys))
	for i, slot := range slots {
		r := v.rec(slot)
		own := all[i*len(keys) : (i+1)*len(keys)]
		for j, k := range keys {
			own[j] = k.key(r)
		}
		items[i] = sortItem{slot, r.word(wordNumber), own}
	}
	slices.SortFunc(items, func(a, b sortItem) int { return compareItems(&a, &b, keys, tieDesc) })
	for i := range items {
		slots[i] = items[i].slot
	}
	return slots
}

func compareItems(a, b *sortItem, keys []sortKey, tieDesc bool) int {
	for i := range keys {
		if c := a.keys[i].compare(b.keys[i]); c != 0 {
			return direct(c, keys[i].desc)
		}
	}
	return direct(cmp.Compare(a.number, b.number), tieDesc)
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
