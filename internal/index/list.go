package index

import (
	"cmp"
	"slices"

	"github.com/roster-dev/roster"
)

// list is the records of one type, by number and then by id.
type list[E roster.Entity] []E

func compareEntities[E roster.Entity](a, b E) int {
	x, y := a.Key().ID, b.Key().ID
	return cmp.Or(cmp.Compare(a.Keys().Number, b.Keys().Number), x.Compare(y))
}

// with returns a copy of l with a record added, or put in the place of the one with its id.
func (l list[E]) with(e E) list[E] {
	out := l.without(e.Key().ID)
	i, _ := slices.BinarySearchFunc(out, e, compareEntities)
	return slices.Insert(out, i, e)
}

// without returns a copy of l without the record that has an id.
func (l list[E]) without(id roster.ID) list[E] {
	return slices.DeleteFunc(append(make(list[E], 0, len(l)+1), l...), func(e E) bool { return e.Key().ID == id })
}

// put returns l with op's record, or without it where op deletes it.
func (l list[E]) put(id roster.ID, after roster.Entity) list[E] {
	if e, ok := after.(E); ok {
		return l.with(e)
	}
	return l.without(id)
}

// numbered returns the record with a number, or none.
func numbered[E roster.Entity](l list[E], number int64) (e E) {
	i, found := slices.BinarySearchFunc(l, number, func(e E, n int64) int { return cmp.Compare(e.Keys().Number, n) })
	if found {
		return l[i]
	}
	return e
}
