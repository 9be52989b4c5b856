package index

import (
	"slices"
	"sync"
	"sync/atomic"
)

// limits says what queries may derive from a view.
type limits struct {
	rangeMin  int // the most users for whom a range is a list of slots
	perBucket int // how many users a bucket of a scale has
	pairs     int // the most orders with digits for other orders, of all pairs
	planes    int // the most planes of a lane
}

func usualLimits() limits { return limits{rangeMin: 512, perBucket: 16, pairs: 8, planes: 24} }

// lanes is what queries have derived from the orders and pages of an organization's views, for all of its views.
type lanes struct {
	latest [orderCount]atomic.Pointer[lane] // by order: what the next one is derived from
	scales [orderCount]atomic.Pointer[scale]
	making sync.Mutex // held by who makes a scale
	pairs  [orderCount][orderCount]atomic.Bool
	paired atomic.Int32 // how many pairs there are
}

// lane is an order's bits side by side: those of all chunks in one array for each class, so that a filter goes through
// memory in a straight line. It is made for an order when a query first walks it, and its parts when they are first
// asked for. A lane is derived from that of another version as far as both have the same chunks.
type lane struct {
	chunks []*chunk // of the order: what is kept of older ones is no more than an order for each that queries walk
	start  []int32  // the first word of each chunk, and the end
	valid  []uint64 // a bit for each user: the last word of a chunk may have room for more
	planes [classMax]atomic.Pointer[plane]
	many   atomic.Int32 // how many planes there are
	// tallies are by class, and at the end that of everybody.
	tallies [classMax + 1]atomic.Pointer[tally]
	digits  [orderCount]atomic.Pointer[digitsTable]
	base    atomic.Pointer[lane] // what planes are copied from, as far as kept says
	kept    []keptChunks
}

// plane is the users of a class.
type plane []uint64

// tally is how many users of a class there are, and how many each chunk has. It is not changed.
type tally struct {
	counts []int32
	total  int
}

// keptChunks is n chunks that a lane has from one on and its base from another on.
type keptChunks struct{ to, from, n int }

// laneOf returns the lane of an order of the view.
func (v *View) laneOf(o *order) *lane {
	if l := o.lane.Load(); l != nil {
		return l
	}
	latest := &v.lanes.latest[v.indexOf(o)]
	l := newLane(o, latest.Load())
	o.lane.Store(l)
	latest.Store(l)
	return l
}

func (v *View) indexOf(o *order) int { return slices.Index(v.orders, o) }

func newLane(o *order, base *lane) *lane {
	n := len(o.chunks)
	l := &lane{chunks: o.chunks, start: make([]int32, n+1)}
	if base == nil {
		base = &lane{start: make([]int32, 1)}
	}
	l.kept = sameChunks(o.chunks, base.chunks)
	words := make([]uint64, 0, len(base.valid)+4*rowWords)
	next := 0
	for _, k := range append(l.kept, keptChunks{to: n}) {
		for ; next < k.to; next++ {
			var b bitmap
			b.fill(len(o.chunks[next].slots))
			words = append(words, b[:o.chunks[next].rows.width()]...)
			l.start[next+1] = int32(len(words)) //nolint:gosec // a word for up to 64 of 1<<32 slots
		}
		for i := range k.n {
			l.start[next+1] = l.start[next] + base.start[k.from+i+1] - base.start[k.from+i]
			next++
		}
		words = append(words, base.valid[base.start[k.from]:base.start[k.from+k.n]]...)
	}
	l.valid = words
	l.derive(base)
	return l
}

// derive takes from another lane what both have.
func (l *lane) derive(base *lane) {
	base.base.Store(nil) // so that older ones can go
	l.base.Store(base)
	for f := range l.digits {
		old := base.digits[f].Load()
		if old == nil {
			continue
		}
		next := &digitsTable{old.at, make([]atomic.Pointer[digits], len(l.chunks))}
		for _, k := range l.kept {
			for i := range k.n {
				next.list[k.to+i].Store(old.list[k.from+i].Load())
			}
		}
		l.digits[f].Store(next)
	}
}

// sameChunks returns runs of chunks that are in both lists. It may miss some where much has changed.
func sameChunks(now, old []*chunk) (kept []keptChunks) {
	i, j := 0, 0
	for i < len(now) && j < len(old) {
		n := 0
		for i+n < len(now) && j+n < len(old) && now[i+n] == old[j+n] {
			n++
		}
		if n > 0 {
			kept = append(kept, keptChunks{i, j, n})
		}
		a, b := nextSame(now[i+n:], old[j+n:])
		i, j = i+n+a, j+n+b
	}
	return kept
}

