package index

import (
	"maps"
	"slices"

	"github.com/roster-dev/roster"
)

// Facets counts the values that the users whom q asks for hold in some fields, whatever its order and window: what
// [roster.Query.ScanFacets] finds over all users, in its order. It fails with [roster.Invalid] where q is not valid or
// the values of a field can't be counted (see [roster.Field.Facetable]).
func (v *View) Facets(q roster.Query, fields ...roster.Field) ([]roster.Facet, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if err := roster.ValidateFacets(fields); err != nil {
		return nil, err
	}
	own := *v
	own.lease = &lease{pool: v.pool}
	defer own.lease.giveBack()
	n := own.found(q)
	if own.orders == nil || n.few() != nil {
		return roster.CountFacets(own.materialise(own.matching(n)), fields...), nil
	}
	f := facetCounter{View: &own, hits: own.hits((&compiler{View: &own}).paged(n))}
	var facets []roster.Facet
	for _, field := range fields {
		facets = append(facets, f.field(field)...)
	}
	return facets, nil
}

// facetCounter counts values among hits.
type facetCounter struct {
	*View
	hits *slotSet
}

func (f *facetCounter) field(field roster.Field) []roster.Facet {
	counts := map[roster.Value]int{}
	switch {
	case field.Info().Type == roster.TypeNumbers:
		f.members(field, counts)
	case field == roster.FieldRole && f.dict.roleOverflow, field == roster.FieldAppsAccess && f.dict.appsOverflow:
		return roster.CountFacets(f.materialise(f.hits.slots()), field)
	default:
		f.values(field, counts)
	}
	var facets []roster.Facet
	for _, value := range slices.SortedFunc(maps.Keys(counts), roster.Value.Compare) {
		if counts[value] > 0 {
			facets = append(facets, roster.Facet{Field: field, Value: value, Count: counts[value]})
		}
	}
	return facets
}

// values counts the values of a field that has a class for each of them but one, which the rest of the hits have.
func (f *facetCounter) values(field roster.Field, counts map[roster.Value]int) {
	rest := f.hits.n
	for value, class := range f.classesOf(field) {
		counts[value] = f.class(class)
		rest -= counts[value]
	}
	switch field.Info().Type {
	case roster.TypeBool:
		counts[roster.BoolValue(false)] = rest
	case roster.TypeText:
		counts[roster.Value{}] = rest
	}
}

// classesOf returns the classes of the values of a field.
func (f *facetCounter) classesOf(field roster.Field) map[roster.Value]int {
	classes := map[roster.Value]int{}
	switch field {
	case roster.FieldKind, roster.FieldStatus, roster.FieldUserType:
		for i := range field.Info().Enum {
			classes[roster.IntValue(int64(i))] = firstClass(field) + i
		}
	case roster.FieldRole:
		for role, class := range f.dict.roles {
			classes[roster.TextValue(role)] = class
		}
	case roster.FieldAppsAccess:
		for apps, class := range f.dict.apps {
			classes[roster.IntValue(apps)] = class
		}
	default:
		fields := boolFields()
		classes[roster.BoolValue(true)] = classBool + slices.Index(fields[:], field)
	}
	return classes
}

// class counts the hits of a class.
func (f *facetCounter) class(class int) int {
	total := 0
	n := classNode(class)
	for i, p := range f.pages {
		total += countBoth((*bitmap)(f.hits.dense[i*rowWords:]), n, frame{&p.rows, i, true})
	}
	return total
}

// members counts the hits of each group or space.
func (f *facetCounter) members(field roster.Field, counts map[roster.Value]int) {
	of := f.groups
	if field == roster.FieldSpaces {
		of = f.spaces
	}
	everybody := f.newSet()
	byNumber := map[int64]int{}
	for _, b := range of.blocks {
		for i := 0; i < len(b.slots); {
			number, n := b.numbers[i], 0
			for ; i < len(b.slots) && b.numbers[i] == number; i++ {
				n += int(f.hits.dense[b.slots[i]>>6] >> (b.slots[i] & 63) & 1)
			}
			byNumber[number] += n
		}
		everybody.add(b.slots...)
	}
	for number, n := range byNumber {
		counts[roster.IntValue(number)] = n
	}
	none := and(setNode(f.hits), not(setNode(everybody.done())))
	counts[roster.Value{}] = f.View.hits(none).n
}
