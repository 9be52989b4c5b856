package index

import (
	"math/bits"
	"slices"

	"github.com/roster-dev/roster"
)

// ordering is what a query's users are ordered by: keys, and then numbers, descending where tieDesc says so.
type ordering struct {
	keys    []sortKey
	tieDesc bool
}

// window returns the slots from offset on, at most limit, of those that match n, and how many match. A tree for which
// a short list of slots is enough is answered from that; else one without sets of slots is evaluated on the chunks of
// orders; else it is evaluated on pages and the order walked past the slots that were found.
func (v *View) window(n *node, by ordering, offset, limit int) (slots []uint32, total int) {
	if few := n.few(); few != nil {
		return v.windowFew(n, few, by, offset, limit)
	}
	w := v.newWalk(by)
	if n.any(opSlots) || !v.cutRanges(n, w.order) {
		hits := v.hits((&compiler{View: v}).paged(n))
		if w.sortIsCheaper(hits.n, offset, limit) {
			return v.sorted(hits.slots(), by, offset, limit), hits.n
		}
		w.hits, w.node = hits, setNode(hits)
		return w.window(w.countHits(), offset, limit)
	}
	w.node, w.reader = n, v.newReader(w.order)
	home := n.home(w.order)
	if home == nil {
		return w.window(w.count(), offset, limit)
	}
	at := v.newReader(home)
	total = w.countAt(at)
	if total > offset && w.sortingIsLess(total, offset, limit) {
		return v.sorted(at.slots(n, total), by, offset, limit), total
	}
	return w.window(total, offset, limit)
}

// sortingIsLess reports whether sorting all hits is less work than walking the order by its digits to the window:
// looking at a chunk takes about as long as sorting one hit.
func (w *walk) sortingIsLess(hits, offset, limit int) bool {
	const always = 128
	end := offset + min(limit, hits-offset)
	return hits <= always || hits*hits < min(end, hits-offset)*len(w.order.chunks)
}

// home returns the order of which all ranges of a tree are that are not of the walked one, if there are any and no
// others.
func (n *node) home(walked *order) *order {
	var homes []*order
	n.ranges(&homes)
	if len(homes) == 1 && homes[0] != walked {
		return homes[0]
	}
	return nil
}

// ranges appends the orders that the tree has ranges of.
func (n *node) ranges(orders *[]*order) {
	if n.op == opRange && !slices.Contains(*orders, n.order) {
		*orders = append(*orders, n.order)
	}
	for _, k := range n.kids {
		k.ranges(orders)
	}
}

func (v *View) windowFew(n *node, few *slotSet, by ordering, offset, limit int) ([]uint32, int) {
	var slots []uint32
	for _, slot := range few.list {
		if v.live(slot) && v.holds(n, slot) {
			slots = append(slots, slot)
		}
	}
	return v.sorted(slots, by, offset, limit), len(slots)
}

func (v *View) live(slot uint32) bool {
	return v.pages[slot>>rowBits].live.has(int(slot & (rowMax - 1)))
}

// hits returns the users that match a tree without ranges.
func (v *View) hits(n *node) *slotSet {
	set := &slotSet{dense: v.dense()}
	for i, p := range v.pages {
		b := (*bitmap)(set.dense[i*rowWords:])
		n.load(frame{&p.rows, i, true}, b)
		for j := range b {
			b[j] &= p.live[j]
		}
		set.n += b.count()
	}
	return set
}

// part is the users of one rank in the keys of enumerations that an ordering begins with.
type part struct {
	node   *node
	total  int
	counts []int32 // by chunk; -1 where it was not counted yet
}

// walk goes through an order in search of a window.
type walk struct {
	*View
	order  *order
	desc   bool
	node   *node
	hits   *slotSet // what node matches, where it can't be evaluated on chunks
	reader *reader  // what evaluates it, where that can be done on chunks
	parts  []part
	rest   ordering // how runs of equal keys in the order are ordered
	runs   bool     // whether they need to be
}

func (v *View) newWalk(by ordering) *walk {
	parts, keys := partition(by.keys)
	w := &walk{View: v, parts: parts, order: v.orders[0], desc: by.tieDesc, rest: ordering{nil, by.tieDesc}}
	if len(keys) > 0 {
		w.order, w.desc = v.order(keys[0].field), keys[0].desc
		w.rest.keys = keys[1:]
		w.runs = keys[0].field != roster.FieldNumber && (len(keys) > 1 || w.desc != by.tieDesc)
	}
	return w
}

// partition cuts the users by the enumerations that keys begin with, and returns the remaining keys.
func partition(keys []sortKey) ([]part, []sortKey) {
	nodes := []*node{constant(true)}
	for len(keys) > 0 && keys[0].flag >= 0 {
		var finer []*node
		for _, n := range nodes {
			for _, class := range ranked(keys[0]) {
				finer = append(finer, and(n, class))
			}
		}
		nodes, keys = finer, keys[1:]
	}
	parts := make([]part, len(nodes))
	for i, n := range nodes {
		parts[i].node = n
	}
	return parts, keys
}

