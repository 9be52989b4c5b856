package index

import (
	"math"
	"slices"
	"sort"

	"github.com/roster-dev/roster"
)

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
	owner *edit // who may write to slots
	slots []uint32
	rows  rows
}

// order is the slots of all users by the key of one field and then by number.
type order struct {
	owner  *edit
	field  roster.Field
	src    source
	chunks []*chunk
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
func (v *View) seek(o *order, k key, number int64) loc {
	c := sort.Search(len(o.chunks), func(i int) bool {
		slots := o.chunks[i].slots
		return v.compare(o, slots[len(slots)-1], k, number) >= 0
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

// each calls fn with the slots of s in order, a part of a chunk at a time.
func (o *order) each(s span, fn func(slots []uint32)) {
	for c := s.lo.chunk; c < len(o.chunks) && c <= s.hi.chunk; c++ {
		slots := o.chunks[c].slots
		if c == s.hi.chunk {
			slots = slots[:s.hi.pos]
		}
		if c == s.lo.chunk {
			slots = slots[min(s.lo.pos, len(slots)):]
		}
		if len(slots) > 0 {
			fn(slots)
		}
	}
}

func (o *order) clone(owner *edit) *order {
	return &order{owner: owner, field: o.field, src: o.src, chunks: slices.Clone(o.chunks)}
}

// chunkAt returns the chunk at i, ready to be written to.
func (o *order) chunkAt(i int) *chunk {
	c := o.chunks[i]
	if c.owner != o.owner {
		slots := append(make([]uint32, 0, min(rowMax, len(c.slots)+len(c.slots)/8+8)), c.slots...)
		c = &chunk{o.owner, slots, c.rows}
		o.chunks[i] = c
	}
	return c
}

// insert adds a slot, whose record is in place, to the order.
func (v *View) insert(o *order, slot uint32, p profile) {
	r := v.rec(slot)
	at := v.seek(o, o.src.key(r), r.word(wordNumber))
	if len(o.chunks) == 0 {
		o.chunks = []*chunk{{owner: o.owner}}
	} else if at.chunk == len(o.chunks) {
		at = loc{at.chunk - 1, len(o.chunks[at.chunk-1].slots)}
	}
	if len(o.chunks[at.chunk].slots) == rowMax {
		at = v.split(o, at)
	}
	c := o.chunkAt(at.chunk)
	c.slots = slices.Insert(c.slots, at.pos, slot)
	c.rows = c.rows.insert(at.pos, p)
}

// split makes room in the full chunk at a place and returns the place that it has become. What is appended to the
// order gets a chunk of its own, so that chunks stay full where keys only grow.
func (v *View) split(o *order, at loc) loc {
	old := o.chunks[at.chunk].slots
	half := rowMax / 2
	if at.pos == rowMax {
		o.chunks = slices.Insert(o.chunks, at.chunk+1, &chunk{owner: o.owner})
		return loc{at.chunk + 1, 0}
	}
	o.chunks[at.chunk] = v.newChunk(o.owner, slices.Clone(old[:half]))
	o.chunks = slices.Insert(o.chunks, at.chunk+1, v.newChunk(o.owner, slices.Clone(old[half:])))
	if at.pos > half {
		return loc{at.chunk + 1, at.pos - half}
	}
	return at
}

func (v *View) newChunk(owner *edit, slots []uint32) *chunk {
	rows := makeRows(len(slots), func(i int) profile { return v.profile(slots[i]) })
	return &chunk{owner, slots, rows}
}

// profile returns the classes of the user in a slot.
func (v *View) profile(slot uint32) profile { return v.dict.profile(v.rec(slot)) }

// find returns the place of the user in a slot.
func (v *View) find(o *order, slot uint32) loc {
	r := v.rec(slot)
	return v.seek(o, o.src.key(r), r.word(wordNumber))
}

// remove takes a slot, whose record is still in place, out of the order.
func (v *View) remove(o *order, slot uint32) {
	at := v.find(o, slot)
	c := o.chunkAt(at.chunk)
	c.slots = slices.Delete(c.slots, at.pos, at.pos+1)
	c.rows = c.rows.remove(at.pos)
	if len(c.slots) == 0 {
		o.chunks = slices.Delete(o.chunks, at.chunk, at.chunk+1)
		return
	}
	if len(c.slots) < chunkSmall {
		v.join(o, at.chunk)
	}
}

// join puts a small chunk together with the one behind it where they fit into one.
func (v *View) join(o *order, i int) {
	if i+1 == len(o.chunks) || len(o.chunks[i].slots)+len(o.chunks[i+1].slots) > chunkFill {
		return
	}
	slots := slices.Concat(o.chunks[i].slots, o.chunks[i+1].slots)
	o.chunks[i] = v.newChunk(o.owner, slots)
	o.chunks = slices.Delete(o.chunks, i+1, i+2)
}

// reclass replaces the classes of a slot, whose record is still the old one.
func (v *View) reclass(o *order, slot uint32, p profile) {
	at := v.find(o, slot)
	c := *o.chunks[at.chunk]
	c.rows = c.rows.set(at.pos, p)
	o.chunks[at.chunk] = &c
}

func (o *order) bytes() int {
	n := 8 * cap(o.chunks)
	for _, c := range o.chunks {
		n += 200 + 4*cap(c.slots) + 8*cap(c.rows.words) + 2*cap(c.rows.count)
	}
	return n
}
