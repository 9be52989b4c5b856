package native

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/filter"
)

// columns is the table of the members by which a list that is all at hand can be filtered, ordered, searched and
// counted: the one source of what its parameters take, of their documentation, and of how a record is read. A
// [roster.Field] of a list is the place of a row.
type columns struct {
	many string // what the records are called
	rows []column
}

// column is a member of a record on the wire, so that nothing is known of a record but what is shown.
type column struct {
	roster.FieldInfo

	steps [][]int // to the member, through pointers
	facet bool
}

// spec is a row as it is written down. What it does not say follows from the member's type and tags.
type spec struct {
	name   string // those of structures after a dot
	mask   bool
	search bool
	enum   []string
	needs  roster.Permission
}

func member(name string) spec { return spec{name: name} }

func (s spec) searched() spec { s.search = true; return s }

func (s spec) bits() spec { s.mask = true; return s }

func (s spec) of(enum []string) spec { s.enum = enum; return s }

// hidden makes a member one that only those see who may know of authors.
func (s spec) hidden() spec { s.needs = roster.MetadataRead; return s }

// columnsOf returns the table of a list of records of a wire type. It panics for a member that the type does not have.
func columnsOf[W any](many string, specs ...spec) columns {
	c := columns{many: many}
	for _, s := range specs {
		row, err := s.column(reflect.TypeFor[W]())
		if err != nil {
			panic(err)
		}
		row.Field = roster.Field(len(c.rows)) //nolint:gosec // no record has 256 members
		c.rows = append(c.rows, row)
	}
	return c
}

func (s spec) column(of reflect.Type) (column, error) {
	c := column{FieldInfo: roster.FieldInfo{Name: s.name, Needs: s.needs, Searchable: s.search, Enum: s.enum}}
	for part := range strings.SplitSeq(s.name, ".") {
		for of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		found := slices.Collect(fieldsOf(of))
		i := slices.IndexFunc(found, func(f reflect.StructField) bool { return nameOf(f) == part })
		if i < 0 {
			return c, fmt.Errorf("native: %s has no member %s", of, s.name)
		}
		c.steps, of = append(c.steps, found[i].Index), found[i].Type
		if enum := found[i].Tag.Get("enum"); enum != "" && c.Enum == nil {
			c.Enum = strings.Split(enum, ",")
		}
		if needs := found[i].Tag.Get("needs"); needs != "" {
			c.Needs = roster.Permission(needs)
		}
	}
	c.Type = s.typeOf(of, c.Enum)
	c.Filterable, c.Sortable = true, c.Type != roster.TypeTexts
	c.facet = c.Type == roster.TypeEnum || c.Type == roster.TypeBool ||
		c.Type == roster.TypeTexts && c.Enum != nil
	return c, nil
}

// typeOf returns the type of the values of a member, in the table of fields.
func (s spec) typeOf(of reflect.Type, enum []string) roster.FieldType {
	switch {
	case of == reflect.TypeFor[roster.ID]():
		return roster.TypeUUID
	case of == reflect.TypeFor[roster.Time]():
		return roster.TypeTime
	case of.Kind() == reflect.Slice:
		return roster.TypeTexts
	case enum != nil:
		return roster.TypeEnum
	case of.Kind() == reflect.String:
		return roster.TypeText
	case of.Kind() == reflect.Bool:
		return roster.TypeBool
	case of.Kind() == reflect.Float64:
		return roster.TypeDecimal
	case s.mask:
		return roster.TypeMask
	default:
		return roster.TypeInt
	}
}

// visible returns the fields that may be named with some permissions, and those of them that are searched.
func (c columns) visible(by roster.Permissions) (fields filter.Fields, searched []roster.Field) {
	var rows []roster.FieldInfo
	for _, row := range c.rows {
		if !by.Has(row.Needs) {
			continue
		}
		rows = append(rows, row.FieldInfo)
		if row.Searchable {
			searched = append(searched, row.Field)
		}
	}
	return filter.Of(c.many, rows), searched
}

// named returns the rows of some names that are those of rows.
func (c columns) named(names []string) []roster.FieldInfo {
	var rows []roster.FieldInfo
	for _, row := range c.rows {
		if slices.Contains(names, row.Name) {
			rows = append(rows, row.FieldInfo)
		}
	}
	slices.SortStableFunc(rows, func(a, b roster.FieldInfo) int {
		return slices.Index(names, a.Name) - slices.Index(names, b.Name)
	})
	return rows
}

// cells is a record on the wire as a [roster.Holder] whose fields are the rows of a table.
type cells struct {
	rows []column
	wire reflect.Value
}

// cells returns what a record shows in the rows of the table.
func (c columns) cells(wire any) cells {
	v := reflect.ValueOf(wire)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return cells{c.rows, v}
}

// at returns a member, the zero Value where a structure is absent that has it.
func (c *column) at(v reflect.Value) reflect.Value {
	for _, step := range c.steps {
		for v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return reflect.Value{}
			}
			v = v.Elem()
		}
		v = v.FieldByIndex(step)
	}
	return v
}

// Value implements [roster.Holder].
func (r cells) Value(f roster.Field) roster.Value {
	row := &r.rows[f]
	v := row.at(r.wire)
	if !v.IsValid() {
		return roster.Value{}
	}
	switch row.Type {
	case roster.TypeText:
		return roster.TextValue(v.String())
	case roster.TypeUUID:
		id, _ := reflect.TypeAssert[roster.ID](v)
		return roster.IDValue(id)
	case roster.TypeTime:
		return roster.TimeValue(roster.Time(v.Int()))
	case roster.TypeEnum:
		return row.named(v)
	case roster.TypeBool:
		return roster.BoolValue(v.Bool())
	case roster.TypeDecimal:
		return roster.DecimalValue(v.Float())
	case roster.TypeTexts:
		return roster.Value{}
	default:
		return roster.IntValue(v.Int())
	}
}

// named returns the value of one of an enumeration's names, which is its place; those of users are places already.
func (c *column) named(v reflect.Value) roster.Value {
	if v.CanUint() {
		return roster.IntValue(int64(v.Uint())) //nolint:gosec // they are few
	}
	if i := slices.Index(c.Enum, v.String()); i >= 0 {
		return roster.IntValue(int64(i))
	}
	return roster.Value{}
}

// set returns the members of a set of texts.
func (r cells) set(f roster.Field) []roster.Value {
	var members []roster.Value
	if v := r.rows[f].at(r.wire); v.IsValid() {
		for i := range v.Len() {
			members = append(members, roster.TextValue(v.Index(i).String()))
		}
	}
	return members
}

// Has implements [roster.Holder].
func (r cells) Has(f roster.Field) bool {
	if r.rows[f].Type == roster.TypeTexts {
		return len(r.set(f)) > 0
	}
	return r.Value(f).IsSet()
}

// HasAny implements [roster.Holder].
func (r cells) HasAny(f roster.Field, values []roster.Value) bool {
	if r.rows[f].Type == roster.TypeTexts {
		return slices.ContainsFunc(r.set(f), func(v roster.Value) bool { return slices.Contains(values, v) })
	}
	v := r.Value(f)
	return v.IsSet() && slices.Contains(values, v)
}

// SearchText implements [roster.Holder].
func (r cells) SearchText(f roster.Field) string {
	v := r.rows[f].at(r.wire)
	switch {
	case !v.IsValid():
		return ""
	case r.rows[f].Type == roster.TypeUUID:
		id, _ := reflect.TypeAssert[roster.ID](v)
		if id.IsZero() {
			return ""
		}
		return id.String()
	default:
		return roster.FoldSearch(v.String())
	}
}
