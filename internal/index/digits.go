package index

import (
	"slices"
	"sync/atomic"
)

// digitsTable has the digits of each chunk of an order, once they are made, as they are after a change: users may move
// in the order that the digits tell of while the chunk stays as it is.
type digitsTable struct {
	at   *logged
	list []atomic.Pointer[digits]
}

// digitsTable returns the table of digits for a walk through an order, brought up to date, or nil where there can't be
// one: for a view that is older than the table.
func (v *View) digitsTable(walked *order, s *scale) *digitsTable {
	l := v.laneOf(walked)
	at := &l.digits[s.home]
	t, now := at.Load(), v.log.last()
	if t != nil && t.at == now {
		return t
	}
	if t != nil && t.at.after(now) {
		return nil
	}
	next := &digitsTable{now, make([]atomic.Pointer[digits], len(walked.chunks))}
	if t != nil {
		if slots, ok := v.log.since(t.at); ok {
			for i := range t.list {
				next.list[i].Store(t.list[i].Load())
			}
			v.patchDigits(walked, s, next, slots)
		}
	}
	at.Store(next)
	return next
}

// patchDigits corrects the digits of users who have changed.
func (v *View) patchDigits(walked *order, s *scale, t *digitsTable, slots []uint32) {
	for _, slot := range slots {
		if !v.live(slot) {
			continue
		}
		at := v.find(walked, slot)
		d := t.list[at.chunk].Load()
		if d == nil || d.scale != s {
			continue
		}
		if bucket := v.bucketOf(s, slot); bucket != d.at(at.pos) {
			t.list[at.chunk].Store(d.with(at.pos, bucket))
		}
	}
}

// digitsOf returns the digits of the users of a chunk.
func (v *View) digitsOf(s *scale, t *digitsTable, walked *order, chunk int) *digits {
	if d := t.list[chunk].Load(); d != nil && d.scale == s {
		return d
	}
	d := v.makeDigits(s, walked.chunks[chunk].slots)
	t.list[chunk].Store(d)
	return d
}

// digits are a chunk's users by the number of their bucket: all of them in that order, and as bits by position, for
// each value of the number's highest digit but the last, those who have it or less.
type digits struct {
	scale   *scale
	width   int
	planes  []uint64
	sorted  []uint16 // positions by bucket
	buckets []uint16 // of the users in sorted
	start   [digitMax + 2]uint16
}

// The number of a bucket has 16 bits, of which a digit is the highest four.
const (
	bucketBits = 16
	digitShift = 12
	digitMax   = 1<<(bucketBits-digitShift) - 1
)

// makeDigits returns the digits of the users of a chunk.
func (v *View) makeDigits(s *scale, slots []uint32) *digits {
	var buckets [rowMax]uint16
	looked := 0
	for i, slot := range slots {
		if page := int(slot >> rowBits); page < len(s.owners) && s.owners[page] == v.pages[page].owner {
			buckets[i] = s.ids[slot]
		} else {
			buckets[i] = v.bucketOf(s, slot)
			looked++
		}
	}
	s.wear.Add(int64(looked))
	return newDigits(s, buckets[:len(slots)])
}

// newDigits returns the digits of users whose buckets are known by position.
func newDigits(s *scale, buckets []uint16) *digits {
	n := len(buckets)
	w := (n + 63) / 64
	d := &digits{scale: s, width: w, planes: make([]uint64, digitMax*w), sorted: make([]uint16, n)}
	var byLow [rowMax]uint16
	for i := range n {
		byLow[i] = uint16(i)
		if value := buckets[i] >> digitShift; value < digitMax {
			d.planes[int(value)*w+i>>6] |= 1 << (i & 63)
		}
	}
	for i := w; i < len(d.planes); i++ {
		d.planes[i] |= d.planes[i-w]
	}
	distribute(d.sorted, byLow[:n], buckets, 0)
	distribute(byLow[:n], d.sorted, buckets, 8)
	copy(d.sorted, byLow[:])
	d.buckets = make([]uint16, n)
	for i, pos := range d.sorted {
		d.buckets[i] = buckets[pos]
		d.start[buckets[pos]>>digitShift+1]++
	}
	for i := range digitMax + 1 {
		d.start[i+1] += d.start[i]
	}
	return d
}

// distribute writes positions to dst in the order of eight bits of their buckets, and else as they are.
func distribute(dst, positions, buckets []uint16, shift int) {
	var next [257]uint16
	for _, b := range buckets {
		next[b>>shift&255+1]++
	}
	for i := range 256 {
		next[i+1] += next[i]
	}
	for _, pos := range positions {
		at := &next[buckets[pos]>>shift&255]
		dst[*at] = pos
		*at++
	}
}

// rank returns how many users are in lower buckets than one, and how many in those and in it.
func (d *digits) rank(bucket uint16) (below, through int) {
	lo, hi := int(d.start[bucket>>digitShift]), int(d.start[bucket>>digitShift+1])
	for lo < hi {
		if mid := (lo + hi) / 2; d.buckets[mid] < bucket {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	below = lo
	for lo < len(d.buckets) && d.buckets[lo] == bucket {
		lo++
	}
	return below, lo
}

// loadSorted writes some of the users by bucket to dst.
func (d *digits) loadSorted(from, to int, valid, dst []uint64) {
	const few = 64
	if to-from <= few {
		clear(dst)
		d.flip(from, to, dst)
		return
	}
	low, high := d.digitAt(from), d.digitAt(to)
	switch {
	case to == len(d.sorted):
		copy(dst, valid)
	case high == 0:
		clear(dst)
	default:
		copy(dst, d.planes[(high-1)*d.width:])
	}
	if to < len(d.sorted) {
		d.flip(int(d.start[high]), to, dst)
	}
	if low > 0 {
		for i, word := range d.planes[(low-1)*d.width : low*d.width] {
			dst[i] &^= word
		}
	}
	d.flip(int(d.start[low]), from, dst)
}

// digitAt returns the digit of the user at a place of sorted, or the last one.
func (d *digits) digitAt(i int) int {
	if i == len(d.buckets) {
		return digitMax
	}
	return int(d.buckets[i] >> digitShift)
}

// flip turns the bits of some of the users by bucket.
func (d *digits) flip(from, to int, dst []uint64) {
	for _, pos := range d.sorted[from:to] {
		dst[pos>>6] ^= 1 << (pos & 63)
	}
}

// touch reads from the pieces of memory that are needed about a bucket.
func (d *digits) touch(bucket uint16) (sum uint64) {
	const line = 8
	value := int(bucket >> digitShift)
	for at := max(0, value-1) * d.width; at < max(1, value)*d.width; at += line {
		sum += d.planes[at]
	}
	for at := int(d.start[value]); at < int(d.start[value+1]); at += 4 * line {
		sum += uint64(d.sorted[at]) + uint64(d.buckets[at])
	}
	return sum
}

// at returns the bucket of the user at a position.
func (d *digits) at(pos int) uint16 {
	return d.buckets[slices.Index(d.sorted, uint16(pos))] //nolint:gosec // below rowMax
}

// with returns a copy of d in which the user at a position is in another bucket.
func (d *digits) with(pos int, bucket uint16) *digits {
	var buckets [rowMax]uint16
	for i, p := range d.sorted {
		buckets[p] = d.buckets[i]
	}
	buckets[pos] = bucket
	return newDigits(d.scale, buckets[:len(d.sorted)])
}
