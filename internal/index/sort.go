package index

import (
	"cmp"
	"slices"
	"strings"
)

// sortItem is a slot on its way into an order. prefix decides most comparisons: it orders items as the first key
// does, as far as 8 bytes go.
type sortItem struct {
	prefix uint64
	number int64
	slot   uint32
	text   string // of the first key
}

// sorted returns the part of slots that a window shows, in order; it changes slots. Only users whose prefixes are
// equal and who may be in the window are compared any further.
func (v *View) sorted(slots []uint32, by ordering, offset, limit int) []uint32 {
	items := make([]sortItem, len(slots))
	desc := by.tieDesc
	if len(by.keys) > 0 {
		desc = by.keys[0].desc
	}
	for i, slot := range slots {
		r := v.rec(slot)
		items[i] = sortItem{number: r.word(wordNumber), slot: slot}
		if len(by.keys) == 0 {
			items[i].prefix = uint64(items[i].number) ^ 1<<63 //nolint:gosec // it keeps the order of numbers
		} else {
			k := by.keys[0].key(r)
			items[i].prefix, items[i].text = k.prefix(), k.text
		}
		if desc {
			items[i].prefix = ^items[i].prefix
		}
	}
	slices.SortFunc(items, func(a, b sortItem) int { return cmp.Compare(a.prefix, b.prefix) })
	lo := min(offset, len(items))
	hi := lo + min(limit, len(items)-lo)
	for i := 0; i < hi; {
		j := i + 1
		for j < len(items) && items[j].prefix == items[i].prefix {
			j++
		}
		if j > lo && j > i+1 {
			slices.SortFunc(items[i:j], func(a, b sortItem) int { return v.compareTied(a, b, by) })
		}
		i = j
	}
	for i := lo; i < hi; i++ {
		slots[i] = items[i].slot
	}
	return slots[lo:hi]
}

// compareTied compares two items whose prefixes are equal.
func (v *View) compareTied(a, b sortItem, by ordering) int {
	if a.text != b.text && a.text != "" && b.text != "" {
		return direct(strings.Compare(a.text, b.text), by.keys[0].desc)
	}
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
