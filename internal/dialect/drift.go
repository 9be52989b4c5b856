package dialect

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/roster-dev/roster"
)

// Drift is where a JSON value is not what a wire type documents.
type Drift struct {
	// Path is the member, with dots between names and [] for the elements of arrays, such as "[].role.name"; "" is the
	// value itself.
	Path string
	// Want and Got say in words what is documented and what is there. Got has no text of the value but where the
	// documentation lists the texts that there are.
	Want, Got string
	// Mark is that of what is documented.
	Mark Mark
}

// Shape is what a wire type documents, for values to be held to. It is not safe for concurrent use.
type Shape struct {
	root    *shaped
	structs map[reflect.Type][]*shaped
}

// shaped is what a member documents.
type shaped struct {
	member

	words string
	leaf  *schema         // nil for what has others inside
	enum  map[string]bool // nil for any value
	each  *shaped         // the elements of a list or map
}

// NewShape returns what the type of body documents, which is marked with mark.
func NewShape(body any, mark Mark) *Shape {
	t := reflect.TypeOf(body)
	s := &Shape{structs: map[reflect.Type][]*shaped{}}
	s.root = shapedAs(member{Type: bare(t), Nullable: canBeNull(t), Mark: mark})
	return s
}

func shapedAs(m member) *shaped {
	e := &shaped{member: m, words: m.typeText()}
	if m.Nullable {
		e.words += " or null"
	}
	kind := m.Type.Kind()
	switch {
	case m.JSONType == "" && wellKnown(m.Type) == nil && (kind == reflect.Struct || kind == reflect.Interface):
	case m.JSONType == "" && wellKnown(m.Type) == nil && slices.Contains(containers(), kind):
		t := m.Type.Elem()
		e.each = shapedAs(member{Format: m.Format, Enum: m.Enum, Type: bare(t), Nullable: canBeNull(t), Mark: m.Mark})
	default:
		e.leaf = (&schemas{}).property(m)
		if e.leaf.Enum != nil {
			e.enum = map[string]bool{}
		}
		for _, v := range e.leaf.Enum {
			e.enum[fmt.Sprint(v)] = true
		}
	}
	return e
}

func containers() []reflect.Kind { return []reflect.Kind{reflect.Slice, reflect.Array, reflect.Map} }

// members returns the members of a struct. They are marked as it is where they have no mark of their own.
func (s *Shape) members(of *shaped) []*shaped {
	list, known := s.structs[of.Type]
	if known {
		return list
	}
	for _, m := range members(of.Type) {
		m.Mark = cmp.Or(m.Mark, of.Mark)
		list = append(list, shapedAs(m))
	}
	s.structs[of.Type] = list
	return list
}

// Drifts returns where a value, as encoding/json decodes it with [json.Decoder.UseNumber], is not what is documented:
// each difference once, in the order in which they are met. Members that are not documented are differences, too.
func (s *Shape) Drifts(value any) []Drift {
	d := drifting{Shape: s, seen: map[Drift]bool{}}
	d.value("", s.root, value)
	return d.all
}

type drifting struct {
	*Shape

	all  []Drift
	seen map[Drift]bool
}

func (d *drifting) add(path, want, got string, mark Mark) {
	drift := Drift{path, want, got, mark}
	if !d.seen[drift] {
		d.seen[drift] = true
		d.all = append(d.all, drift)
	}
}

// value holds a value to what is documented of it.
func (d *drifting) value(path string, m *shaped, v any) {
	switch v := v.(type) {
	case nil:
		if !m.Nullable {
			d.add(path, m.words, "null", m.Mark)
		}
		return
	case []any:
		if m.each != nil && m.Type.Kind() != reflect.Map {
			for _, element := range v {
				d.value(path+"[]", m.each, element)
			}
			return
		}
	case map[string]any:
		if m.each != nil && m.Type.Kind() == reflect.Map {
			for _, element := range v {
				d.value(dotted(path, "*"), m.each, element) // the names of a map are data
			}
			return
		}
		if m.leaf == nil && m.Type.Kind() == reflect.Struct {
			d.object(path, m, v)
			return
		}
	}
	d.leaf(path, m, v)
}

func (d *drifting) object(path string, m *shaped, object map[string]any) {
	known := d.members(m)
	there := 0
	for _, inner := range known {
		value, ok := object[inner.Name]
		if ok {
			there++
			d.value(dotted(path, inner.Name), inner, value)
		} else if inner.Required {
			d.add(dotted(path, inner.Name), inner.words, "no such member", inner.Mark)
		}
	}
	if there == len(object) {
		return
	}
	for name, value := range object {
		if !slices.ContainsFunc(known, func(inner *shaped) bool { return inner.Name == name }) {
			d.add(dotted(path, name), "no such member", inWords(value), m.Mark)
		}
	}
}

func dotted(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// leaf holds a value to a schema without members; where what is documented has some, the value is something else.
func (d *drifting) leaf(path string, m *shaped, v any) {
	if m.leaf == nil && m.Type.Kind() == reflect.Interface {
		return
	}
	if m.leaf == nil || !isOf(m.leaf.Type, v) {
		d.add(path, m.words, inWords(v), m.Mark)
		return
	}
	text, isText := v.(string)
	if number, ok := v.(json.Number); ok {
		text = number.String()
	}
	switch {
	case m.enum != nil && !m.enum[text]:
		const most = 40
		d.add(path, "one of "+strings.Join(m.Enum, ", "), fmt.Sprintf("%.*q", most, text), m.Mark)
	case isText && text != "" && !isForm(m.leaf.Format, text):
		d.add(path, m.words, inWords(v)+" of another form", m.Mark)
	}
}

// Nearer reports whether a value with some drifts is more of what is documented than with others, which are from
// another documentation.
func Nearer(drifts, others []Drift) bool {
	if Another(drifts) != Another(others) {
		return Another(others)
	}
	return len(drifts) < len(others)
}

// Another reports whether it is the value itself that is something else, and not only something in it.
func Another(drifts []Drift) bool {
	return slices.ContainsFunc(drifts, func(d Drift) bool { return d.Path == "" })
}

// isOf reports whether a value is of a schema's type, or of any of its types.
func isOf(jsonType, v any) bool {
	switch t := jsonType.(type) {
	case string:
		return isOne(t, v)
	case []string:
		return slices.ContainsFunc(t, func(one string) bool { return isOne(one, v) })
	default:
		return true // a schema without a type is true for everything
	}
}

func isOne(jsonType string, v any) bool {
	switch v := v.(type) {
	case string:
		return jsonType == "string"
	case bool:
		return jsonType == "boolean"
	case json.Number:
		return jsonType == "number" || jsonType == "integer" && !strings.ContainsAny(v.String(), ".eE")
	case []any:
		return jsonType == "array"
	case map[string]any:
		return jsonType == "object"
	default:
		return jsonType == "null"
	}
}

// isForm reports whether a text has a schema's format, as far as that can be told.
func isForm(format, text string) bool {
	var err error
	switch format {
	case "uuid":
		_, err = roster.ParseID(text)
	case "date-time":
		_, err = time.Parse(time.RFC3339, text)
	case "uri":
		_, err = url.ParseRequestURI(text)
	}
	return err == nil
}

// inWords says what kind of value a value is.
func inWords(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}