// ranked returns the values of an enumeration in the order of a key; values of equal rank are one.
func ranked(k sortKey) []*node {
	first := firstClass(k.field)
	byRank := map[int64]*node{}
	var order []int64
	for i := range k.field.Info().Enum {
		rank := int64(i)
		if len(k.ranks) > 0 {
			rank = k.ranks[i]
		}
		if byRank[rank] == nil {
			byRank[rank] = constant(false)
			order = append(order, rank)
		}
		byRank[rank] = or(byRank[rank], classNode(first+i))
	}
	slices.Sort(order)
	if k.desc {
		slices.Reverse(order)
	}
	nodes := make([]*node, len(order))
	for i, rank := range order {
		nodes[i] = byRank[rank]
	}
	return nodes
}

// sortIsCheaper reports whether sorting all hits costs less than walking the order to the window.
func (w *walk) sortIsCheaper(hits, offset, limit int) bool {
	const perHit = 250 // what sorting a hit costs in steps of a walk
	if hits == 0 {
		return true
	}
	end := hits
	if limit < hits-min(offset, hits) {
		end = offset + limit
	}
	steps := float64(min(end, hits-min(offset, hits))) / float64(hits) * float64(w.users)
	return float64(hits*perHit) < steps+rowMax
}

// load writes the rows of a chunk that match to dst.
func (w *walk) load(chunk int, dst *bitmap) {
	c := w.order.chunks[chunk]
	*dst = bitmap{}
	if w.hits == nil {
		w.reader.load(w.node, stretch{chunk, chunk + 1}, dst[:c.rows.width()])
		return
	}
	if c.run {
		copyBits(dst[:], 0, w.hits.dense, int(c.slots[0]), len(c.slots))
		return
	}
	dense, slots := w.hits.dense, c.slots
	for i := 0; len(slots) > 0; i++ {
		part := slots[:min(64, len(slots))]
		word := uint64(0)
		for _, slot := range part {
			word = word>>1 | dense[slot>>6]>>(slot&63)<<63
		}
		dst[i], slots = word>>(64-len(part)), slots[len(part):]
	}
}

// countIn returns how many of some slots are in a set with bits. Two sums let the processor look at two slots at once.
func (s *slotSet) countIn(slots []uint32) int {
	var even, odd uint64
	dense := s.dense
	for ; len(slots) >= 4; slots = slots[4:] {
		a, b, c, d := slots[0], slots[1], slots[2], slots[3]
		even += dense[a>>6]>>(a&63)&1 + dense[b>>6]>>(b&63)&1
		odd += dense[c>>6]>>(c&63)&1 + dense[d>>6]>>(d&63)&1
	}
	for _, slot := range slots {
		even += dense[slot>>6] >> (slot & 63) & 1
	}
	return int(even + odd)
}

// loadPart is load for the users of one part.
func (w *walk) loadPart(p *part, chunk int, dst *bitmap) {
	w.load(chunk, dst)
	if p.node.op != opTrue {
		restrict(dst, p.node, frame{&w.order.chunks[chunk].rows, chunk, false})
	}
}

func restrict(b *bitmap, n *node, f frame) {
	var own bitmap
	n.load(f, &own)
	for i := range b {
		b[i] &= own[i]
	}
}

// countBoth returns how many rows of b match n too.
func countBoth(b *bitmap, n *node, f frame) int {
	if n.op == opClass && !f.rows.full.has(n.class) {
		if !f.rows.some.has(n.class) {
			return 0
		}
		total := 0
		for i, word := range f.rows.slice(n.class) {
			total += bits.OnesCount64(word & b[i])
		}
		return total
	}
	own := *b
	restrict(&own, n, f)
	return own.count()
}

// count fills in the totals of all parts, and by chunk, and returns their sum.
func (w *walk) count() int {
	var unknown []*part
	for i := range w.parts {
		p := &w.parts[i]
		if t := w.reader.lane.tally(and(w.node, p.node)); t != nil {
			p.counts, p.total = t.counts, t.total
			continue
		}
		p.counts = make([]int32, len(w.order.chunks))
		unknown = append(unknown, p)
	}
	w.countParts(unknown)
	total := 0
	for i := range w.parts {
		total += w.parts[i].total
	}
	return total
}

// countParts adds to the totals of some parts, and by chunk.
func (w *walk) countParts(parts []*part) {
	if len(parts) == 0 {
		return
	}
	var own [blockWords]uint64
	w.reader.each(w.node, func(b stretch, words []uint64) {
		for _, p := range parts {
			p.total += w.reader.countChunks(b, w.reader.partOf(p, b, words, own[:len(words)]), p.counts)
		}
	})
}

