package index

import (
	"slices"
	"sync/atomic"
)

// arena is an append-only array that views share: each view sees the length it knows of, and what lies within it
// never changes. A writer that holds the longest view of the array appends in place; any other one copies first what
// was appended, so that two views made from the same one never write to the same place. The base is never copied.
type arena[T byte | uint64] struct {
	base []T
	more []T           // what was appended to the base
	end  *atomic.Int64 // how much of the array behind more is taken, by whichever view
}

func (a *arena[T]) size() int { return len(a.base) + len(a.more) }

// from returns what lies at i and after.
func (a *arena[T]) from(i int) []T {
	if i < len(a.base) {
		return a.base[i:]
	}
	return a.more[i-len(a.base):]
}

// add returns the arena with values at its end.
func (a *arena[T]) add(values []T) arena[T] {
	n, size := len(a.more), len(a.more)+len(values)
	if a.end != nil && size <= cap(a.more) && a.end.CompareAndSwap(int64(n), int64(size)) {
		return arena[T]{a.base, append(a.more, values...), a.end}
	}
	grown := arena[T]{a.base, make([]T, n, size+size/2), new(atomic.Int64)}
	copy(grown.more, a.more)
	grown.more = append(grown.more, values...)
	grown.end.Store(int64(size))
	return grown
}

// packed returns the arena as a base alone.
func (a *arena[T]) packed() arena[T] {
	return arena[T]{base: slices.Concat(a.base, a.more)}
}
