package index

import (
	"math/bits"
	"sync/atomic"
)

// grants is who has a permission bit by a group, as far as queries have asked. Views share it while neither groups nor
// their members change.
type grants struct{ byBit [64]atomic.Pointer[slotSet] }

// granted returns the users who have any bit of a mask by a group.
func (c *compiler) granted(mask int64) *node {
	set := c.newSet()
	for left := uint64(mask); left != 0; left &= left - 1 { //nolint:gosec // bits are bits
		one := c.grantedBit(bits.TrailingZeros64(left))
		if left == uint64(mask) && left&(left-1) == 0 { //nolint:gosec // as above
			return setNode(one)
		}
		set.join(one)
	}
	return setNode(set.done())
}

func (c *compiler) grantedBit(bit int) *slotSet {
	known := &c.grants.byBit[bit]
	// Users without groups may have come since, in slots beyond.
	if set := known.Load(); set != nil && (set.dense == nil || len(set.dense) >= len(c.pages)*rowWords) {
		return set
	}
	own := *c.View
	own.lease = nil // what is kept must not be given back
	into := own.newSet()
	for number, mask := range c.masks {
		if mask>>bit&1 != 0 {
			c.groups.each(number, func(slots []uint32) { into.add(slots...) })
		}
	}
	set := into.done()
	known.Store(set)
	return set
}

// join adds the slots of a set that has as many bits or more.
func (s *slotSets) join(other *slotSet) {
	s.add(other.list...)
	if other.dense == nil {
		return
	}
	s.spread()
	for i := range s.set.dense {
		s.set.dense[i] |= other.dense[i]
	}
}

func (g *grants) bytes() int {
	n := 0
	for i := range g.byBit {
		if set := g.byBit[i].Load(); set != nil {
			n += 4*cap(set.list) + 8*cap(set.dense)
		}
	}
	return n
}
