package index

import (
	"math/bits"
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
		if bucket := v.bucketOf(s, slot); bucket != d.number(at.pos) {
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

// digits are the numbers of the buckets of a chunk's users: two digits of four bits as bits by position, for each
// value but the last one those who have it or less, and the rest of eight bits as it is.
type digits struct {
	scale  *scale
	width  int
	planes []uint64
	low    []uint8
}

const digitPlanes = 15

// makeDigits returns the digits of the users of a chunk.
func (v *View) makeDigits(s *scale, slots []uint32) *digits {
	w := (len(slots) + 63) / 64
	d := &digits{s, w, make([]uint64, 2*digitPlanes*w), make([]uint8, len(slots))}
	looked := 0
	for i, slot := range slots {
		var id int
		if page := int(slot >> rowBits); page < len(s.owners) && s.owners[page] == v.pages[page].owner {
			id = int(s.ids[slot])
		} else {
			id = v.bucketOf(s, slot)
			looked++
		}
		if high := id >> 12; high < digitPlanes {
			d.planes[high*w+i>>6] |= 1 << (i & 63)
		}
		if mid := id >> 8 & 15; mid < digitPlanes {
			d.planes[(digitPlanes+mid)*w+i>>6] |= 1 << (i & 63)
		}
		d.low[i] = uint8(id) //nolint:gosec // its low bits
	}
	accumulate(d.planes[:digitPlanes*w], w)
	accumulate(d.planes[digitPlanes*w:], w)
	s.wear.Add(int64(looked))
	return d
}

// accumulate makes of planes of single values planes of all values up to each.
func accumulate(planes []uint64, w int) {
	for i := w; i < len(planes); i++ {
		planes[i] |= planes[i-w]
	}
}

// digit returns the users with a digit below a value, and those with that value or below.
func (d *digits) digit(which, value int, zero *bitmap, valid []uint64) (below, through []uint64) {
	at := (which*digitPlanes + value) * d.width
	below, through = zero[:d.width], valid
	if value > 0 {
		below = d.planes[at-d.width : at]
	}
	if value < digitPlanes {
		through = d.planes[at : at+d.width]
	}
	return below, through
}

// split writes the users in buckets below one, and those in it. valid has a bit for each user.
func (d *digits) split(bucket int, valid []uint64, below, equal *bitmap) {
	var zero bitmap
	high, highEnd := d.digit(0, bucket>>12, &zero, valid)
	mid, midEnd := d.digit(1, bucket>>8&15, &zero, valid)
	low := uint8(bucket) //nolint:gosec // its low bits
	for i := range d.width {
		same := highEnd[i] &^ high[i]
		under := high[i] | same&mid[i]
		same &= midEnd[i] &^ mid[i]
		var is uint64
		for left := same; left != 0; left &= left - 1 {
			bit := left & -left
			switch l := d.low[i<<6+bits.TrailingZeros64(left)]; {
			case l < low:
				under |= bit
			case l == low:
				is |= bit
			}
		}
		below[i], equal[i] = under, is
	}
}

// number returns the bucket of the user at a position.
func (d *digits) number(pos int) int {
	return d.value(0, pos)<<12 | d.value(1, pos)<<8 | int(d.low[pos])
}

func (d *digits) value(which, pos int) int {
	for value := range digitPlanes {
		if d.planes[(which*digitPlanes+value)*d.width+pos>>6]>>(pos&63)&1 != 0 {
			return value
		}
	}
	return digitPlanes
}

// with returns a copy of d in which the user at a position is in another bucket.
func (d *digits) with(pos, bucket int) *digits {
	c := *d
	c.planes, c.low = slices.Clone(d.planes), slices.Clone(d.low)
	for which, digit := range [...]int{bucket >> 12, bucket >> 8 & 15} {
		for value := range digitPlanes {
			word := &c.planes[(which*digitPlanes+value)*c.width+pos>>6]
			*word &^= 1 << (pos & 63)
			if value >= digit {
				*word |= 1 << (pos & 63)
			}
		}
	}
	c.low[pos] = uint8(bucket) //nolint:gosec // its low bits
	return &c
}
