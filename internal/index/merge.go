package index

import (
	"cmp"
	"slices"
)

// touch is a slot that a change is about: what it held in the view before and what it holds now.
type touch struct {
	slot          uint32
	was, is       bool // whether it holds a user
	before, after rec
	old, now      profile
}

// touch remembers a slot before it is written to for the first time.
func (e *editor) touch(slot uint32) {
	if e.touches == nil {
		e.touches = map[uint32]*touch{}
	}
	if e.touches[slot] != nil {
		return
	}
	t := &touch{slot: slot}
	if i, j := int(slot>>rowBits), int(slot&(rowMax-1)); i < len(e.base.pages) && e.base.pages[i].live.has(j) {
		t.was, t.before = true, e.base.rec(slot)
	}
	e.touches[slot] = t
	e.touched = append(e.touched, t)
}

// compareTouched finds out what the touched slots hold now, and returns those that have got other texts.
func (e *editor) compareTouched() (changed []uint32) {
	for _, t := range e.touched {
		if t.was {
			t.old = e.base.dict.profile(t.before)
		}
		if t.is = e.live(t.slot); !t.is {
			continue
		}
		t.after = e.rec(t.slot)
		t.now = e.dict.profile(t.after)
		if !t.was || !sameTexts(t.before, t.after) {
			changed = append(changed, t.slot)
		}
	}
	slices.SortFunc(e.touched, func(a, b *touch) int { return cmp.Compare(a.slot, b.slot) })
	return changed
}

// finishPages brings the classes of the touched pages up to date.
func (e *editor) finishPages() {
	for from := 0; from < len(e.touched); {
		i := e.touched[from].slot >> rowBits
		m := merger{old: &e.pages[i].rows}
		for ; from < len(e.touched) && e.touched[from].slot>>rowBits == i; from++ {
			t := e.touched[from]
			if at := int(t.slot & (rowMax - 1)); at >= m.old.n {
				m.insert(m.old.n, t)
			} else if t.old != t.now {
				m.set(at, t)
			}
		}
		if len(m.runs) > 0 {
			m.finish()
			e.pages[i].rows = m.rows(m.runs)
		}
	}
}

// finishOrders brings all orders up to date.
func (e *editor) finishOrders() {
	const worthSharing = 64
	orders := slices.Clone(e.orders)
	var jobs []func()
	for i, o := range e.orders {
		if len(e.touched) < worthSharing {
			orders[i] = e.merged(o)
		} else {
			jobs = append(jobs, func() { orders[i] = e.merged(o) })
		}
	}
	parallel(jobs)
	e.orders = orders
}

// move is what happens to a slot in an order.
type move struct {
	*touch
	key    key
	prefix uint64
	number int64
	verb   verb
	at     loc // in the order before the change
}

type verb uint8

const (
	moveIn verb = iota
	moveOut
	moveSet // to other classes, at the same place
)

// moves appends what happens to the slot in an order.
func (t *touch) moves(src source, out []move) []move {
	var before, after move
	if t.was {
		before = newMove(t, src.key(t.before), t.before, moveOut)
	}
	if t.is {
		after = newMove(t, src.key(t.after), t.after, moveIn)
	}
	if t.was && t.is && before.number == after.number && before.key == after.key {
		before.verb = moveSet
		if t.old == t.now {
			return out
		}
		return append(out, before)
	}
	if t.was {
		out = append(out, before)
	}
	if t.is {
		out = append(out, after)
	}
	return out
}

func newMove(t *touch, k key, r rec, v verb) move {
	return move{touch: t, key: k, prefix: k.prefix(), number: r.word(wordNumber), verb: v}
}

// moves returns what a change does to an order, by place.
func (e *editor) moves(o *order) []move {
	var out []move
	for _, t := range e.touched {
		out = t.moves(o.src, out)
	}
	slices.SortFunc(out, func(a, b move) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return cmp.Or(a.key.compare(b.key), cmp.Compare(a.number, b.number), cmp.Compare(a.verb, b.verb))
	})
	from := 0
	for i := range out {
		out[i].at = e.base.seekFrom(o, from, out[i].key, out[i].number)
		from = out[i].at.chunk
	}
	return out
}

// merged returns an order after the change.
func (e *editor) merged(o *order) *order {
	moves := e.moves(o)
	if len(moves) == 0 {
		return o
	}
	next := &order{field: o.field, src: o.src, chunks: make([]*chunk, 0, len(o.chunks)+1+len(moves)/rowMax)}
	done, last := 0, max(len(o.chunks)-1, 0)
	for len(moves) > 0 {
		c, n := min(moves[0].at.chunk, last), 1
		for n < len(moves) && min(moves[n].at.chunk, last) == c {
			n++
		}
		next.chunks = append(next.chunks, o.chunks[done:c]...)
		next.chunks = append(next.chunks, e.mergedChunk(o, c, moves[:n])...)
		next.chunks = e.joined(next)
		done, moves = min(c+1, len(o.chunks)), moves[n:]
	}
	next.chunks = append(next.chunks, o.chunks[done:]...)
	return next
}

// joined returns the chunks of o with a small last one put together with the one before it where they fit into one.
func (e *editor) joined(o *order) []*chunk {
	i := len(o.chunks) - 1
	if i < 1 || len(o.chunks[i].slots) >= chunkSmall || len(o.chunks[i-1].slots)+len(o.chunks[i].slots) > chunkFill {
		return o.chunks
	}
	slots := slices.Concat(o.chunks[i-1].slots, o.chunks[i].slots)
	rows := makeRows(len(slots), func(i int) profile { return e.profile(slots[i]) })
	return append(o.chunks[:i-1], e.newChunk(o.src, slots, rows))
}

// mergedChunk returns what becomes of a chunk: none where it gets empty, several where it gets too large.
func (e *editor) mergedChunk(o *order, c int, moves []move) []*chunk {
	old := &chunk{}
	if c < len(o.chunks) {
		old = o.chunks[c]
	}
	if patched, ok := old.patched(moves); ok {
		return []*chunk{patched}
	}
	m := merger{old: &old.rows, slots: old.slots, runs: make([]row, 0, 2*len(moves)+1)}
	for _, mv := range moves {
		pos := mv.at.pos
		if mv.at.chunk > c {
			pos = len(old.slots)
		}
		switch mv.verb {
		case moveIn:
			m.insert(pos, mv.touch)
		case moveOut:
			m.remove(pos)
		case moveSet:
			m.set(pos, mv.touch)
		}
	}
	appended := moves[0].at.chunk > c || moves[0].verb == moveIn && moves[0].at.pos == len(old.slots)
	m.finish()
	var out []*chunk
	for _, part := range m.parts(appended) {
		out = append(out, e.newChunk(o.src, m.gather(part), m.rows(part)))
	}
	return out
}

// patched returns a chunk in which users only change classes, and only to such that others of the chunk have or lack
// before and after.
func (c *chunk) patched(moves []move) (*chunk, bool) {
	for i := range moves {
		diff := moves[i].old
		for w := range diff {
			diff[w] = (diff[w] ^ moves[i].now[w]) &^ c.rows.some[w]
		}
		if moves[i].verb != moveSet || diff != (profile{}) {
			return nil, false
		}
	}
	next := *c
	next.rows.words, next.rows.count = slices.Clone(c.rows.words), slices.Clone(c.rows.count)
	for i := range moves {
		if !next.rows.patch(moves[i].at.pos, moves[i].old, moves[i].now) {
			return nil, false
		}
	}
	return &next, true
}
