package index

import (
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// compiler makes expressions ready for a view.
type compiler struct {
	*View

	// unknown are the conditions that no index answers, in the order in which expr comes by them, and answers, once
	// they were asked of every user, the users who meet each.
	unknown []roster.Expr
	answers []*node
	// found are the users who have parts of texts, so that nobody looks for them twice.
	found map[roster.Contains]*node
}

// where makes the expression of a query ready. What no index answers is asked in one pass over all users, however many
// conditions that are: decoding a user costs more than any of them.
func (c *compiler) where(e roster.Expr) *node {
	n := c.expr(e)
	if len(c.unknown) == 0 {
		return n
	}
	c.answers = c.scanAll(c.unknown)
	return c.expr(e)
}

// expr makes an expression ready. Where it has conditions that no index answers, the first time only tells which.
func (c *compiler) expr(e roster.Expr) *node {
	switch e := e.(type) {
	case nil:
		return constant(true)
	case roster.And:
		return and(c.exprs(e)...)
	case roster.Or:
		return or(c.exprs(e)...)
	case roster.Not:
		return not(c.expr(e.Expr))
	case roster.Cmp:
		return c.cmp(e)
	case roster.In:
		return c.in(e)
	case roster.Bits:
		return c.bits(e)
	case roster.Has:
		return c.has(e)
	case roster.Contains:
		return c.contains(e)
	default:
		return c.scan(e)
	}
}

func (c *compiler) exprs(list []roster.Expr) []*node {
	nodes := make([]*node, len(list))
	for i, e := range list {
		nodes[i] = c.expr(e)
	}
	return nodes
}

func holds(op roster.CmpOp, c int) bool {
	switch op {
	case roster.EQ:
		return c == 0
	case roster.LT:
		return c < 0
	case roster.LE:
		return c <= 0
	case roster.GT:
		return c > 0
	default:
		return c >= 0
	}
}

func (c *compiler) cmp(e roster.Cmp) *node {
	if n, ok := c.classes(e.Field, func(v roster.Value) bool { return holds(e.Op, v.Compare(e.Value)) }); ok {
		return n
	}
	if o := c.order(e.Field); o != nil {
		return c.compared(o, e.Op, keyOf(e.Value))
	}
	return c.scan(e)
}

// classes returns the users with a value of a low-cardinality field that test wants; false for any other field.
func (c *compiler) classes(f roster.Field, test func(roster.Value) bool) (*node, bool) {
	var kids []*node
	switch f {
	case roster.FieldKind, roster.FieldStatus, roster.FieldUserType:
		first := firstClass(f)
		for i := range f.Info().Enum {
			if test(roster.IntValue(int64(i))) {
				kids = append(kids, classNode(first+i))
			}
		}
		if len(kids) == len(f.Info().Enum) {
			return constant(true), true
		}
	case roster.FieldRole:
		for role, class := range c.dict.roles {
			if test(roster.TextValue(role)) {
				kids = append(kids, classNode(class))
			}
		}
		return or(kids...), !c.dict.roleOverflow
	case roster.FieldAppsAccess:
		for apps, class := range c.dict.apps {
			if test(roster.IntValue(apps)) {
				kids = append(kids, classNode(class))
			}
		}
		return or(kids...), !c.dict.appsOverflow
	default:
		return boolean(f, test)
	}
	return or(kids...), true
}

func boolean(f roster.Field, test func(roster.Value) bool) (*node, bool) {
	fields := boolFields()
	i := slices.Index(fields[:], f)
	if i < 0 {
		return nil, false
	}
	n := constant(false)
	if test(roster.BoolValue(true)) {
		n = classNode(classBool + i)
	}
	if test(roster.BoolValue(false)) {
		n = or(n, not(classNode(classBool+i)))
		if test(roster.BoolValue(true)) {
			n = constant(true)
		}
	}
	return n, true
}

// compared returns the users whose key in an order compares with k as op wants.
func (c *compiler) compared(o *order, op roster.CmpOp, k key) *node {
	end := c.below(o, key{})
	s := span{hi: end}
	if op == roster.EQ || op == roster.GE {
		s.lo = c.below(o, k)
	}
	if op == roster.GT {
		s.lo = c.through(o, k)
	}
	if op == roster.LT {
		s.hi = c.below(o, k)
	}
	if op == roster.EQ || op == roster.LE {
		s.hi = c.through(o, k)
	}
	if end.before(s.hi) {
		s.hi = end
	}
	src := o.src
	return c.ranged(o, s, func(r rec) bool {
		own := src.key(r)
		return own.set && holds(op, own.compare(k))
	})
}

// ranged returns the users in a span: as a range where it is large, as a set of slots otherwise.
func (c *compiler) ranged(o *order, s span, test func(rec) bool) *node {
	n := o.size(s)
	switch {
	case n == 0:
		return constant(false)
	case n == c.users:
		return constant(true)
	case n > c.limits.rangeMin:
		return &node{op: opRange, order: o, span: s, test: test}
	}
	set := c.newSet()
	o.addSpan(s, set)
	return setNode(set.done())
}

// marked returns the users of a range as a set of slots. What is larger than half of the order is the opposite of the
// rest.
func (c *compiler) marked(n *node) *node {
	o, s, set := n.order, n.span, c.newSet()
	if 2*o.size(s) <= c.users {
		o.addSpan(s, set)
		return setNode(set.done())
	}
	o.addSpan(span{hi: s.lo}, set)
	o.addSpan(span{lo: s.hi, hi: loc{chunk: len(o.chunks)}}, set)
	return not(setNode(set.done()))
}

func (c *compiler) in(e roster.In) *node {
	if e.Field.Info().Type == roster.TypeNumbers {
		return c.members(e)
	}
	n, ok := c.classes(e.Field, func(v roster.Value) bool { return v.IsSet() && slices.Contains(e.Values, v) })
	if ok {
		return n
	}
	o := c.order(e.Field)
	if o == nil {
		return c.scan(e)
	}
	set := c.newSet()
	for _, value := range e.Values {
		if k := keyOf(value); k.set {
			o.addSpan(span{c.below(o, k), c.through(o, k)}, set)
		}
	}
	return setNode(set.done())
}

// members returns the users who have any of the numbers.
func (c *compiler) members(e roster.In) *node {
	of := c.groups
	if e.Field == roster.FieldSpaces {
		of = c.spaces
	}
	set := c.newSet()
	for _, value := range distinctValues(e.Values) {
		if value == roster.IntValue(value.Int()) {
			of.each(value.Int(), func(slots []uint32) { set.add(slots...) })
		}
	}
	return setNode(set.done())
}

// distinctValues returns values without those that come again.
func distinctValues(values []roster.Value) []roster.Value {
	return slices.Compact(slices.SortedFunc(slices.Values(values), roster.Value.Compare))
}

func (c *compiler) bits(e roster.Bits) *node {
	switch e.Field {
	case roster.FieldOwnPermissions:
		return ownBits(e.Mask)
	case roster.FieldPermissions:
		return or(ownBits(e.Mask), c.granted(e.Mask))
	case roster.FieldAppsAccess:
		n, ok := c.classes(e.Field, func(v roster.Value) bool { return v.Int()&e.Mask != 0 })
		if ok {
			return n
		}
	}
	return c.scan(e)
}

func ownBits(mask int64) *node {
	var kids []*node
	for i := range 64 {
		if mask>>i&1 != 0 {
			kids = append(kids, classNode(classOwnBit+i))
		}
	}
	return or(kids...)
}

func (c *compiler) has(e roster.Has) *node {
	switch e.Field.Info().Type {
	case roster.TypeInt, roster.TypeMask, roster.TypeEnum, roster.TypeBool:
		return constant(true)
	case roster.TypeNumbers:
		return c.hasMembers(e)
	case roster.TypeText:
		if n, ok := c.classes(e.Field, roster.Value.IsSet); ok {
			return n
		}
	}
	o := c.order(e.Field)
	if o == nil {
		return c.scan(e)
	}
	src := o.src
	return c.ranged(o, span{hi: c.below(o, key{})}, func(r rec) bool { return src.key(r).set })
}

// hasMembers returns the users who have any number at all.
func (c *compiler) hasMembers(e roster.Has) *node {
	of := c.groups
	if e.Field == roster.FieldSpaces {
		of = c.spaces
	}
	set := c.newSet()
	for _, b := range of.blocks {
		set.add(b.slots...)
	}
	return setNode(set.done())
}

// paged returns n without ranges: each becomes a set of slots.
func (c *compiler) paged(n *node) *node {
	switch n.op {
	case opRange:
		return c.marked(n)
	case opAnd, opOr, opNot:
		kids := make([]*node, len(n.kids))
		for i, k := range n.kids {
			kids[i] = c.paged(k)
		}
		switch n.op {
		case opAnd:
			return and(kids...)
		case opOr:
			return or(kids...)
		default:
			return not(kids[0])
		}
	default:
		return n
	}
}

// scan returns the users who meet a condition that no index answers, nobody as long as it was not asked.
func (c *compiler) scan(e roster.Expr) *node {
	if len(c.answers) == 0 {
		c.unknown = append(c.unknown, e)
		return constant(false)
	}
	n := c.answers[0]
	c.answers = c.answers[1:]
	return n
}

// scanAll looks at every user, and returns those who meet each of some conditions.
func (c *compiler) scanAll(conditions []roster.Expr) []*node {
	p := &pass{View: c.View}
	for _, e := range conditions {
		p.take(e)
	}
	p.run()
	nodes := make([]*node, len(p.sets))
	for i, set := range p.sets {
		nodes[i] = setNode(set.done())
	}
	return nodes
}

// pass is one look at every user for some conditions.
type pass struct {
	*View

	sets  []*slotSets // of the users who meet each condition
	parts [1 + bareCount][]partOfText
	tests []testOfUser
	mask  uint64 // of what tests need
}

// partOfText is a condition on a part of a text, and testOfUser one on anything else.
type (
	partOfText struct {
		needle string
		set    *slotSets
	}
	testOfUser struct {
		match func(*roster.User) bool
		set   *slotSets
	}
)

// take adds a condition.
func (p *pass) take(e roster.Expr) {
	set := p.newSet()
	p.sets = append(p.sets, set)
	if part, ok := e.(roster.Contains); ok {
		of := &p.parts[fieldIndex(part.Field)]
		*of = append(*of, partOfText{roster.FoldSearch(part.Text), set})
		return
	}
	p.tests = append(p.tests, testOfUser{matcher(e), set})
	p.mask |= exprMask(e)
}

func (p *pass) run() {
	var buf [36]byte // an id
	u := newCell()
	u.reuses = true
	for slot := range p.slots() {
		r := p.rec(slot)
		for field, parts := range p.parts {
			if len(parts) == 0 {
				continue
			}
			text := bareText(r, field, buf[:])
			for _, part := range parts {
				if strings.Contains(text, part.needle) {
					part.set.add(slot)
				}
			}
		}
		if len(p.tests) == 0 {
			continue
		}
		user := p.fill(u.decode(r, p.mask))
		for _, test := range p.tests {
			if test.match(user) {
				test.set.add(slot)
			}
		}
	}
}

// matcher returns what tells whether a user meets a condition. One that asks for many values does not compare them one
// by one.
func matcher(e roster.Expr) func(*roster.User) bool {
	const few = 8
	in, ok := e.(roster.In)
	if !ok || len(in.Values) <= few {
		return roster.Query{Where: e}.Match
	}
	wanted := make(map[roster.Value]bool, len(in.Values))
	for _, value := range in.Values {
		wanted[value] = true
	}
	return func(u *roster.User) bool {
		value := in.Field.Value(u)
		return value.IsSet() && wanted[value]
	}
}

// exprMask returns the presence bits that decode needs to answer e.
func exprMask(e roster.Expr) uint64 {
	var mask uint64
	switch e := e.(type) {
	case roster.And:
		for _, x := range e {
			mask |= exprMask(x)
		}
	case roster.Or:
		for _, x := range e {
			mask |= exprMask(x)
		}
	case roster.Not:
		return exprMask(e.Expr)
	case roster.Cmp:
		return maskOf(e.Field)
	case roster.In:
		return maskOf(e.Field)
	case roster.Bits:
		return maskOf(e.Field)
	case roster.Has:
		return maskOf(e.Field)
	case roster.Contains:
		return maskOf(e.Field)
	}
	return mask
}
