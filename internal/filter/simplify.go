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

// disjunction returns what is true where any is. It takes nested ones apart, and makes one test of all that ask for
// equality, members or bits of one field: one look at an index instead of many.
func disjunction(all []roster.Expr) roster.Expr {
	var flat roster.Or
	for _, e := range all {
		inner, ok := e.(roster.Or)
		if !ok {
			inner = roster.Or{e}
		}
		for _, e := range inner {
			flat = include(flat, e)
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	if flat == nil {
		return roster.Or{}
	}
	return flat
}

// include adds e to the tests in list, to one of them if possible. Every test belongs to one list only, so that the
// values of one can be appended to those of another.
func include(list roster.Or, e roster.Expr) roster.Or {
	if bits, ok := e.(roster.Bits); ok {
		for i, other := range list {
			if other, ok := other.(roster.Bits); ok && other.Field == bits.Field {
				list[i] = roster.Bits{Field: bits.Field, Mask: bits.Mask | other.Mask}
				return list
			}
		}
	}
	if in, ok := membership(e); ok {
		for i, other := range list {
			if other, ok := membership(other); ok && other.Field == in.Field {
				other.Values = append(other.Values, in.Values...)
				list[i] = other
				return list
			}
		}
	}
	return append(list, e)
}

// membership returns a test for equality or for a member as a [roster.In].
func membership(e roster.Expr) (roster.In, bool) {
	switch e := e.(type) {
	case roster.In:
		return e, true
	case roster.Cmp:
		return roster.In{Field: e.Field, Values: []roster.Value{e.Value}}, e.Op == roster.EQ && e.Value.IsSet()
	default:
		return roster.In{}, false
	}
}

// negation returns what is true where e is false.
func negation(e roster.Expr) roster.Expr {
	if not, ok := e.(roster.Not); ok {
		return not.Expr
	}
	return roster.Not{Expr: e}
}
