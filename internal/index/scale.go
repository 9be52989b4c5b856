package index

import (
	"math"
	"sort"
	"sync/atomic"
)

// scale cuts the users by the field of an order into buckets of about the same size, numbered in its order with
// bucketBits, so that a range is known in other orders by the buckets that it covers. The limits of the buckets stay
// as they are while users come and go: when that has made finding out too slow, the scale is made again.
type scale struct {
	home   int // the order
	src    source
	bounds []uint64 // the lowest prefix of each bucket, ascending; the first is 0
	ids    []uint16 // the bucket of each slot of the pages that owners made
	owners []*edit
	users  int
	wear   atomic.Int64 // the records that had to be looked at
}

// maxBuckets leaves room for the buckets that single prefixes get.
const maxBuckets = 1<<bucketBits - 1<<12

// scaleOf returns the scale of an order, or nil while somebody else makes it.
func (v *View) scaleOf(o *order) *scale {
	at := &v.lanes.scales[v.indexOf(o)]
	s := at.Load()
	if s != nil && s.wear.Load() <= int64(s.users) {
		return s
	}
	if !v.lanes.making.TryLock() {
		return s
	}
	defer v.lanes.making.Unlock()
	if made := at.Load(); made != s {
		return made
	}
	s = v.makeScale(o)
	at.Store(s)
	return s
}

func (v *View) makeScale(o *order) *scale {
	s := &scale{home: v.indexOf(o), src: o.src, users: v.users, ids: make([]uint16, len(v.pages)<<rowBits)}
	for _, p := range v.pages {
		s.owners = append(s.owners, p.owner)
	}
	all := make([]uint32, 0, v.users)
	for _, c := range o.chunks {
		all = append(all, c.slots...)
	}
	starts := v.bound(s, all)
	for i, start := range starts {
		end := len(all)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		id := s.number(i)
		for _, slot := range all[start:end] {
			s.ids[slot] = id
		}
	}
	return s
}

// bound sets the limits of the buckets for slots in order, and returns where each begins. A prefix that fills a bucket
// has one of its own.
func (v *View) bound(s *scale, all []uint32) (starts []int) {
	prefix := func(i int) uint64 { return s.src.key(v.rec(all[i])).prefix() }
	count := min(max(1, len(all)/max(1, v.limits.perBucket)), maxBuckets)
	step := max(1, len(all)/count)
	last, start := uint64(0), 0
	s.bounds, starts = []uint64{0}, []int{0}
	add := func(p uint64, from, to int) {
		last, start = p, from+sort.Search(to-from, func(i int) bool { return prefix(from+i) >= p })
		s.bounds, starts = append(s.bounds, p), append(starts, start)
	}
	for at := step; at < len(all); at = max(at, start) + step {
		switch p := prefix(at); {
		case p > last && prefix(at-1) < p:
			add(p, at, at)
		case p > last:
			add(p, start, at)
		case p < math.MaxUint64:
			add(p+1, at, len(all))
		}
	}
	if n := len(all); n > 0 && last < math.MaxUint64 && prefix(n-1) == math.MaxUint64 {
		add(math.MaxUint64, start, n)
	}
	return starts
}

// number returns the number of the ith bucket. They are spread so that all digits are made use of.
func (s *scale) number(i int) uint16 {
	return uint16(i << bucketBits / len(s.bounds)) //nolint:gosec // i is below the length
}

// bucket returns the number of the bucket of a prefix.
func (s *scale) bucket(prefix uint64) uint16 {
	lo, hi := 0, len(s.bounds)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; s.bounds[mid] <= prefix {
			lo = mid
		} else {
			hi = mid
		}
	}
	return s.number(lo)
}

// bucketOf returns the number of the bucket of the user in a slot.
func (v *View) bucketOf(s *scale, slot uint32) uint16 {
	return s.bucket(s.src.key(v.rec(slot)).prefix())
}
