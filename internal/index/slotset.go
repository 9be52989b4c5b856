package index

import (
	"math/bits"
	"slices"
	"sync"
)

// slotSet is a set of slots: a sorted list while it is small, a bit for each slot when it is not.
type slotSet struct {
	list  []uint32
	dense []uint64 // rowWords words for each page; nil while list is used
	n     int
}

// listMax is how many slots a list may hold.
const listMax = 4096

// slotSets collects slots, in any order and repeatedly.
type slotSets struct {
	view  *View
	set   slotSet
	marks []uint64 // for intersect
}

func (v *View) newSet() *slotSets { return &slotSets{view: v} }

// lease is the large arrays that a query uses, which it gives back to be used by other ones.
type lease struct {
	pool  *sync.Pool
	taken []*[]uint64
}

// dense returns an array of a bit for each slot, with anything in it.
func (v *View) dense() []uint64 {
	n := len(v.pages) * rowWords
	if v.lease == nil {
		return make([]uint64, n)
	}
	array, ok := v.lease.pool.Get().(*[]uint64)
	if !ok || cap(*array) < n {
		fresh := make([]uint64, n)
		array = &fresh
	}
	v.lease.taken = append(v.lease.taken, array)
	return (*array)[:n]
}

func (l *lease) giveBack() {
	for _, array := range l.taken {
		l.pool.Put(array)
	}
}

func (s *slotSets) add(slots ...uint32) {
	if s.set.dense == nil && len(s.set.list)+len(slots) <= listMax {
		s.set.list = append(s.set.list, slots...)
		return
	}
	s.spread()
	dense := s.set.dense
	for _, slot := range slots {
		dense[slot>>6] |= 1 << (slot & 63)
	}
}

// addRun adds slots that are consecutive numbers.
func (s *slotSets) addRun(slots []uint32) {
	if len(slots) < 64 || s.set.dense == nil && len(s.set.list)+len(slots) <= listMax {
		s.add(slots...)
		return
	}
	s.spread()
	setBits(s.set.dense, int(slots[0]), len(slots))
}

func (s *slotSets) spread() {
	if s.set.dense != nil {
		return
	}
	s.set.dense = s.view.dense()
	clear(s.set.dense)
	for _, slot := range s.set.list {
		s.set.dense[slot>>6] |= 1 << (slot & 63)
	}
	s.set.list = nil
}

// done returns the set of what was added.
func (s *slotSets) done() *slotSet {
	if s.set.dense == nil {
		slices.Sort(s.set.list)
		s.set.list = slices.Compact(s.set.list)
		s.set.n = len(s.set.list)
		return &s.set
	}
	for _, word := range s.set.dense {
		s.set.n += bits.OnesCount64(word)
	}
	return &s.set
}

func (s *slotSet) has(slot uint32) bool {
	if s.dense != nil {
		return s.dense[slot>>6]>>(slot&63)&1 != 0
	}
	_, found := slices.BinarySearch(s.list, slot)
	return found
}

// load writes the slots of a page to dst.
func (s *slotSet) load(page int, dst *bitmap) {
	if s.dense != nil {
		*dst = bitmap(s.dense[page*rowWords:])
		return
	}
	*dst = bitmap{}
	first := uint32(page << rowBits) //nolint:gosec // slots are 32 bits
	i, _ := slices.BinarySearch(s.list, first)
	for ; i < len(s.list) && s.list[i]>>rowBits == first>>rowBits; i++ {
		dst.set(int(s.list[i]&(rowMax-1)), true)
	}
}

// each calls fn with every slot, ascending.
func (s *slotSet) each(fn func(slot uint32)) {
	for _, slot := range s.list {
		fn(slot)
	}
	for i, word := range s.dense {
		for ; word != 0; word &= word - 1 {
			fn(uint32(i<<6 + bits.TrailingZeros64(word))) //nolint:gosec // slots are 32 bits
		}
	}
}

// slots returns all slots, ascending.
func (s *slotSet) slots() []uint32 {
	if s.dense == nil {
		return s.list
	}
	out := make([]uint32, 0, s.n)
	s.each(func(slot uint32) { out = append(out, slot) })
	return out
}

// pick appends the slots whose bits are set to out, but for the first skip of them and as far as out has room.
func (b *bitmap) pick(slots []uint32, skip int, out []uint32) []uint32 {
	for i, word := range b {
		if n := bits.OnesCount64(word); skip >= n {
			skip -= n
			continue
		}
		for ; skip > 0; skip-- {
			word &= word - 1
		}
		for ; word != 0; word &= word - 1 {
			if len(out) == cap(out) {
				return out
			}
			out = append(out, slots[i<<6+bits.TrailingZeros64(word)])
		}
	}
	return out
}

// first returns the lowest bit; b must have one.
func (b *bitmap) first() int {
	for i, word := range b {
		if word != 0 {
			return i<<6 + bits.TrailingZeros64(word)
		}
	}
	panic("index: the bitmap is empty")
}
