package index

// opcode says what a node does.
type opcode uint8

const (
	opFalse opcode = iota
	opTrue
	opClass // the rows of a class
	opRange // a span of an order
	opSlots // a set of slots
	opAnd
	opOr
	opNot
)

// node is a filter made ready for a view. A tree without opSlots, and with opRange only on the order that a query
// walks, can be evaluated on the chunks of that order; any tree without opRange can be evaluated on pages.
type node struct {
	op    opcode
	class int
	order *order
	span  span
	test  func(r rec) bool // whether a record is in the span
	cut   *buckets         // the span by buckets, where another order is walked
	set   *slotSet
	kids  []*node
}

func constant(b bool) *node {
	if b {
		return &node{op: opTrue}
	}
	return &node{op: opFalse}
}

func classNode(class int) *node { return &node{op: opClass, class: class} }

func setNode(s *slotSet) *node {
	if s.n == 0 {
		return constant(false)
	}
	return &node{op: opSlots, set: s}
}

func not(n *node) *node {
	switch n.op {
	case opFalse:
		return constant(true)
	case opTrue:
		return constant(false)
	case opNot:
		return n.kids[0]
	default:
		return &node{op: opNot, kids: []*node{n}}
	}
}

func and(kids ...*node) *node { return join(opAnd, opTrue, opFalse, kids) }

func or(kids ...*node) *node { return join(opOr, opFalse, opTrue, kids) }

// join makes an opAnd or opOr, without the members that change nothing and flat.
func join(op, neutral, deciding opcode, kids []*node) *node {
	out := &node{op: op}
	for _, k := range kids {
		switch k.op {
		case neutral:
		case deciding:
			return k
		case op:
			out.kids = append(out.kids, k.kids...)
		default:
			out.kids = append(out.kids, k)
		}
	}
	switch len(out.kids) {
	case 0:
		return &node{op: neutral}
	case 1:
		return out.kids[0]
	default:
		return out
	}
}

// any reports whether a node of the tree has an opcode.
func (n *node) any(op opcode) bool {
	if n.op == op {
		return true
	}
	for _, k := range n.kids {
		if k.any(op) {
			return true
		}
	}
	return false
}

// few returns the smallest list of slots outside of which nothing matches, or nil.
func (n *node) few() *slotSet {
	if n.op == opSlots && n.set.dense == nil {
		return n.set
	}
	var least *slotSet
	if n.op == opAnd {
		for _, k := range n.kids {
			if s := k.few(); s != nil && (least == nil || s.n < least.n) {
				least = s
			}
		}
	}
	return least
}

// holds reports whether the user in a slot matches.
func (v *View) holds(n *node, slot uint32) bool {
	switch n.op {
	case opTrue:
		return true
	case opClass:
		return v.pages[slot>>rowBits].rows.has(n.class, int(slot&(rowMax-1)))
	case opSlots:
		return n.set.has(slot)
	case opRange:
		return n.test(v.rec(slot))
	case opAnd:
		for _, k := range n.kids {
			if !v.holds(k, slot) {
				return false
			}
		}
		return true
	case opOr:
		for _, k := range n.kids {
			if v.holds(k, slot) {
				return true
			}
		}
		return false
	case opNot:
		return !v.holds(n.kids[0], slot)
	default:
		return false
	}
}

// frame is where a tree is evaluated: a chunk of the order that is walked, or a page.
type frame struct {
	rows  *rows
	index int  // of the chunk or page
	paged bool // it is a page
}

// load writes the rows of the frame that match to dst. On a page, rows without a user may be among them.
func (n *node) load(f frame, dst *bitmap) {
	switch n.op {
	case opFalse:
		*dst = bitmap{}
	case opTrue:
		dst.fill(f.rows.n)
	case opClass:
		f.rows.load(n.class, dst)
	case opRange:
		n.loadRange(f, dst)
	case opSlots:
		n.set.load(f.index, dst)
	case opNot:
		n.kids[0].load(f, dst)
		var all bitmap
		all.fill(f.rows.n)
		for i := range dst {
			dst[i] = all[i] &^ dst[i]
		}
	default:
		n.loadKids(f, dst)
	}
}

func (n *node) loadKids(f frame, dst *bitmap) {
	var b bitmap
	w := f.rows.width()
	sofar := n.kids[0].direct(f)
	if sofar == nil {
		n.kids[0].load(f, dst)
		sofar = dst[:w]
	}
	for _, k := range n.kids[1:] {
		op := n.op
		if op == opAnd && k.op == opNot {
			k, op = k.kids[0], opNot
		}
		words := k.direct(f)
		if words == nil {
			k.load(f, &b)
			words = b[:w]
		}
		combine(op, dst[:w], sofar, words)
		sofar = dst[:w]
	}
	clear(dst[w:])
}

// direct returns the rows of the frame that match where the frame has them, else nil.
func (n *node) direct(f frame) []uint64 {
	if n.op == opClass && f.rows.some.has(n.class) {
		return f.rows.slice(n.class)
	}
	return nil
}

// combine writes a AND b, a OR b or a AND NOT b to dst.
func combine(op opcode, dst, a, b []uint64) {
	a, b = a[:len(dst)], b[:len(dst)]
	switch op {
	case opAnd:
		for i := range dst {
			dst[i] = a[i] & b[i]
		}
	case opOr:
		for i := range dst {
			dst[i] = a[i] | b[i]
		}
	default:
		for i := range dst {
			dst[i] = a[i] &^ b[i]
		}
	}
}

func (n *node) loadRange(f frame, dst *bitmap) {
	from, to := 0, f.rows.n
	if f.index == n.span.lo.chunk {
		from = n.span.lo.pos
	}
	if f.index == n.span.hi.chunk {
		to = n.span.hi.pos
	}
	if f.index < n.span.lo.chunk || f.index > n.span.hi.chunk || from >= to {
		*dst = bitmap{}
		return
	}
	var below bitmap
	below.fill(from)
	dst.fill(to)
	for i := range dst {
		dst[i] &^= below[i]
	}
}
