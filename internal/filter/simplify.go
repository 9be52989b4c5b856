package filter

import "github.com/roster-dev/roster"

// conjunction returns what is true where all are. It takes nested ones apart.
func conjunction(all roster.And) roster.Expr {
	var flat roster.And
	for _, e := range all {
		if inner, ok := e.(roster.And); ok {
			flat = append(flat, inner...)
		} else {
			flat = append(flat, e)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	if flat == nil {
		return roster.And{}
	}
	return flat
}

// disjunction returns what is true where any of them is.
func disjunction(either roster.Or) roster.Expr {
	if len(either) == 1 {
		return either[0]
	}
	return either
}

// include adds e, or every member of it, to the tests of which any must be true. All that ask one field for equality,
// members or bits become one test: one look at an index instead of many. Every test belongs to one list only, so that
// the values of one can be appended to those of another.
func include(either roster.Or, e roster.Expr) roster.Or {
	if inner, ok := e.(roster.Or); ok {
		for _, e := range inner {
			either = include(either, e)
		}
		return either
	}
	for i := range either {
		if one, ok := unite(either[i], e); ok {
			either[i] = one
			return either
		}
	}
	return append(either, e)
}

// unite returns one test that is true where a or b is, if there is one.
func unite(a, b roster.Expr) (roster.Expr, bool) {
	if a, ok := a.(roster.Bits); ok {
		b, ok := b.(roster.Bits)
		return roster.Bits{Field: a.Field, Mask: a.Mask | b.Mask}, ok && a.Field == b.Field
	}
	if !isMembership(a) || !isMembership(b) {
		return nil, false
	}
	one, other := membership(a), membership(b)
	if one.Field != other.Field {
		return nil, false
	}
	one.Values = append(one.Values, other.Values...)
	return one, true
}

// isMembership reports whether e is a test for equality or for a member.
func isMembership(e roster.Expr) bool {
	equal, isCmp := e.(roster.Cmp)
	_, isIn := e.(roster.In)
	return isIn || isCmp && equal.Op == roster.EQ && equal.Value.IsSet()
}

// membership returns a test for equality or for a member as a [roster.In].
func membership(e roster.Expr) roster.In {
	if equal, ok := e.(roster.Cmp); ok {
		return roster.In{Field: equal.Field, Values: []roster.Value{equal.Value}}
	}
	return e.(roster.In)
}

// work returns what an expression counts towards [MaxTests]. Of lists that are looked at record by record anyway, no
// test counts more for that.
func (fs Fields) work(e roster.Expr) int {
	switch e := e.(type) {
	case roster.And:
		return fs.workOf(e)
	case roster.Or:
		return fs.workOf(e)
	case roster.Not:
		return fs.work(e.Expr)
	case roster.Contains:
		return partWork
	default:
		if !fs.sparse && roster.Scans(e) {
			return scanWork
		}
		return 1
	}
}

func (fs Fields) workOf(all []roster.Expr) (n int) {
	for _, e := range all {
		n += fs.work(e)
	}
	return n
}

// negation returns what is true where e is false.
func negation(e roster.Expr) roster.Expr {
	if not, ok := e.(roster.Not); ok {
		return not.Expr
	}
	return roster.Not{Expr: e}
}
