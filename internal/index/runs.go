package index

// orderRuns puts the users of the window that are equal in the order that was walked into the order of the remaining
// keys.
func (w *walk) orderRuns(p *part, slots []uint32) {
	for i := 0; i < len(slots); {
		j := w.runEnd(slots, i)
		if i > 0 && j < len(slots) {
			w.sorted(slots[i:j], w.rest, 0, j-i)
		} else {
			w.orderEdge(p, slots[i:j], i == 0)
		}
		i = j
	}
}

// runEnd returns where the run that begins at i ends.
func (w *walk) runEnd(slots []uint32, i int) int {
	k := w.order.src.key(w.rec(slots[i]))
	j := i + 1
	for j < len(slots) && w.order.src.key(w.rec(slots[j])) == k {
		j++
	}
	return j
}

// orderEdge orders a run at an end of the window, which may be a part of a larger run: then other users of that run
// may have to take the place of those in it.
func (w *walk) orderEdge(p *part, run []uint32, first bool) {
	k := w.order.src.key(w.rec(run[0]))
	whole := span{w.below(w.order, k), w.through(w.order, k)}
	if w.order.size(whole) == len(run) {
		w.sorted(run, w.rest, 0, len(run))
		return
	}
	before := 0
	if first {
		at := w.find(w.order, run[0])
		if w.desc {
			before = w.countSpan(p, span{loc{at.chunk, at.pos + 1}, whole.hi})
		} else {
			before = w.countSpan(p, span{whole.lo, at})
		}
	}
	n := and(w.node, p.node, (&compiler{View: w.View}).ranged(w.order, whole, w.equal(k)))
	slots, _ := w.View.window(n, w.rest, before, len(run))
	copy(run, slots)
}

// equal returns the test of whether a record has a key.
func (w *walk) equal(k key) func(rec) bool {
	return func(r rec) bool { return w.order.src.key(r) == k }
}

// countSpan returns how many users of a part match in a span.
func (w *walk) countSpan(p *part, s span) int {
	total := 0
	var b bitmap
	for c := s.lo.chunk; c < len(w.order.chunks) && c <= s.hi.chunk; c++ {
		if c > s.lo.chunk && c < s.hi.chunk {
			total += w.inChunk(p, c)
			continue
		}
		w.loadPart(p, c, &b)
		ends := node{op: opRange, span: s}
		restrict(&b, &ends, frame{&w.order.chunks[c].rows, c, false})
		total += b.count()
	}
	return total
}
