package native

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/filter"
)

const (
	searchName = "search"
	facetsName = "facets"
)

// choosing makes an endpoint one whose list can be filtered, ordered, searched and counted by the rows of a table.
func choosing(e dialect.Endpoint, c columns) dialect.Endpoint {
	e.Params = slices.Concat(e.Params, c.params())
	e.Timed = isTimed
	return e
}

// params returns the parameters that choose, order and count the records of a list.
func (c columns) params() []dialect.Param {
	fields, searched := c.visible(roster.Operator().Permissions)
	var sortable, counted []string
	example := ""
	for i, row := range fields.Table() {
		if row.Sortable {
			sortable = append(sortable, row.Name)
		}
		if c.rows[i].facet && row.Needs == "" {
			counted = append(counted, row.Name)
		}
		if row.Needs == "" && (example == "" || row.Type == "enum") {
			example = row.Example
		}
	}
	params := []dialect.Param{
		{
			Name: filter.Param, Mark: dialect.Ours, Example: example,
			Doc: "A filter (AIP-160) over " + c.documented() + ".",
		},
		{
			Name: filter.OrderParam, Mark: dialect.Ours, Example: sortable[1] + " desc, " + sortable[0],
			Doc: "The fields to order by, with commas between them, each one with desc after it for descending. What " +
				"they leave equal stays in the order that the list has without it, or in the opposite one where the " +
				"first is descending. It can be any of " + strings.Join(sortable, ", ") + ".",
		},
	}
	if len(searched) > 0 {
		params = append(params, dialect.Param{
			Name: searchName, Mark: dialect.Ours, Example: "ada",
			Doc: "Words that must all be found in " + strings.Join(c.names(searched), ", ") +
				". Without order_by the best match comes first.",
		})
	}
	if len(counted) > 0 {
		params = append(params, dialect.Param{
			Name: facetsName, Type: dialect.Strings, Enum: counted, Mark: dialect.Ours, Example: counted[0],
			Doc: "The fields of which to count the values, over the " + c.many + " on all pages.",
		})
	}
	return params
}

// documented lists the fields with their types, and the permission that some need.
func (c columns) documented() string {
	fields, _ := c.visible(roster.Operator().Permissions)
	var list []string
	for _, row := range fields.Table() {
		text := row.Name + " (" + row.Type
		if row.Needs != "" {
			text += ", needs " + string(row.Needs)
		}
		list = append(list, text+")")
	}
	return strings.Join(list, ", ")
}

func (c columns) names(fields []roster.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = c.rows[f].Name
	}
	return names
}

// choice is what the parameters of a list ask for; its zero value asks for all records in the order of the list.
type choice struct {
	where  roster.Expr
	search roster.Search
	order  []roster.Sort
	facets []roster.FieldInfo
}

// isOrdered reports whether the records have another order than that of the list.
func (q *choice) isOrdered() bool { return len(q.order) > 0 || !q.search.IsZero() }

func (q *choice) isAll() bool { return q.where == nil && len(q.facets) == 0 && !q.isOrdered() }

// choose reads what [columns.params] documents. It fails with a detail for each parameter that is at fault.
func (c columns) choose(r *dialect.Request) (choice, error) {
	fields, searched := c.visible(r.Principal.Permissions)
	var q choice
	var errs [2]error
	q.where, errs[0] = fields.Parse(r.String(filter.Param), r.Now)
	q.order, errs[1] = fields.ParseOrder(r.String(filter.OrderParam))
	if len(searched) > 0 && r.Given(searchName) {
		q.search = roster.Search{Text: r.String(searchName), Fields: searched}
	}
	if r.Endpoint.Takes(dialect.Query, facetsName) {
		q.facets = c.named(r.Strings(facetsName))
	}
	return q, allOf(errs[:])
}

// tally is how many records have which values of some fields.
type tally struct {
	fields []roster.FieldInfo
	facets []roster.Facet
}

// candidate is a record that a choice is of.
type candidate[T any] struct {
	record T
	cells  cells
	keys   []roster.Value // of the order
	score  int            // in the search
	place  int            // in the list
}

// pick returns the records of a list that a choice is of, in its order, and counts their values. It looks at what wire
// shows of each.
func pick[T, W any](c columns, q choice, all []T, wire func(T) W) ([]T, tally) {
	if q.isAll() {
		return all, tally{}
	}
	var found []candidate[T]
	for i, e := range all {
		x := candidate[T]{record: e, cells: c.cells(wire(e)), place: i}
		if x.score = q.search.ScoreOf(x.cells); x.score == 0 && !q.search.IsZero() || !roster.Holds(q.where, x.cells) {
			continue
		}
		for _, key := range q.order {
			x.keys = append(x.keys, x.cells.Value(key.Field))
		}
		found = append(found, x)
	}
	slices.SortFunc(found, func(a, b candidate[T]) int { return compareBy(q, a, b) })
	records := make([]T, len(found))
	for i := range found {
		records[i] = found[i].record
	}
	return records, count(found, q.facets)
}

// compareBy orders two records by a choice.
func compareBy[T any](q choice, a, b candidate[T]) int {
	if len(q.order) == 0 {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.place, b.place))
	}
	for i, key := range q.order {
		if by := a.keys[i].Compare(b.keys[i]); by != 0 && key.Desc {
			return -by
		} else if by != 0 {
			return by
		}
	}
	if q.order[0].Desc {
		return cmp.Compare(b.place, a.place)
	}
	return cmp.Compare(a.place, b.place)
}

// count counts the values of some fields as [roster.CountFacets] does those of users.
func count[T any](found []candidate[T], fields []roster.FieldInfo) tally {
	t := tally{fields: fields}
	for _, f := range fields {
		counts := map[roster.Value]int{}
		for i := range found {
			for _, v := range found[i].cells.values(f) {
				counts[v]++
			}
		}
		for _, v := range slices.SortedFunc(maps.Keys(counts), roster.Value.Compare) {
			t.facets = append(t.facets, roster.Facet{Field: f.Field, Value: v, Count: counts[v]})
		}
	}
	return t
}

// values returns the values of a field that a record counts for: the members of a set, one of another field, which is
// none where there is nothing.
func (r cells) values(f roster.FieldInfo) []roster.Value {
	if f.Type != roster.TypeTexts {
		return []roster.Value{r.Value(f.Field)}
	}
	set := r.set(f.Field)
	slices.SortFunc(set, roster.Value.Compare)
	if set = slices.Compact(set); len(set) == 0 {
		return []roster.Value{{}}
	}
	return set
}
