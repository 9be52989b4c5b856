package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/roster-dev/roster"
)

// buildItem is a slot on its way into a new order. prefix is the 8 bytes of its key that are being looked at, seq its
// place by number, which decides where keys are equal, and at and size say where in its page the key's text is.
type buildItem struct {
	prefix    uint64
	seq, slot uint32
	at, size  uint32
}

// orderBuilder makes one order from the records of a view.
type orderBuilder struct {
	*View
	order *order
	spare []buildItem // as many as there are items
}

// buildOrder makes the order of a field from the slots of all users by number, and returns the slots in that order,
// too. The order of numbers itself is made from slots in any order.
func (v *View) buildOrder(f roster.Field, slots []uint32, profiles []profile) (*order, []uint32) {
	b := &orderBuilder{View: v, order: &order{field: f, src: sourceOf(f)}}
	items, unset := b.collect(slots)
	if !slices.IsSortedFunc(items, compareItems) || b.order.src.text >= 0 {
		b.sort(items, 0)
	}
	sorted := make([]uint32, 0, len(slots))
	for i := range items {
		sorted = append(sorted, items[i].slot)
	}
	sorted = append(sorted, unset...)
	b.order.chunks = make([]*chunk, 0, (len(sorted)+chunkFill-1)/chunkFill)
	for part := range slices.Chunk(sorted, chunkFill) {
		rows := makeRows(len(part), func(i int) profile { return profiles[part[i]] })
		b.order.chunks = append(b.order.chunks, v.newChunk(b.order.src, slices.Clone(part), rows))
	}
	return b.order, sorted
}

// collect returns the items of those slots whose users have a key, and the other slots.
func (b *orderBuilder) collect(slots []uint32) (items []buildItem, unset []uint32) {
	items = make([]buildItem, 0, len(slots))
	src := b.order.src
	for i, slot := range slots {
		it := buildItem{seq: uint32(i), slot: slot}
		p, row := b.pages[slot>>rowBits], slot&(rowMax-1)
		r := p.rec(int(row))
		if src.text < 0 {
			k := src.key(r)
			if !k.set {
				unset = append(unset, slot)
				continue
			}
			it.prefix = k.prefix()
		} else {
			text := foldedAt(r, src.text)
			if !r.has(bitTexts + text) {
				unset = append(unset, slot)
				continue
			}
			from, size := r.span(text)
			it.at, it.size = p.byte[row]+uint32(from), uint32(size) //nolint:gosec // a page is small
			it.prefix = textPrefix(r.text[from:from+size], 0)
		}
		items = append(items, it)
	}
	return items, unset
}

// foldedAt returns which text of r is the folded form of one that is compared.
func foldedAt(r rec, text int) int {
	if i := textFold + text - textIdentifier; text >= textIdentifier && i < textBare && r.has(bitTexts+i) {
		return i
	}
	return text
}

// span returns where in r's text one of its texts is.
func (r rec) span(i int) (from, size int) {
	before := bits.OnesCount64(r.words[0] >> bitTexts & (1<<i - 1))
	at, from := 0, int(r.words[1]>>flagLengths&0xffff)
	for ; before > 0; before-- {
		n, more := length(r.text[at:])
		at, from = at+more, from+n
	}
	size, _ = length(r.text[at:])
	return from, size
}

// textPrefix returns the 8 bytes of a text from one on as a number, zeros after its end.
func textPrefix(text []byte, from int) uint64 {
	if from+8 <= len(text) {
		return binary.BigEndian.Uint64(text[from:])
	}
	var p [8]byte
	copy(p[:], text[min(from, len(text)):])
	return binary.BigEndian.Uint64(p[:])
}

// text returns the key of an item.
func (b *orderBuilder) text(it *buildItem) []byte {
	return b.pages[it.slot>>rowBits].text.from(int(it.at))[:it.size]
}

func compareItems(a, b buildItem) int {
	if a.prefix != b.prefix {
		return cmp.Compare(a.prefix, b.prefix)
	}
	return cmp.Compare(a.seq, b.seq)
}

// sort sorts items whose keys are equal before the byte at depth, whose prefixes are the 8 bytes from there, and which
// are in the order of seq. Whole runs of equal prefixes go on to the next 8 bytes, so that a key is read once for each
// 8 bytes and not at each comparison.
func (b *orderBuilder) sort(items []buildItem, depth int) {
	const few = 256
	if len(items) < few {
		slices.SortFunc(items, compareItems)
	} else {
		b.sortRadix(items)
	}
	if b.order.src.text < 0 {
		return
	}
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].prefix == items[0].prefix {
			n++
		}
		if n > 1 {
			b.sortEqual(items[:n], depth+8)
		}
		items = items[n:]
	}
}

// sortRadix sorts items by their prefixes, byte by byte from the lowest one, and leaves those with equal prefixes in
// their order.
func (b *orderBuilder) sortRadix(items []buildItem) {
	if len(b.spare) < len(items) {
		b.spare = make([]buildItem, len(items))
	}
	var counts [8][256]uint32
	for i := range items {
		for digit, p := 0, items[i].prefix; digit < len(counts); digit, p = digit+1, p>>8 {
			counts[digit][p&0xff]++
		}
	}
	from, to := items, b.spare[:len(items)]
	for digit := range counts {
		count := &counts[digit]
		if count[from[0].prefix>>(8*digit)&0xff] == uint32(len(items)) { //nolint:gosec // slots are 32 bits
			continue // all are equal
		}
		at := uint32(0)
		for i, n := range count {
			count[i], at = at, at+n
		}
		for i := range from {
			place := &count[from[i].prefix>>(8*digit)&0xff]
			to[*place] = from[i]
			*place++
		}
		from, to = to, from
	}
	if &from[0] != &items[0] {
		copy(items, from)
	}
}

// sortEqual sorts items whose texts are equal before the byte at depth, but for zero bytes at their ends, and which are
// in the order of seq.
func (b *orderBuilder) sortEqual(items []buildItem, depth int) {
	ended := 0
	for i := range items {
		if it := &items[i]; int(it.size) < depth { // it has zero bytes, as nearly no text has, or all are equally short
			b.sortWhole(items)
			return
		} else if int(it.size) == depth {
			ended++
		}
	}
	if ended == len(items) {
		return // all are equal
	}
	if ended > 0 { // who ends here is before who goes on
		slices.SortStableFunc(items, func(x, y buildItem) int {
			return cmp.Compare(min(int(x.size), depth+1), min(int(y.size), depth+1))
		})
		items = items[ended:]
	}
	for i := range items {
		items[i].prefix = textPrefix(b.text(&items[i]), depth)
	}
	b.sort(items, depth)
}

// sortWhole sorts items by their whole texts, some of which end where others have zero bytes, if they differ.
func (b *orderBuilder) sortWhole(items []buildItem) {
	size := items[0].size
	if !slices.ContainsFunc(items, func(it buildItem) bool { return it.size != size }) {
		return // all are equal
	}
	slices.SortFunc(items, func(x, y buildItem) int {
		return cmp.Or(bytes.Compare(b.text(&x), b.text(&y)), cmp.Compare(x.seq, y.seq))
	})
}
