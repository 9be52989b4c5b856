package roster

import (
	"iter"
	"maps"
	"slices"
)

// Facet is how many users hold a value of a field.
type Facet struct {
	Field Field
	// Value is one value; for a set of numbers one of its members. No value stands for the users without one.
	Value Value
	// Count is at least 1.
	Count int
}

// Facetable reports whether the values of f can be counted: whether it has few of them, as enumerations, flags, role,
// apps_access, groups and spaces do.
func (f Field) Facetable() bool {
	switch f.Info().Type {
	case TypeEnum, TypeBool, TypeNumbers:
		return true
	default:
		return f == FieldRole || f == FieldAppsAccess
	}
}

// Scans reports whether a read model may have to look at every user to tell who passes a test, which is an expression
// without parts and no [Contains]: whether the test is of a field that users can be neither sorted nor counted by, and
// does not ask for bits.
func Scans(test Expr) bool {
	var f Field
	switch test := test.(type) {
	case Cmp:
		f = test.Field
	case In:
		f = test.Field
	case Has:
		f = test.Field
	case Bits:
		return test.Field.Info().Type != TypeMask
	default:
		return false
	}
	return !f.Info().Sortable && !f.Facetable()
}

// ValidateFacets reports the first field whose values can't be counted, as [Invalid].
func ValidateFacets(fields []Field) error {
	for _, f := range fields {
		if !f.Facetable() {
			return FieldErrorf(f.String(), "has too many values to be counted")
		}
	}
	return nil
}

// CountFacets counts the values that users hold: field by field as they are given, and within a field by value, as
// [Value.Compare] orders them. A user counts once for each number of a set.
func CountFacets(users iter.Seq[*User], fields ...Field) []Facet {
	counts := make([]map[Value]int, len(fields))
	for i := range counts {
		counts[i] = map[Value]int{}
	}
	for u := range users {
		for i, f := range fields {
			countValues(counts[i], f, u)
		}
	}
	var facets []Facet
	for i, f := range fields {
		for _, v := range slices.SortedFunc(maps.Keys(counts[i]), Value.Compare) {
			facets = append(facets, Facet{f, v, counts[i][v]})
		}
	}
	return facets
}

func countValues(counts map[Value]int, f Field, u *User) {
	if f.Info().Type != TypeNumbers {
		counts[f.Value(u)]++
		return
	}
	numbers := slices.Compact(slices.Sorted(slices.Values(f.Numbers(u))))
	for _, n := range numbers {
		counts[IntValue(n)]++
	}
	if len(numbers) == 0 {
		counts[Value{}]++
	}
}

// ScanFacets counts the values of the users that q asks for, whatever its order and window, by looking at every user.
// It is the reference that faster ways are tested against.
func (q Query) ScanFacets(users iter.Seq[*User], fields ...Field) []Facet {
	return CountFacets(func(yield func(*User) bool) {
		for u := range users {
			if q.Match(u) && !yield(u) {
				return
			}
		}
	}, fields...)
}
