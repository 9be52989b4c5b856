package index

// merger puts the rows of a chunk or page together from runs of the old ones and single new ones.
type merger struct {
	old   *rows
	slots []uint32 // of the old rows; nil on a page
	runs  []row
	next  int // the first old row that is not taken yet
}

// row is n old rows from one on, or a new one where n is 0.
type row struct {
	from, n int
	*touch
}

func (r row) size() int { return max(r.n, 1) }

// keep takes the old rows up to one.
func (m *merger) keep(to int) {
	if to > m.next {
		m.runs = append(m.runs, row{from: m.next, n: to - m.next})
		m.next = to
	}
}

func (m *merger) insert(at int, t *touch) {
	m.keep(at)
	m.runs = append(m.runs, row{touch: t})
}

func (m *merger) remove(at int) {
	m.keep(at)
	m.next = at + 1
}

func (m *merger) set(at int, t *touch) {
	m.remove(at)
	m.runs = append(m.runs, row{touch: t})
}

// finish takes what is left of the old rows.
func (m *merger) finish() { m.keep(m.old.n) }

// parts cuts the rows into as many runs of runs as there have to be chunks. What is appended to an order fills its
// chunks, so that they are full where keys only grow; else all get the same size.
func (m *merger) parts(appended bool) [][]row {
	total := 0
	for _, r := range m.runs {
		total += r.size()
	}
	if total == 0 {
		return nil
	}
	size := rowMax
	if total > rowMax && !appended {
		n := (total + chunkFill - 1) / chunkFill
		size = (total + n - 1) / n
	}
	if total <= size {
		return [][]row{m.runs}
	}
	var parts [][]row
	var part []row
	room := size
	for _, r := range m.runs {
		for r.size() > room {
			part = append(part, row{from: r.from, n: room})
			r.from, r.n = r.from+room, r.n-room
			parts, part, room = append(parts, part), nil, size
		}
		part = append(part, r)
		if room -= r.size(); room == 0 {
			parts, part, room = append(parts, part), nil, size
		}
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// gather returns the slots of some runs.
func (m *merger) gather(runs []row) []uint32 {
	n := 0
	for _, r := range runs {
		n += r.size()
	}
	slots := make([]uint32, 0, n)
	for _, r := range runs {
		if r.n > 0 {
			slots = append(slots, m.slots[r.from:r.from+r.n]...)
		} else {
			slots = append(slots, r.slot)
		}
	}
	return slots
}

// rows returns the classes of some runs.
func (m *merger) rows(runs []row) rows {
	n := 0
	every, some := m.old.full, m.old.full
	some.union(m.old.some)
	for _, r := range runs {
		n += r.size()
		if r.n == 0 {
			some.union(r.now)
			every.intersect(r.now)
		}
	}
	some.subtract(every)
	out := newRows(n, some.size())
	out.full = every
	some.each(func(class int) { m.class(class, runs, &out) })
	return out
}

// class adds a class of some runs to out.
func (m *merger) class(class int, runs []row, out *rows) {
	at, w := len(out.words), out.width()
	dst := out.words[at : at+w]
	full := m.old.full.has(class)
	var src []uint64
	if m.old.some.has(class) {
		src = m.old.slice(class)
	}
	to := 0
	for _, r := range runs {
		switch {
		case r.n == 0 && r.now.has(class):
			dst[to>>6] |= 1 << (to & 63)
		case r.n == 0:
		case full:
			setBits(dst, to, r.n)
		case src != nil:
			copyBits(dst, to, src, r.from, r.n)
		}
		to += r.size()
	}
	out.adopt(class, dst)
}

// copyBits writes n bits of src from a place on to a place in dst, where there must be zeros.
func copyBits(dst []uint64, to int, src []uint64, from, n int) {
	for n > 0 {
		take := min(n, 64-to&63)
		word := src[from>>6] >> (from & 63)
		if i := from>>6 + 1; from&63 != 0 && i < len(src) {
			word |= src[i] << (64 - from&63)
		}
		dst[to>>6] |= word & (^uint64(0) >> (64 - take)) << (to & 63)
		from, to, n = from+take, to+take, n-take
	}
}

// setBits sets n bits of dst from a place on.
func setBits(dst []uint64, to, n int) {
	for n > 0 {
		take := min(n, 64-to&63)
		dst[to>>6] |= ^uint64(0) >> (64 - take) << (to & 63)
		to, n = to+take, n-take
	}
}