// partOf returns the users of a stretch who are in a part, which may be words itself.
func (r *reader) partOf(p *part, b stretch, words, dst []uint64) []uint64 {
	if p.node.op == opTrue {
		return words
	}
	own := r.direct(p.node, b)
	if own == nil {
		r.load(p.node, b, dst)
		own = dst
	}
	combine(opAnd, dst, words, own)
	return dst
}

// countAt fills in the totals of all parts by means of another order, and returns their sum. The counts by chunk are
// left for later.
func (w *walk) countAt(r *reader) int {
	total := 0
	for i := range w.parts {
		p := &w.parts[i]
		p.counts = slices.Repeat([]int32{-1}, len(w.order.chunks))
		p.total = r.count(and(w.node, p.node))
		total += p.total
	}
	return total
}

// countBlock fills in the counts of a part in the chunks about one.
func (w *walk) countBlock(p *part, chunk int) {
	var own, dst [blockWords]uint64
	from := chunk &^ (blockChunks - 1)
	b := stretch{from, min(from+blockChunks, len(w.order.chunks))}
	words := w.reader.direct(w.node, b)
	if words == nil {
		words = own[:w.reader.lane.start[b.to]-w.reader.lane.start[b.from]]
		w.reader.load(w.node, b, words)
	}
	w.reader.countChunks(b, w.reader.partOf(p, b, words, dst[:len(words)]), p.counts)
}

// countHits is count where the hits are known by slot: it leaves the counts by chunk for later.
func (w *walk) countHits() int {
	for i := range w.parts {
		p := &w.parts[i]
		p.counts = slices.Repeat([]int32{-1}, len(w.order.chunks))
		if p.node.op == opTrue {
			p.total = w.hits.n
			continue
		}
		for j, page := range w.pages {
			p.total += countBoth((*bitmap)(w.hits.dense[j*rowWords:]), p.node, frame{&page.rows, j, true})
		}
	}
	return w.hits.n
}

// inChunk returns how many users of a part match in a chunk.
func (w *walk) inChunk(p *part, chunk int) int {
	switch {
	case p.counts[chunk] >= 0:
	case w.hits == nil:
		w.countBlock(p, chunk)
	case p.node.op == opTrue && !w.order.chunks[chunk].run:
		p.counts[chunk] = int32(w.hits.countIn(w.order.chunks[chunk].slots)) //nolint:gosec // at most rowMax
	default:
		var b bitmap
		w.loadPart(p, chunk, &b)
		p.counts[chunk] = int32(b.count()) //nolint:gosec // at most rowMax
	}
	return int(p.counts[chunk])
}

// window returns the users of a window, and how many there are at all.
func (w *walk) window(total, offset, limit int) ([]uint32, int) {
	if offset >= total {
		return nil, total
	}
	return w.slots(offset, limit), total
}

// slots returns the window.
func (w *walk) slots(offset, limit int) []uint32 {
	var out []uint32
	for i := range w.parts {
		p := &w.parts[i]
		if offset >= p.total {
			offset -= p.total
			continue
		}
		n := min(limit, p.total-offset)
		out = append(out, w.partSlots(p, offset, n)...)
		offset, limit = 0, limit-n
		if limit == 0 {
			break
		}
	}
	return out
}

// partSlots returns n users of a part from offset on; there are so many.
func (w *walk) partSlots(p *part, offset, n int) []uint32 {
	from := offset
	if w.desc {
		from = p.total - offset - n
	}
	slots := w.gather(p, from, n)
	if w.desc {
		slices.Reverse(slots)
	}
	if w.runs {
		w.orderRuns(p, slots)
	}
	return slots
}

// gather returns n users of a part in ascending order, from the one at place from on.
func (w *walk) gather(p *part, from, n int) []uint32 {
	chunk, skip := w.locate(p, from)
	out := make([]uint32, 0, n)
	var b bitmap
	for ; len(out) < n; chunk++ {
		if w.inChunk(p, chunk) == 0 {
			continue
		}
		w.loadPart(p, chunk, &b)
		out = b.pick(w.order.chunks[chunk].slots, skip, out)
		skip = 0
	}
	return out
}

// locate returns the chunk of the user at place from, and how many of its users come before. It counts from the
// nearer end.
func (w *walk) locate(p *part, from int) (chunk, skip int) {
	if from <= p.total/2 {
		for w.inChunk(p, chunk) <= from {
			from -= w.inChunk(p, chunk)
			chunk++
		}
		return chunk, from
	}
	chunk = len(w.order.chunks) - 1
	left := p.total - from // users from the one at from to the end
	for w.inChunk(p, chunk) < left {
		left -= w.inChunk(p, chunk)
		chunk--
	}
	return chunk, w.inChunk(p, chunk) - left
}
