package native

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const fieldsName = "fields"

// fieldsParam is a parameter of every endpoint that shows records: see [selecting].
func fieldsParam() dialect.Param {
	return dialect.Param{
		Name: fieldsName, Type: dialect.Strings, Mark: dialect.Ours, Everywhere: true, Example: "id",
		Doc: "The members of records to show, all by default; those of a structure, or of the elements of a list, " +
			"after a dot. Members that are required otherwise are left out, too. ETag stays that of the whole record.",
	}
}

// selecting makes an endpoint that has [fieldsParam] show only the members that a request asks for.
func selecting(e dialect.Endpoint) dialect.Endpoint {
	of, isList := shownBy(e)
	serve := e.Serve
	e.Serve = func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
		if !r.Given(fieldsName) {
			return serve(ctx, r)
		}
		keep, err := selectMembers(of, r.Strings(fieldsName), r.Principal.Permissions)
		if err != nil {
			return dialect.Response{}, err
		}
		if isList {
			keep = tree{"items": keep}.besides(membersOf(listShape, nil)...)
		}
		response, err := serve(ctx, r)
		if err == nil && response.Body != nil {
			response.Body = pruned(response.Body, keep)
		}
		return response, err
	}
	return e
}

// listShape is what all lists have.
var listShape = reflect.TypeFor[list[struct{}]]()

// shownBy returns the type of the records that an endpoint shows, and whether it shows a list of them.
func shownBy(e dialect.Endpoint) (of reflect.Type, isList bool) {
	for _, r := range e.Returns {
		if r.Status != http.StatusOK || r.Body == nil {
			continue
		}
		of = reflect.TypeOf(r.Body)
		if items, ok := of.FieldByName("Items"); ok {
			return items.Type.Elem(), true
		}
	}
	return of, false
}

// Choose returns the members that names choose, as the parameter fields does, of a record of a type whose JSON is doc.
// It fails with [roster.Invalid] where a name is none.
func Choose(of reflect.Type, doc []byte, names []string) ([]byte, error) {
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	keep, err := selectMembers(of, names, roster.Operator().Permissions)
	if err != nil {
		return nil, err
	}
	return prune(doc, keep)
}

// tree says which members of a JSON value are shown, by their names; nil says that all are.
type tree map[string]tree

// besides adds members that are shown as they are to those that t says something about.
func (t tree) besides(names ...string) tree {
	for _, name := range names {
		if _, known := t[name]; !known {
			t[name] = nil
		}
	}
	return t
}

// selectMembers returns what names choose of a type of records, as far as the permissions allow to see it. It fails
// with a detail for each name that is none.
func selectMembers(of reflect.Type, names []string, by roster.Permissions) (tree, error) {
	chosen := tree{}
	var faults []roster.Detail
	for _, name := range names {
		outer, inner, nested := strings.Cut(name, ".")
		parts, known := partsOf(of, outer, by)
		switch whole, before := chosen[outer]; {
		case !known:
			faults = append(faults, unknownField(name, outer, "", membersOf(of, by)))
		case nested && !slices.Contains(parts, inner):
			faults = append(faults, unknownField(name, inner, outer+".", parts))
		case !nested || before && whole == nil:
			chosen[outer] = nil
		case !before:
			chosen[outer] = tree{inner: nil}
		default:
			whole[inner] = nil
		}
	}
	return chosen, faultsError(faults)
}

func unknownField(name, found, prefix string, names []string) roster.Detail {
	d := roster.Detail{Field: fieldsName, Code: roster.Unknown, Message: fmt.Sprintf("there is no member %q", name)}
	for _, n := range names {
		d.Allowed = append(d.Allowed, prefix+n)
	}
	if guess := roster.Closest(found, names); guess != "" {
		d.DidYouMean = prefix + guess
		d.Message += " (did you mean " + d.DidYouMean + "?)"
	}
	return d
}

// membersOf returns the names of the members of a structure that may be seen with some permissions.
func membersOf(of reflect.Type, by roster.Permissions) []string {
	var names []string
	for f := range fieldsOf(of) {
		if name := nameOf(f); isVisible(of, f, name, by) {
			names = append(names, name)
		}
	}
	return names
}

// fieldsOf yields the fields of a structure, in the place of structures that it embeds theirs.
func fieldsOf(of reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(of) {
			if !f.Anonymous && f.IsExported() && !yield(f) {
				return
			}
		}
	}
}

func nameOf(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// isVisible reports whether a member is shown to whoever has some permissions.
func isVisible(of reflect.Type, f reflect.StructField, name string, by roster.Permissions) bool {
	needs := roster.Permission(f.Tag.Get("needs"))
	if of == reflect.TypeFor[roster.User]() {
		field, known := roster.FieldByName(name)
		if !known {
			return false
		}
		needs = field.Info().Needs
	}
	return name != "" && name != "-" && !strings.Contains(f.Tag.Get("input"), "refuse") && by.Has(needs)
}

// partsOf returns the names of the members of a structure, or of the elements of a list, that is a member of a record,
// and whether there is such a member.
func partsOf(of reflect.Type, name string, by roster.Permissions) (parts []string, known bool) {
	for f := range fieldsOf(of) {
		if nameOf(f) != name || !isVisible(of, f, name, by) {
			continue
		}
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			parts = membersOf(inner, by)
		}
		return parts, true
	}
	return nil, false
}

// pruned writes of a body what is to be kept of it.
func pruned(body func(io.Writer) error, keep tree) func(io.Writer) error {
	return func(w io.Writer) error {
		var whole bytes.Buffer
		if err := body(&whole); err != nil {
			return err
		}
		doc, err := prune(whole.Bytes(), keep)
		if err != nil {
			return fmt.Errorf("leave out members: %w", err)
		}
		_, err = w.Write(doc)
		return err
	}
}

// prune returns what is to be kept of a JSON value, in the order in which it stands there.
func prune(doc []byte, keep tree) ([]byte, error) {
	begins := bytes.TrimLeft(doc, " \n\t")
	if keep == nil || len(begins) == 0 || begins[0] != '{' && begins[0] != '[' {
		return doc, nil
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	if begins[0] == '[' {
		return pruneArray(dec, keep)
	}
	return pruneObject(dec, keep)
}

func pruneArray(dec *json.Decoder, keep tree) ([]byte, error) {
	out := []byte{'['}
	for dec.More() {
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil {
			return nil, err
		}
		left, err := prune(element, keep)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, left...)
	}
	return append(out, ']'), nil
}

func pruneObject(dec *json.Decoder, keep tree) ([]byte, error) {
	out := []byte{'{'}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		within, shown := keep[name]
		if !shown {
			continue
		}
		left, err := prune(value, within)
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(strconv.AppendQuote(out, name), ':')
		out = append(out, left...)
	}
	return append(out, '}'), nil
}
