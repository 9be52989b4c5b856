package dialect

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
)

// schema is a JSON Schema (draft 2020-12), as far as the tables and wire structs need it. A schema without members is
// true for everything.
type schema struct {
	Ref                  string           `json:"$ref,omitempty"`
	Type                 any              `json:"type,omitempty"` // a string, or []string
	AnyOf                []*schema        `json:"anyOf,omitempty"`
	Description          string           `json:"description,omitempty"`
	Format               string           `json:"format,omitempty"`
	Pattern              string           `json:"pattern,omitempty"`
	Enum                 []any            `json:"enum,omitempty"`
	Default              any              `json:"default,omitempty"`
	ReadOnly             bool             `json:"readOnly,omitempty"`
	Minimum              *int64           `json:"minimum,omitempty"`
	Maximum              *int64           `json:"maximum,omitempty"`
	MaxItems             int              `json:"maxItems,omitempty"`
	UniqueItems          bool             `json:"uniqueItems,omitempty"`
	Items                *schema          `json:"items,omitempty"`
	Required             []string         `json:"required,omitempty"`
	Properties           ordered[*schema] `json:"properties,omitempty"`
	AdditionalProperties *schema          `json:"additionalProperties,omitempty"`
	Example              any              `json:"example,omitempty"`
}

// ordered is a JSON object whose members keep their order.
type ordered[T any] []entry[T]

type entry[T any] struct {
	name  string
	value T
}

// MarshalJSON implements [json.Marshaler].
func (o ordered[T]) MarshalJSON() ([]byte, error) {
	var e encoder
	e.buf.WriteByte('{')
	for i, member := range o {
		if i > 0 {
			e.buf.WriteByte(',')
		}
		if err := e.encode(member.name); err != nil {
			return nil, err
		}
		e.buf.WriteByte(':')
		if err := e.encode(member.value); err != nil {
			return nil, err
		}
	}
	e.buf.WriteByte('}')
	return e.buf.Bytes(), nil
}

// at returns the value of a member, which it appends where it is missing.
func (o *ordered[T]) at(name string) *T {
	i := slices.IndexFunc(*o, func(e entry[T]) bool { return e.name == name })
	if i < 0 {
		*o = append(*o, entry[T]{name: name})
		i = len(*o) - 1
	}
	return &(*o)[i].value
}

// schemas gathers the schemas of wire structs, each under a name of its own.
type schemas struct {
	names map[reflect.Type]string
	all   ordered[*schema]
}

// of returns the schema of a type; that of a named struct is a reference to the gathered one.
func (s *schemas) of(t reflect.Type) *schema {
	if known := wellKnown(t); known != nil {
		return known
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.of(t.Elem()))
	case reflect.Slice, reflect.Array:
		return &schema{Type: "array", Items: s.of(t.Elem())}
	case reflect.Map:
		return &schema{Type: "object", AdditionalProperties: s.of(t.Elem())}
	case reflect.Struct:
		return s.ofStruct(t)
	case reflect.Interface:
		return &schema{}
	default:
		return &schema{Type: kindName(t.Kind())}
	}
}

// wellKnown returns the schema of a type that has a JSON form of its own; nil for other types.
func wellKnown(t reflect.Type) *schema {
	switch t {
	case reflect.TypeFor[roster.Digest]():
		return &schema{Type: "string", Pattern: "^[0-9a-f]{64}$"}
	case reflect.TypeFor[roster.ID]():
		return &schema{Type: "string", Format: "uuid"}
	case reflect.TypeFor[roster.Time]():
		return &schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[roster.Object]():
		return &schema{Type: "object"}
	case reflect.TypeFor[json.Number]():
		return &schema{Type: "number"}
	}
	if names := enumeration(t); names != nil {
		s := &schema{Type: "string"}
		for _, name := range names {
			s.Enum = append(s.Enum, name)
		}
		return s
	}
	switch {
	case t.Kind() == reflect.Pointer:
		return nil
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return &schema{}
	case t.Implements(reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()):
		return &schema{Type: "string"}
	}
	return nil
}

func kindName(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "boolean"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.String:
		return "string"
	default:
		return "integer"
	}
}

func (s *schemas) ofStruct(t reflect.Type) *schema {
	if t.Name() == "" {
		return s.object(t)
	}
	name, known := s.names[t]
	if !known {
		name = s.name(t)
		s.names[t] = name
		*s.all.at(name) = nil // its place, before those of the structs inside
		object := s.object(t)
		*s.all.at(name) = object
	}
	return &schema{Ref: "#/components/schemas/" + name}
}

// name returns a name for a struct that no other struct of the dialect has.
func (s *schemas) name(t reflect.Type) string {
	base := typeName(t)
	name := base
	for n := 2; slices.ContainsFunc(s.all, func(e entry[*schema]) bool { return e.name == name }); n++ {
		name = base + strconv.Itoa(n)
	}
	return name
}

func (s *schemas) object(t reflect.Type) *schema {
	o := &schema{Type: "object"}
	for _, m := range members(t) {
		*o.Properties.at(m.Name) = s.property(m)
		if m.Required {
			o.Required = append(o.Required, m.Name)
		}
	}
	return o
}

// patch returns the schema of a merge patch (RFC 7396) for a struct: no member is required, and null removes any.
func (s *schemas) patch(t reflect.Type) *schema {
	o := &schema{Type: "object"}
	for _, m := range members(t) {
		m.Nullable = true
		*o.Properties.at(m.Name) = s.property(m)
	}
	return o
}

func (s *schemas) property(m member) *schema {
	p := s.of(m.Type)
	if m.JSONType != "" {
		p = &schema{Type: m.JSONType}
	}
	values := p
	if p.Items != nil {
		values = p.Items
	}
	if m.Enum != nil {
		values.Enum = nil
	}
	for _, v := range m.Enum {
		values.Enum = append(values.Enum, literal(v, values.Type))
	}
	if m.Format != "" {
		values.Format = m.Format
	}
	if m.Nullable {
		p = nullable(p)
	}
	p.Description, p.ReadOnly = m.Doc, m.ReadOnly
	return p
}

// literal returns the JSON value that a text of a table stands for in a schema of a type.
func literal(text string, jsonType any) any {
	switch jsonType {
	case "integer", "number":
		return json.Number(text)
	case "boolean":
		return text == "true" || text == "1"
	default:
		return text
	}
}

// nullable returns a schema that is true for null as well.
func nullable(s *schema) *schema {
	switch {
	case s.Ref != "":
		return &schema{AnyOf: []*schema{s, {Type: "null"}}}
	case s.AnyOf != nil || s.Type == nil:
		return s // it is nullable already, or true for everything
	}
	if name, ok := s.Type.(string); ok {
		s.Type = []string{name, "null"}
		if s.Enum != nil {
			s.Enum = append(s.Enum, nil)
		}
	}
	return s
}
