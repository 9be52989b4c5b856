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
		if bucket := v.bucketOf(s, slot); bucket != d.bucket(at.pos) {
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

// digits are the numbers of the buckets of a chunk's users, as digits of four bits: for each value of each digit but
// the last value, the users who have it or less, by position.
type digits struct {
	scale  *scale
	width  int
	planes []uint64
}

const (
	digitCount  = 3
	digitPlanes = 15
)

// digit returns a digit of the number of a bucket, the highest first.
func digit(bucket, which int) int { return bucket >> (4 * (digitCount - 1 - which)) & 15 }

// makeDigits returns the digits of the users of a chunk.
func (v *View) makeDigits(s *scale, slots []uint32) *digits {
	w := (len(slots) + 63) / 64
	d := &digits{s, w, make([]uint64, digitCount*digitPlanes*w)}
	looked := 0
	for i, slot := range slots {
		var bucket int
		if page := int(slot >> rowBits); page < len(s.owners) && s.owners[page] == v.pages[page].owner {
			bucket = int(s.ids[slot])
		} else {
			bucket = v.bucketOf(s, slot)
			looked++
		}
		for which := range digitCount {
			if value := digit(bucket, which); value < digitPlanes {
				d.planes[(which*digitPlanes+value)*w+i>>6] |= 1 << (i & 63)
			}
		}
	}
	for which := range digitCount {
		accumulate(d.planes[which*digitPlanes*w:(which+1)*digitPlanes*w], w)
	}
	s.wear.Add(int64(looked))
	return d
}

// accumulate makes of planes of single values planes of all values up to each.
func accumulate(planes []uint64, w int) {
	for i := w; i < len(planes); i++ {
		planes[i] |= planes[i-w]
	}
}

// split is the digits of a chunk at a bucket: for each digit, the users with less, and those with as much or less.
type split [digitCount]struct{ below, through []uint64 }

// split returns d at a bucket. valid has a bit for each user, none has none.
func (d *digits) split(bucket int, valid, none []uint64) (s split) {
	for which := range s {
		value := digit(bucket, which)
		at := (which*digitPlanes + value) * d.width
		s[which].below, s[which].through = none[:d.width], valid[:d.width]
		if value > 0 {
			s[which].below = d.planes[at-d.width : at]
		}
		if value < digitPlanes {
			s[which].through = d.planes[at : at+d.width]
		}
	}
	return s
}

// word returns the users in the buckets below that of the split, and those in it.
func (s *split) word(i int) (below, equal uint64) {
	a, b, c := s[0].below[i], s[1].below[i], s[2].below[i]
	sameA, sameB, sameC := s[0].through[i]&^a, s[1].through[i]&^b, s[2].through[i]&^c
	return a | sameA&(b|sameB&c), sameA & sameB & sameC
}

// bucket returns the bucket of the user at a position.
func (d *digits) bucket(pos int) int {
	bucket := 0
	for which := range digitCount {
		value := 0
		for value < digitPlanes && d.planes[(which*digitPlanes+value)*d.width+pos>>6]>>(pos&63)&1 == 0 {
			value++
		}
		bucket = bucket<<4 | value
	}
	return bucket
}

// with returns a copy of d in which the user at a position is in another bucket.
func (d *digits) with(pos, bucket int) *digits {
	c := &digits{d.scale, d.width, slices.Clone(d.planes)}
	for which := range digitCount {
		for value := range digitPlanes {
			word := &c.planes[(which*digitPlanes+value)*c.width+pos>>6]
			*word &^= 1 << (pos & 63)
			if value >= digit(bucket, which) {
				*word |= 1 << (pos & 63)
			}
		}
	}
	return c
}
