package filter

import (
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// Fields are what a filter and an order can name: the fields of a type of records, in the order of its table. They are
// read only and safe for concurrent use.
type Fields struct {
	many string // what the records are called, in errors
	rows []roster.FieldInfo
	// sparse is set where a number or a flag may have no value at all; those of users always have one.
	sparse bool
}

// Of returns the fields of records that are called many, as in "groups", by the rows of their table. The [roster.Field]
// of a row, which expressions and orders name it by, is what the caller has it be; only the [roster.Holder] of such
// a record knows it. Of the rows Name, Type, Enum, Sortable, Filterable, Searchable and Needs count.
func Of(many string, rows []roster.FieldInfo) Fields {
	return Fields{many: many, rows: rows, sparse: true}
}

// Users returns those of the fields of users that visible allows, all of them where visible is nil.
func Users(visible func(roster.Field) bool) Fields {
	return Fields{many: "users", rows: slices.DeleteFunc(roster.Fields(), func(info roster.FieldInfo) bool {
		return visible != nil && !visible(info.Field)
	})}
}

func (fs Fields) byName(name string) (*roster.FieldInfo, bool) {
	for i := range fs.rows {
		if fs.rows[i].Name == name {
			return &fs.rows[i], true
		}
	}
	return nil, false
}

// names lists the names of those that keep wants.
func (fs Fields) names(keep func(*roster.FieldInfo) bool) []string {
	var names []string
	for i := range fs.rows {
		if keep(&fs.rows[i]) {
			names = append(names, fs.rows[i].Name)
		}
	}
	return names
}

func filterable(info *roster.FieldInfo) bool { return info.Filterable }

func sortable(info *roster.FieldInfo) bool { return info.Sortable }

// holdsParts reports whether a text alone is looked for in the field. It is not in id: short words that look like
// hexadecimal digits would find users by chance.
func holdsParts(info *roster.FieldInfo) bool { return info.Searchable && info.Type == roster.TypeText }

// field finds the field that a word left of a comparator names.
func (p *parser) field(w text) (*roster.FieldInfo, error) {
	info, known := p.fields.byName(w.text)
	if known && info.Filterable {
		return info, nil
	}
	fault := func(format string, args ...any) *Error {
		return p.faultAt(w.at, w.source, format, args...).instead(p.fields.names(filterable))
	}
	outer, _, nested := strings.Cut(w.text, ".")
	_, known = p.fields.byName(outer)
	switch {
	case known && nested:
		return nil, fault("%s has no members that can be filtered by", outer)
	case known:
		return nil, fault("%s can't be filtered by", w.text)
	default:
		return nil, fault("there is no field %s", quote(w.text)).of(roster.Unknown)
	}
}

// comparators lists what the fields of the type can be compared with values by. A comparator that it does not list
// works only with null or *, see [parser.compare].
func comparators(info *roster.FieldInfo) []string {
	switch info.Type {
	case roster.TypeText:
		if !info.Searchable {
			return []string{"=", "!=", "<", "<=", ">", ">="}
		}
		return []string{"=", "!=", "<", "<=", ">", ">=", ":"}
	case roster.TypeUUID, roster.TypeInt, roster.TypeMask, roster.TypeTime, roster.TypeDecimal:
		return []string{"=", "!=", "<", "<=", ">", ">=", ":"}
	case roster.TypeEnum, roster.TypeBool:
		return []string{"=", "!=", ":"}
	case roster.TypeNumbers, roster.TypeTexts:
		return []string{":"}
	default:
		return nil
	}
}
