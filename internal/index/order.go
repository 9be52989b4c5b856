package index

import (
	"math"
	"sort"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// orderCount is how many orders there are.
const orderCount = 11

// orderFields are the fields that have an order of their own. The order of numbers is the first.
func orderFields() []roster.Field {
	return []roster.Field{
		roster.FieldNumber, roster.FieldID, roster.FieldIdentifier, roster.FieldEmail, roster.FieldName,
		roster.FieldCreatedAt, roster.FieldUpdatedAt, roster.FieldLastLoginAt, roster.FieldLastActionAt,
		roster.FieldCreatedBy, roster.FieldUpdatedBy,
	}
}

// chunkFill is how many slots a chunk gets when an order is built: it leaves room to insert without a split.
const (
	chunkFill  = rowMax * 3 / 4
	chunkSmall = rowMax / 8
)

// chunk is a run of an order with the classes of its users.
type chunk struct {
	slots []uint32
	rows  rows
	high  uint64 // the prefix of its last key
	run   bool   // whether slots are consecutive numbers, ascending, as they are where users were added in order
}

// order is the slots of all users by the key of one field and then by number.
type order struct {
	field  roster.Field
	src    source
	chunks []*chunk
	lane   atomic.Pointer[lane] // once a query has walked it
	// pending is nil where chunks are there from the start; else they are once it is made: see ready.
	pending *pending
}

// loc is a place in an order: before the slot at pos of a chunk. The end is {len(chunks), 0}.
type loc struct{ chunk, pos int }

func (l loc) before(m loc) bool { return l.chunk < m.chunk || l.chunk == m.chunk && l.pos < m.pos }

// span is the slots between two places.
type span struct{ lo, hi loc }

func (v *View) rec(slot uint32) rec { return v.pages[slot>>rowBits].rec(int(slot & (rowMax - 1))) }

// compare compares the user in a slot with a place in the order.
func (v *View) compare(o *order, slot uint32, k key, number int64) int {
	r := v.rec(slot)
	if c := o.src.key(r).compare(k); c != 0 {
		return c
	}
	switch n := r.word(wordNumber); {
	case n < number:
		return -1
	case n > number:
		return 1
	default:
		return 0
	}
}

// seek returns the place of the first user that is not before (k, number).
func (v *View) seek(o *order, k key, number int64) loc { return v.seekFrom(o, 0, k, number) }

// seekFrom is seek where the place is known not to be before a chunk.
func (v *View) seekFrom(o *order, from int, k key, number int64) loc {
	prefix, decides := k.prefix(), o.src.hasPrefix(k)
	c := from + sort.Search(len(o.chunks)-from, func(i int) bool {
		c := o.chunks[from+i]
		if decides && c.high != prefix {
			return c.high > prefix
		}
		return v.compare(o, c.slots[len(c.slots)-1], k, number) >= 0
	})
	if c == len(o.chunks) {
		return loc{c, 0}
	}
	slots := o.chunks[c].slots
	pos := sort.Search(len(slots), func(i int) bool { return v.compare(o, slots[i], k, number) >= 0 })
	return loc{c, pos}
}

// below returns the place of the first user whose key is not below k.
func (v *View) below(o *order, k key) loc { return v.seek(o, k, math.MinInt64) }

// through returns the place behind the last user whose key is k or below.
func (v *View) through(o *order, k key) loc { return v.seek(o, k, math.MaxInt64) }

// size returns how many slots s holds.
func (o *order) size(s span) int {
	if !s.lo.before(s.hi) {
		return 0
	}
	n := s.hi.pos - s.lo.pos
	for c := s.lo.chunk; c < s.hi.chunk; c++ {
		n += len(o.chunks[c].slots)
	}
	return n
}

// addSpan adds the slots of a span to a set.
func (o *order) addSpan(s span, set *slotSets) {
	for c := s.lo.chunk; c < len(o.chunks) && c <= s.hi.chunk; c++ {
		slots := o.chunks[c].slots
		if c == s.hi.chunk {
			slots = slots[:s.hi.pos]
		}
		if c == s.lo.chunk {
			slots = slots[min(s.lo.pos, len(slots)):]
		}
		if o.chunks[c].run {
			set.addRun(slots)
		} else {
			set.add(slots...)
		}
	}
}

// newChunk returns the chunk of slots with known classes.
func (v *View) newChunk(src source, slots []uint32, r rows) *chunk {
	return &chunk{slots, r, src.key(v.rec(slots[len(slots)-1])).prefix(), isRun(slots)}
}

func isRun(slots []uint32) bool {
	for i, slot := range slots {
		if slot != slots[0]+uint32(i) {
			return false
		}
	}
	return true
}

// profile returns the classes of the user in a slot.
func (v *View) profile(slot uint32) profile { return v.dict.profile(v.rec(slot)) }

// find returns the place of the user in a slot.
func (v *View) find(o *order, slot uint32) loc {
	r := v.rec(slot)
	return v.seek(o, o.src.key(r), r.word(wordNumber))
}

func (o *order) bytes() int {
	n := 8 * cap(o.chunks)
	for _, c := range o.chunks {
		n += 200 + 4*cap(c.slots) + 8*cap(c.rows.words) + 2*cap(c.rows.count)
	}
	return n
}
