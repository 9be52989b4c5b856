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
	bucket uint16
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

// load writes the users of a chunk whom the range covers to dst, which has a word for each of valid. Where the digits
// don't say it of some, those are in the unsure parts of the users by bucket.
func (c *buckets) load(d *digits, valid, dst []uint64) (unsure [2][]uint16) {
	from, to := 0, len(d.sorted)
	if !c.lo.open {
		below, through := d.rank(c.lo.bucket)
		if from = below; !c.lo.sharp {
			from, unsure[0] = through, d.sorted[below:through]
		}
	}
	if !c.hi.open {
		below, through := d.rank(c.hi.bucket)
		if to = below; !c.hi.sharp && (c.lo.open || c.lo.sharp || c.lo.bucket != c.hi.bucket) {
			unsure[1] = d.sorted[below:through]
		}
	}
	d.loadSorted(from, max(from, to), valid, dst)
	return unsure
}
