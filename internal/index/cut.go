package index

// buckets is a range of an order as the buckets that it covers.
type buckets struct {
	scale  *scale
	lo, hi limit
	tables [orderCount]*digitsTable // of the orders that are walked
}

// limit is where a range begins or ends: it covers the buckets from one on, or those below one. Of that bucket itself
// it covers some users, unless it is sharp.
type limit struct {
	open   bool // nothing is cut off
	sharp  bool
	bucket int
}

// cutRanges finds out the buckets of the ranges of a tree in orders other than the one that is walked. It reports
// whether it could.
func (v *View) cutRanges(n *node, walked *order) bool {
	if n.op == opRange && n.order != walked {
		if !v.cutRange(n, walked) {
			return false
		}
	}
	for _, k := range n.kids {
		if !v.cutRanges(k, walked) {
			return false
		}
	}
	return true
}

func (v *View) cutRange(n *node, walked *order) bool {
	if n.cut == nil {
		s := v.scaleOf(n.order)
		if s == nil {
			return false
		}
		n.cut = &buckets{scale: s, lo: v.limitAt(n.order, s, n.span.lo), hi: v.limitAt(n.order, s, n.span.hi)}
	}
	at := v.indexOf(walked)
	if !v.lanes.admit(n.cut.scale.home, at, v.limits.pairs) {
		return false
	}
	n.cut.tables[at] = v.digitsTable(walked, n.cut.scale)
	return n.cut.tables[at] != nil
}

// limitAt returns the limit at a place of an order.
func (v *View) limitAt(o *order, s *scale, at loc) limit {
	before, ok := o.before(at)
	if !ok || at.chunk == len(o.chunks) {
		return limit{open: true}
	}
	c := o.chunks[at.chunk]
	if at.pos == len(c.slots) {
		return v.limitAt(o, s, loc{at.chunk + 1, 0})
	}
	bucket := v.bucketOf(s, c.slots[at.pos])
	return limit{sharp: v.bucketOf(s, before) < bucket, bucket: bucket}
}

// before returns the slot before a place.
func (o *order) before(at loc) (slot uint32, ok bool) {
	if at.pos > 0 {
		return o.chunks[at.chunk].slots[at.pos-1], true
	}
	if at.chunk == 0 {
		return 0, false
	}
	slots := o.chunks[at.chunk-1].slots
	return slots[len(slots)-1], true
}

// load writes the users of a chunk whom the range covers to dst and those of whom the digits don't say to unsure, both
// with as many words as valid, which has a bit for each user. It reports whether there are any of the latter.
func (c *buckets) load(d *digits, valid, dst, unsure []uint64) bool {
	var none bitmap
	if c.lo.open {
		copy(dst, valid)
		clear(unsure)
	} else {
		c.loadFrom(d.split(c.lo.bucket, valid, none[:]), valid, dst, unsure)
	}
	if !c.hi.open {
		c.cutAt(d.split(c.hi.bucket, valid, none[:]), dst, unsure)
	}
	some := uint64(0)
	for _, word := range unsure {
		some |= word
	}
	return some != 0
}

// loadFrom writes the users from the lower limit on.
func (c *buckets) loadFrom(at split, valid, dst, unsure []uint64) {
	sharp := uint64(0)
	if c.lo.sharp {
		sharp = ^uint64(0)
	}
	for i := range dst {
		below, equal := at.word(i)
		unsure[i] = equal &^ sharp
		dst[i] = valid[i] &^ (below | unsure[i])
	}
}

// cutAt leaves out the users from the upper limit on.
func (c *buckets) cutAt(at split, dst, unsure []uint64) {
	sharp := uint64(0)
	if c.hi.sharp {
		sharp = ^uint64(0)
	}
	for i := range dst {
		below, equal := at.word(i)
		unsure[i] = unsure[i]&(below|equal) | dst[i]&equal&^sharp
		dst[i] &= below
	}
}
