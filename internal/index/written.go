package index

import (
	"iter"
	"slices"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// inherit takes over the texts of the users of before, which the view was made from, unless another view has done so:
// where views part, a place in a page is not that of one record any more.
func (v *View) inherit(before *View, contextChanged bool) {
	v.extended = &atomic.Bool{}
	if contextChanged {
		v.context = v.version
	}
	if v.lineage != nil && before.extended.Swap(true) {
		v.lineage = newLineage()
	}
}

// written is [roster.Page.Written] for the users in slots.
func (v *View) written(
	slots []uint32,
) func(form roster.Form, write func([]byte, *roster.User) []byte) iter.Seq[[]byte] {
	return func(form roster.Form, write func([]byte, *roster.User) []byte) iter.Seq[[]byte] {
		return func(yield func([]byte) bool) {
			w := &writing{View: v, write: write, mask: masksOf(form.Shows)}
			if v.lineage != nil && form.Name != "" {
				w.table = v.lineage.table(formKey{form.Name, v.context}, len(v.pages))
				w.keeps = len(slots) <= mostKept
			}
			w.all(slots, yield)
		}
	}
}

// mostKept is how many users a list may have for their texts to be kept: longer ones are rarely asked for again, and
// would drive out those that are.
const mostKept = 4 << 10

// writing is one way through the texts of users.
type writing struct {
	*View

	table formTable // nil where none are kept
	keeps bool
	write func([]byte, *roster.User) []byte
	mask  uint64 // of what is decoded
	cell  *cell  // nil until a user is decoded
	buf   []byte // of the texts that are made
	found [ahead][]byte
	recs  [ahead]rec // of users whose texts are not found
	ahead byte       // a use for what was read ahead
}

// ahead is how many texts are looked up before the first of them is used: the processor then waits for the memory of
// many at the same time.
const ahead = 32

func (w *writing) all(slots []uint32, yield func([]byte) bool) {
	for some := range slices.Chunk(slots, ahead) {
		if w.look(some) < len(some) {
			w.read(some)
		} else {
			w.touch(len(some))
		}
		for i, slot := range some {
			text := w.found[i]
			if text == nil {
				text = w.make(slot, w.recs[i])
			}
			if !yield(text) {
				return
			}
		}
	}
}

// look sets found to the texts of users that are known, and returns how many are.
func (w *writing) look(slots []uint32) (known int) {
	clear(w.found[:])
	if w.table == nil {
		return 0
	}
	for i, slot := range slots {
		page := w.pages[slot>>rowBits]
		forms := w.table[slot>>rowBits].Load()
		if forms == nil || forms.generation != page.generation {
			continue
		}
		at := int(slot & (rowMax - 1))
		if w.found[i] = forms.find(at, page.word[at]); w.found[i] != nil {
			known++
		}
		if !forms.used.Load() {
			forms.used.Store(true)
		}
	}
	w.forms.hits.Add(uint64(known))
	w.forms.misses.Add(uint64(len(slots) - known))
	return known
}

// touch reads a byte of each line of memory that the first n texts lie in, as [cell.touch] does of records: they are
// about to be copied, one after the other, and come from all over the memory.
func (w *writing) touch(n int) {
	const line = 64
	sum := w.ahead
	for _, text := range w.found[:n] {
		for i := 0; i < len(text); i += line {
			sum += text[i]
		}
	}
	w.ahead = sum
}

// read sets recs to the records of users whose texts are not known, and reads a little of each.
func (w *writing) read(slots []uint32) {
	if w.cell == nil {
		w.cell = newCell()
		w.cell.reuses = true
	}
	for i, slot := range slots {
		if w.found[i] == nil {
			w.recs[i] = w.rec(slot)
		}
	}
	for i := range slots {
		if w.found[i] == nil {
			w.cell.touch(w.recs[i])
		}
	}
}

// make makes the text of a user, and keeps it.
func (w *writing) make(slot uint32, r rec) []byte {
	w.buf = w.write(w.buf[:0], w.fill(w.cell.decode(r, w.mask)))
	if w.table != nil && w.keeps {
		page, at := w.pages[slot>>rowBits], int(slot&(rowMax-1))
		if forms := w.formPage(slot>>rowBits, page.generation); forms != nil {
			w.forms.keep(forms, at, page.word[at], w.buf)
		}
	}
	return w.buf
}

// formPage returns where the texts of a page are kept, or nil where there is no room or they are those of a later
// generation.
func (w *writing) formPage(i, generation uint32) *formPage {
	home := w.table[i]
	for {
		p := home.Load()
		if p != nil && p.generation == generation {
			return p
		}
		if p != nil && p.generation > generation {
			return nil
		}
		if !w.forms.admits() {
			return nil
		}
		made := newFormPage(home, generation)
		if home.CompareAndSwap(p, made) {
			return made
		}
	}
}