// nextSame returns how many of two lists to skip to where they go on alike, if that is not far.
func nextSame(now, old []*chunk) (a, b int) {
	const far = 8
	for skip := 1; skip <= far; skip++ {
		for a = range min(skip+1, len(now)) {
			if b = skip - a; b < len(old) && now[a] == old[b] {
				return a, b
			}
		}
	}
	return 1, 1
}

// plane returns the users of a class, or nil where there would be too many planes.
func (l *lane) plane(o *order, class, most int) plane {
	if p := l.planes[class].Load(); p != nil {
		return *p
	}
	if int(l.many.Add(1)) > most {
		l.many.Add(-1)
		return nil
	}
	p := make(plane, len(l.valid))
	next := 0
	for _, k := range l.fromBase(class, p) {
		l.loadPlane(o, class, p, next, k.to)
		next = k.to + k.n
	}
	l.loadPlane(o, class, p, next, len(o.chunks))
	l.planes[class].Store(&p)
	return p
}

// tally returns how many users match a tree, where that takes no more than what chunks know of themselves; else nil.
func (l *lane) tally(n *node) *tally {
	at := classMax
	if n.op == opClass {
		at = n.class
	} else if n.op != opTrue {
		return nil
	}
	if t := l.tallies[at].Load(); t != nil {
		return t
	}
	t := &tally{counts: make([]int32, len(l.chunks))}
	for i, c := range l.chunks {
		size := c.rows.n
		if at < classMax {
			size = c.rows.size(at)
		}
		t.counts[i] = int32(size) //nolint:gosec // at most rowMax
		t.total += size
	}
	l.tallies[at].Store(t)
	return t
}

// fromBase copies a plane as far as the base has it, and returns the chunks for which it has.
func (l *lane) fromBase(class int, p plane) []keptChunks {
	base := l.base.Load()
	if base == nil {
		return nil
	}
	old := base.planes[class].Load()
	if old == nil {
		return nil
	}
	for _, k := range l.kept {
		copy(p[l.start[k.to]:l.start[k.to+k.n]], (*old)[base.start[k.from]:])
	}
	return l.kept
}

// loadPlane writes the users of a class in some chunks to p.
func (l *lane) loadPlane(o *order, class int, p plane, from, to int) {
	for i := from; i < to; i++ {
		l.loadChunk(o, class, i, p[l.start[i]:l.start[i+1]])
	}
}

func (l *lane) loadChunk(o *order, class, chunk int, dst []uint64) {
	switch r := &o.chunks[chunk].rows; {
	case r.full.has(class):
		copy(dst, l.valid[l.start[chunk]:])
	case r.some.has(class):
		copy(dst, r.slice(class))
	default:
		clear(dst)
	}
}

// admit reports whether digits of an order may be kept for another: for the first few pairs that are asked for.
func (l *lanes) admit(home, walked, most int) bool {
	pair := &l.pairs[home][walked]
	if pair.Load() {
		return true
	}
	if int(l.paired.Add(1)) > most {
		l.paired.Add(-1)
		return false
	}
	pair.Store(true)
	return true
}

// bytes returns how much memory the lanes of some orders and the scales take.
func (l *lanes) bytes(orders []*order) int {
	n := 0
	for _, o := range orders {
		if lane := o.lane.Load(); lane != nil {
			n += lane.bytes()
			if base := lane.base.Load(); base != nil {
				n += 8 * len(base.valid) * int(base.many.Load()+2)
			}
		}
	}
	for i := range l.scales {
		if s := l.scales[i].Load(); s != nil {
			n += 2*len(s.ids) + 8*len(s.bounds) + 8*len(s.owners)
		}
	}
	return n
}

func (l *lane) bytes() int {
	n := 4*len(l.chunks) + 8*len(l.valid)*int(l.many.Load()+1)
	for f := range l.digits {
		if t := l.digits[f].Load(); t != nil {
			n += 8 * len(t.list)
			for i := range t.list {
				if d := t.list[i].Load(); d != nil {
					n += 160 + 8*len(d.planes) + 4*len(d.sorted)
				}
			}
		}
	}
	return n
}
