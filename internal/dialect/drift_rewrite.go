package dialect

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// Leaf is a JSON value without others inside, and what is documented of it.
type Leaf struct {
	// Value is a string, a bool or a json.Number.
	Value any
	// Name is that of the member that it is, or that has the array that it is in; "" for none.
	Name string
	// Documented is false where the shape has no such member. Listed is true for one of the values that there are.
	Documented, Listed bool
	// Format is the documented format of a string.
	Format string
}

// Rewrite returns a value, as encoding/json decodes it with [json.Decoder.UseNumber], with every leaf but null in
// another form, and with another name for each member that is not documented: free is true for a member of an object
// that is documented to have any, so that its name is data. The value itself stays as it is.
func (s *Shape) Rewrite(value any, leaf func(Leaf) any, name func(name string, free bool) string) any {
	r := rewriting{s, leaf, name}
	return r.value(s.root, "", value)
}

type rewriting struct {
	*Shape

	leaf func(Leaf) any
	name func(string, bool) string
}

// value rewrites what is documented as m, or not at all where m is nil.
func (r rewriting) value(m *shaped, name string, v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = r.value(m.inside(), name, element)
		}
		return list
	case map[string]any:
		return r.object(m, v)
	}
	l := Leaf{Value: v, Name: name, Documented: m != nil && m.leaf != nil}
	if l.Documented {
		l.Format = m.leaf.Format
		if number, ok := v.(json.Number); ok {
			v = number.String()
		}
		text, _ := v.(string)
		l.Listed = m.enum[text]
	}
	return r.leaf(l)
}

// inside returns what is documented of the elements of a list or map, nil where nothing is.
func (m *shaped) inside() *shaped {
	if m == nil {
		return nil
	}
	return m.each
}

func (r rewriting) object(m *shaped, object map[string]any) map[string]any {
	known := map[string]*shaped{}
	free := m == nil || m.Type.Kind() != reflect.Struct || m.leaf != nil
	if !free {
		for _, inner := range r.members(m) {
			known[inner.Name] = inner
		}
	}
	other := make(map[string]any, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) { // the same value is rewritten in the same order each time
		value := object[name]
		if inner := known[name]; inner != nil {
			other[name] = r.value(inner, name, value)
			continue
		}
		name = r.name(name, free)
		other[name] = r.value(m.inside(), name, value)
	}
	return other
}
