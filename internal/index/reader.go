package index

import "math/bits"

// reader evaluates trees on the chunks of an order that is walked: of sets, classes and ranges.
type reader struct {
	*View
	order *order
	at    int // the index of the order
	lane  *lane
	ahead uint64 // a use for what was read ahead
}

func (v *View) newReader(o *order) *reader {
	return &reader{View: v, order: o, at: v.indexOf(o), lane: v.laneOf(o)}
}

// blockChunks is how many chunks a stretch has at the most.
const (
	blockChunks = 8
	blockWords  = blockChunks * rowWords
)

// stretch is some chunks of an order.
type stretch struct{ from, to int }

// load writes the users of a stretch who match to dst, which has room for its words exactly.
func (r *reader) load(n *node, b stretch, dst []uint64) {
	valid := r.lane.valid[r.lane.start[b.from]:r.lane.start[b.to]]
	switch n.op {
	case opFalse:
		clear(dst)
	case opTrue:
		copy(dst, valid)
	case opClass:
		r.loadClass(n.class, b, dst)
	case opRange:
		r.loadRange(n, b, dst)
	case opSlots:
		r.loadSlots(n.set, b, dst)
	case opNot:
		kid := r.direct(n.kids[0], b)
		if kid == nil {
			r.load(n.kids[0], b, dst)
			kid = dst
		}
		combine(opNot, dst, valid, kid)
	default:
		r.loadKids(n, b, dst)
	}
}

func (r *reader) loadKids(n *node, b stretch, dst []uint64) {
	var own [blockWords]uint64
	sofar := r.direct(n.kids[0], b)
	if sofar == nil {
		r.load(n.kids[0], b, dst)
		sofar = dst
	}
	for _, k := range n.kids[1:] {
		op := n.op
		if op == opAnd && r.covers(k, b) {
			continue
		}
		if op == opAnd && k.op == opNot {
			k, op = k.kids[0], opNot
		}
		words := r.direct(k, b)
		if words == nil {
			words = own[:len(dst)]
			r.load(k, b, words)
		}
		combine(op, dst, sofar, words)
		sofar = dst
	}
	if &sofar[0] != &dst[0] {
		copy(dst, sofar)
	}
}

// covers reports whether a range of the order has all users of a stretch.
func (r *reader) covers(n *node, b stretch) bool {
	return n.op == opRange && n.order == r.order && n.span.lo.before(loc{b.from, 1}) && !n.span.hi.before(loc{b.to, 0})
}

// direct returns the users of a stretch who match where the lane has them, else nil.
func (r *reader) direct(n *node, b stretch) []uint64 {
	switch n.op {
	case opTrue:
		return r.lane.valid[r.lane.start[b.from]:r.lane.start[b.to]]
	case opClass:
		if p := r.lane.plane(r.order, n.class, r.limits.planes); p != nil {
			return p[r.lane.start[b.from]:r.lane.start[b.to]]
		}
	}
	return nil
}

func (r *reader) loadClass(class int, b stretch, dst []uint64) {
	if words := r.direct(classNode(class), b); words != nil {
		copy(dst, words)
		return
	}
	for c := b.from; c < b.to; c++ {
		r.lane.loadChunk(r.order, class, c, r.words(dst, b, c))
	}
}

// words returns the part of a stretch's words that is a chunk's.
func (r *reader) words(all []uint64, b stretch, chunk int) []uint64 {
	base := r.lane.start[b.from]
	return all[r.lane.start[chunk]-base : r.lane.start[chunk+1]-base]
}

func (r *reader) loadRange(n *node, b stretch, dst []uint64) {
	if n.order == r.order {
		r.loadSpan(n.span, b, dst)
		return
	}
	var all [blockChunks]*digits
	r.fetch(n.cut, b, &all)
	for c := b.from; c < b.to; c++ {
		words := r.words(dst, b, c)
		valid := r.lane.valid[r.lane.start[c]:r.lane.start[c+1]]
		for _, unsure := range n.cut.load(all[c-b.from], valid, words) {
			r.loadUnsure(n, c, unsure, words)
		}
	}
}

