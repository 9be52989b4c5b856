package filter

import (
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// fields are those of the table that the caller may know of, in its order.
type fields []roster.FieldInfo

func fieldsOf(visible func(roster.Field) bool) fields {
	return slices.DeleteFunc(roster.Fields(), func(info roster.FieldInfo) bool {
		return visible != nil && !visible(info.Field)
	})
}

func (fs fields) byName(name string) (*roster.FieldInfo, bool) {
	for i := range fs {
		if fs[i].Name == name {
			return &fs[i], true
		}
	}
	return nil, false
}

// names lists the names of those that keep wants.
func (fs fields) names(keep func(*roster.FieldInfo) bool) []string {
	var names []string
	for i := range fs {
		if keep(&fs[i]) {
			names = append(names, fs[i].Name)
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
	case roster.TypeUUID, roster.TypeInt, roster.TypeMask, roster.TypeTime:
		return []string{"=", "!=", "<", "<=", ">", ">=", ":"}
	case roster.TypeEnum, roster.TypeBool:
		return []string{"=", "!=", ":"}
	case roster.TypeNumbers:
		return []string{":"}
	default:
		return nil
	}
}
