package ingest

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// Columns returns the names of the columns of CSV, in the order of an export: the names of a user's members in the
// canonical form, dotted where they are nested, as in slack.id. Lists are separated by ";", spaces are written as
// number:role, objects of settings and lists with an element that contains ";" as JSON. Computed members are read
// over.
func Columns() []string {
	return columnNames(columns())
}

func columnNames(list []column) []string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.name
	}
	return names
}

// column is a member of a user as a column of CSV.
type column struct {
	name string
	// index leads to the member, as in reflect.Value.FieldByIndex.
	index    []int
	form     form
	computed bool
	// optional members are absent where they are zero.
	optional bool
}

func columns() []column { return columnsOf("", nil, reflect.TypeFor[roster.User]()) }

func columnsOf(prefix string, index []int, t reflect.Type) []column {
	var list []column
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		at := append(slices.Clip(index), i)
		if isNested(field.Type) {
			list = append(list, columnsOf(prefix+name+".", at, field.Type)...)
			continue
		}
		list = append(list, column{
			name: prefix + name, index: at, form: formOf(field.Type),
			computed: field.Tag.Get("input") == "ignore",
			optional: strings.HasPrefix(options, "omit"),
		})
	}
	return list
}

func isNested(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !t.Implements(reflect.TypeFor[json.Marshaler]()) &&
		!t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// outer returns the name of the member of a user that the column is, or is in.
func (c column) outer() string {
	outer, _, _ := strings.Cut(c.name, ".")
	return outer
}

// cell returns what the column shows of a user.
func (c column) cell(u *roster.User) string {
	v := reflect.ValueOf(u).Elem().FieldByIndex(c.index)
	if c.optional && v.IsZero() && v.Kind() != reflect.Bool {
		return ""
	}
	return c.form.format(v)
}

// form is how values of one Go type are written in a cell.
type form struct {
	// parse returns the JSON of a cell that is not empty, or what is wrong with the cell.
	parse  func(cell string) (doc json.RawMessage, wrong string)
	format func(reflect.Value) string
}

func formOf(t reflect.Type) form {
	switch {
	case t == reflect.TypeFor[roster.Object]():
		return form{parseJSON, reflect.Value.String}
	case t == reflect.TypeFor[[]roster.SpaceAccess]():
		return form{parseSpaces, formatSpaces}
	case t == reflect.TypeFor[[]int64]():
		return form{parseNumbers, formatNumbers}
	case t == reflect.TypeFor[[]string]():
		return form{parseTexts, formatTexts}
	case t == reflect.TypeFor[roster.Time]():
		return form{parseText, func(v reflect.Value) string { return roster.Time(v.Int()).String() }}
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return form{parseText, formatText}
	case t.Kind() == reflect.Bool:
		return form{parseBool, func(v reflect.Value) string { return strconv.FormatBool(v.Bool()) }}
	case t.Kind() == reflect.Int64:
		return form{parseInt, func(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) }}
	case t.Kind() == reflect.String:
		return form{parseText, reflect.Value.String}
	default:
		return form{parseJSON, func(v reflect.Value) string { return string(encode(v.Interface())) }}
	}
}

// encode returns the JSON of a value that has one for certain.
func encode(v any) json.RawMessage {
	doc, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return doc
}

func parseText(cell string) (json.RawMessage, string) { return encode(cell), "" }

func formatText(v reflect.Value) string {
	m, ok := reflect.TypeAssert[encoding.TextMarshaler](v)
	if !ok {
		return ""
	}
	text, _ := m.MarshalText() // the marshallers of the root package do not fail
	return string(text)
}

func parseBool(cell string) (json.RawMessage, string) {
	for _, b := range []bool{false, true} {
		if strings.EqualFold(cell, strconv.FormatBool(b)) { // spreadsheets write TRUE
			return encode(b), ""
		}
	}
	return nil, "must be true or false"
}

func parseInt(cell string) (json.RawMessage, string) {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		return nil, "must be an integer"
	}
	return encode(n), ""
}

func parseJSON(cell string) (json.RawMessage, string) {
	if !json.Valid([]byte(cell)) {
		return nil, "is not valid JSON"
	}
	return json.RawMessage(cell), ""
}

func parseNumbers(cell string) (json.RawMessage, string) {
	numbers := []int64{}
	for part := range strings.SplitSeq(cell, ";") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 64)
		if err != nil {
			return nil, "must be integers separated by semicolons, such as 1;2"
		}
		numbers = append(numbers, n)
	}
	return encode(numbers), ""
}

func formatNumbers(v reflect.Value) string {
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = strconv.FormatInt(v.Index(i).Int(), 10)
	}
	return strings.Join(parts, ";")
}

func parseTexts(cell string) (json.RawMessage, string) {
	if strings.HasPrefix(cell, "[") {
		return parseJSON(cell)
	}
	texts := []string{}
	for part := range strings.SplitSeq(cell, ";") {
		texts = append(texts, strings.TrimSpace(part))
	}
	return encode(texts), ""
}

func formatTexts(v reflect.Value) string {
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = v.Index(i).String()
		if strings.Contains(parts[i], ";") {
			return string(encode(v.Interface()))
		}
	}
	joined := strings.Join(parts, ";")
	if strings.HasPrefix(joined, "[") {
		return string(encode(v.Interface()))
	}
	return joined
}

func parseSpaces(cell string) (json.RawMessage, string) {
	spaces := []roster.SpaceAccess{}
	for part := range strings.SplitSeq(cell, ";") {
		number, role, ok := strings.Cut(strings.TrimSpace(part), ":")
		n, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			return nil, "must be spaces as number:role separated by semicolons, such as 1:reader;2:writer"
		}
		spaces = append(spaces, roster.SpaceAccess{Number: n, Role: role})
	}
	return encode(spaces), ""
}

func formatSpaces(v reflect.Value) string {
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = strconv.FormatInt(v.Index(i).FieldByName("Number").Int(), 10) + ":" +
			v.Index(i).FieldByName("Role").String()
	}
	return strings.Join(parts, ";")
}