// fetch sets all to the digits of a stretch, and reads those that the range needs a little, so that the processor
// waits for the memory of many at the same time.
func (r *reader) fetch(cut *buckets, b stretch, all *[blockChunks]*digits) {
	for c := b.from; c < b.to; c++ {
		all[c-b.from] = r.digitsOf(cut.scale, cut.tables[r.at], r.order, c)
	}
	for _, d := range all[:b.to-b.from] {
		if !cut.lo.open {
			r.ahead += d.touch(cut.lo.bucket)
		}
		if !cut.hi.open {
			r.ahead += d.touch(cut.hi.bucket)
		}
	}
}

// loadUnsure sets the bits of users of a chunk by what their records say of a range.
func (r *reader) loadUnsure(n *node, chunk int, unsure []uint16, dst []uint64) {
	if len(unsure) == 0 {
		return
	}
	slots := r.order.chunks[chunk].slots
	for _, pos := range unsure {
		bit := uint64(1) << (pos & 63)
		dst[pos>>6] &^= bit
		if n.test(r.rec(slots[pos])) {
			dst[pos>>6] |= bit
		}
	}
	n.cut.scale.wear.Add(int64(len(unsure)))
}

// loadSpan writes the users of a stretch in a span of the order.
func (r *reader) loadSpan(s span, b stretch, dst []uint64) {
	base := int(r.lane.start[b.from]) << 6
	from := max(0, r.place(s.lo)-base)
	to := min(len(dst)<<6, r.place(s.hi)-base)
	clear(dst)
	if from < to {
		setBits(dst, from, to-from)
		combine(opAnd, dst, dst, r.lane.valid[r.lane.start[b.from]:])
	}
}

// place returns the bit of a place.
func (r *reader) place(at loc) int { return int(r.lane.start[at.chunk])<<6 + at.pos }

func (r *reader) loadSlots(set *slotSet, b stretch, dst []uint64) {
	for c := b.from; c < b.to; c++ {
		var own bitmap
		for i, slot := range r.order.chunks[c].slots {
			if set.has(slot) {
				own[i>>6] |= 1 << (i & 63)
			}
		}
		copy(r.words(dst, b, c), own[:])
	}
}

// chunks returns the chunks outside of which nothing matches.
func (r *reader) chunks(n *node) (from, to int) {
	from, to = 0, len(r.order.chunks)
	switch {
	case n.op == opRange && n.order == r.order:
		return n.span.lo.chunk, min(to, n.span.hi.chunk+1)
	case n.op == opAnd:
		for _, k := range n.kids {
			first, end := r.chunks(k)
			from, to = max(from, first), min(to, end)
		}
	}
	return from, max(from, to)
}

// each calls fn with the users who match, a stretch at a time.
func (r *reader) each(n *node, fn func(b stretch, words []uint64)) {
	var own [blockWords]uint64
	from, to := r.chunks(n)
	for ; from < to; from += blockChunks {
		b := stretch{from, min(from+blockChunks, to)}
		words := r.direct(n, b)
		if words == nil {
			words = own[:r.lane.start[b.to]-r.lane.start[b.from]]
			r.load(n, b, words)
		}
		fn(b, words)
	}
}

// count returns how many users match.
func (r *reader) count(n *node) int {
	total := 0
	r.each(n, func(_ stretch, words []uint64) { total += ones(words) })
	return total
}

// slots returns the users who match, in order.
func (r *reader) slots(n *node, total int) []uint32 {
	out := make([]uint32, 0, total)
	r.each(n, func(b stretch, words []uint64) {
		for c := b.from; c < b.to; c++ {
			slots := r.order.chunks[c].slots
			for i, word := range r.words(words, b, c) {
				for ; word != 0; word &= word - 1 {
					out = append(out, slots[i<<6+bits.TrailingZeros64(word)])
				}
			}
		}
	})
	return out
}

// countChunks writes how many users of each chunk match to counts, and returns their sum.
func (r *reader) countChunks(b stretch, words []uint64, counts []int32) int {
	total := 0
	for c := b.from; c < b.to; c++ {
		k := ones(r.words(words, b, c))
		counts[c] = int32(k) //nolint:gosec // at most rowMax
		total += k
	}
	return total
}

func ones(words []uint64) int {
	n := 0
	for _, word := range words {
		n += bits.OnesCount64(word)
	}
	return n
}
