package dialect

import (
	"encoding/json"
	"fmt"
	"reflect"
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
//	readonly:"yes"   only answers have it: what a request says of it does not count; the same goes for input:"ignore"
//	type:"..."       the JSON type where the Go type does not say it
//	mark:"seed"      a [Mark]
type member struct {
	Name, Doc, Format, JSONType string
	Enum                        []string
	Required, Nullable          bool
	ReadOnly                    bool
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
		ReadOnly: f.Tag.Get("readonly") == "yes" || f.Tag.Get("input") == "ignore",
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

// enumeration returns the names of the values of one of the root package's enumerations; nil for other types.
func enumeration(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[roster.Kind]():
		return roster.Kinds()
	case reflect.TypeFor[roster.Status]():
		return roster.Statuses()
	case reflect.TypeFor[roster.UserType]():
		return roster.UserTypes()[1:] // the first one only asks for the default
	case reflect.TypeFor[roster.Contract]():
		return []string{string(roster.Documented), string(roster.Live)}
	case reflect.TypeFor[roster.TokenKind]():
		return texts(roster.TokenKinds())
	case reflect.TypeFor[roster.Permission]():
		return texts(roster.AllPermissions())
	default:
		return nil
	}
}

func texts[S ~string](list []S) []string {
	plain := make([]string, len(list))
	for i, s := range list {
		plain[i] = string(s)
	}
	return plain
}

// typeName returns the name of a wire struct for readers: its Go name without type parameters, in upper camel case.
func typeName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.Name(), "[")
	return strings.ToUpper(name[:1]) + name[1:]
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
