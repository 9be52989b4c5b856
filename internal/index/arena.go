package index

import "sync/atomic"

// arena is an append-only array that views share: each view sees the length it knows of, and what lies within it never
// changes. A writer that holds the longest view of the array appends in place; any other one copies first, so that two
// views made from the same one never write to the same place.
type arena[T byte | uint64] struct {
	data []T
	end  *atomic.Int64 // how much of the array behind data is taken, by whichever view
}

// add appends vals and returns the longer arena.
func (a arena[T]) add(vals []T) arena[T] {
	n, size := len(a.data), len(a.data)+len(vals)
	if a.end != nil && size <= cap(a.data) && a.end.CompareAndSwap(int64(n), int64(size)) {
		return arena[T]{append(a.data, vals...), a.end}
	}
	grown := arena[T]{make([]T, n, size+size/8), new(atomic.Int64)}
	copy(grown.data, a.data)
	grown.data = append(grown.data, vals...)
	grown.end.Store(int64(size))
	return grown
}
