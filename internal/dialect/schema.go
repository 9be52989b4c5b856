package dialect

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// member is a member of a wire struct, as its field and the field's tags describe it:
//
//	json:"name"      its name; with omitempty or omitzero it is left out where there is no value
//	doc:"..."        what it means
//	format:"..."     the format of a string
//	enum:"a,b"       the values of a string or integer, or of the elements of a list
//	required:"yes"   it is always there
//	nullable:"yes"   it can be null, as a pointer, an interface, an object of settings or a time without omitempty can
//	type:"..."       the JSON type where the Go type does not say it
//	mark:"seed"      a [Mark]
type member struct {
	Name, Doc, Format, JSONType string
	Enum                        []string
	Required, Nullable          bool
	Mark                        Mark
	Type                        reflect.Type // never a pointer
}

// members returns the members of a wire struct in their order, those of embedded structs among them.
func members(t reflect.Type) []member {
	var all []member
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && name == "" && bare(f.Type).Kind() == reflect.Struct:
			all = append(all, members(bare(f.Type))...)
		default:
			all = append(all, memberOf(f, name, strings.Contains(options, "omit")))
		}
	}
	return all
}

func memberOf(f reflect.StructField, name string, omits bool) member {
	if name == "" {
		name = f.Name
	}
	m := member{
		Name: name, Doc: f.Tag.Get("doc"), Format: f.Tag.Get("format"), JSONType: f.Tag.Get("type"),
		Required: f.Tag.Get("required") == "yes" && !omits,
		Nullable: f.Tag.Get("nullable") == "yes" || !omits && canBeNull(f.Type),
		Mark:     Mark(f.Tag.Get("mark")),
		Type:     bare(f.Type),
	}
	if enum := f.Tag.Get("enum"); enum != "" {
		m.Enum = strings.Split(enum, ",")
	}
	return m
}

func canBeNull(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[roster.Object](), reflect.TypeFor[roster.Time]():
		return true
	}
	return t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface
}

// bare returns what a type points to.
func bare(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

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
	case reflect.TypeFor[roster.ID]():
		return &schema{Type: "string", Format: "uuid"}
	case reflect.TypeFor[roster.Time]():
		return &schema{Type: "string", Format: "date-time"}
	case reflect.TypeFor[roster.Object]():
		return &schema{Type: "object"}
	case reflect.TypeFor[json.Number]():
		return &schema{Type: "number"}
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

// typeName returns the name of a wire struct for readers: its Go name without type parameters, in upper camel case.
func typeName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return strings.ToUpper(name[:1]) + name[1:]
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

func (s *schemas) property(m member) *schema {
	p := s.of(m.Type)
	if m.JSONType != "" {
		p = &schema{Type: m.JSONType}
	}
	values := p
	if p.Items != nil {
		values = p.Items
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
	p.Description = m.Doc
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

// typeText says in words what a type's JSON form is, as in "array of User".
func typeText(t reflect.Type) string {
	t = bare(t)
	switch t.Kind() {
	case reflect.Slice, reflect.Array:
		if wellKnown(t) == nil {
			return "array of " + typeText(t.Elem())
		}
	case reflect.Struct:
		if wellKnown(t) == nil {
			return structText(t)
		}
	case reflect.Map:
		return "object of " + typeText(t.Elem())
	}
	s := (&schemas{}).of(t)
	if s.Type == nil {
		return "any"
	}
	if s.Format != "" {
		return fmt.Sprintf("%s (%s)", s.Type, s.Format)
	}
	return fmt.Sprint(s.Type)
}

func structText(t reflect.Type) string {
	if t.Name() == "" {
		return "object"
	}
	return typeName(t)
}
