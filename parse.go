package roster

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// ParseEntity reads a record from its canonical JSON form as it comes from outside: unknown members are refused, and
// those that an object has twice; null is absence, computed members are ignored, and what has a default independent of
// other records is filled in.
// Errors are [Invalid] and name each member at fault, as in spaces[0].role. The record is not validated yet:
// [Decide] does that.
func ParseEntity(t Type, doc []byte) (Entity, error) {
	if t == TypeUser {
		if u, ok := readInput(doc); ok {
			return u, nil
		}
	}
	return parseEntity(t, doc)
}

// readInput is [ParseEntity] for a user in one pass. It gives up where there is a fault, because it can't name it, and
// at much that is unusual.
func readInput(doc []byte) (*User, bool) {
	u := &User{AppsAccess: 1, TakesLicence: true}
	r := newReader(doc)
	r.absent = true
	if !r.readUser(u) || u.Kind != Person && u.TakesLicence { // did the input say so?
		return nil, false
	}
	u.Permissions = 0
	return u, true
}

func parseEntity(t Type, doc []byte) (Entity, error) {
	e := NewEntity(t)
	if e == nil {
		return nil, FieldErrorf("type", "must be one of %s, not %s", typeNames(), quote(string(t)))
	}
	u, isUser := e.(*User)
	if isUser {
		u.AppsAccess = 1
	}
	var p parser
	members := p.object("", doc)
	if at := RepeatedMember(doc); at != "" {
		p.fault(at, "is given twice")
	}
	p.structure("", members, reflect.ValueOf(e).Elem())
	if isUser && isNull(members["takes_licence"]) {
		u.TakesLicence = u.Kind == Person
	}
	if w, ok := e.(*Webhook); ok && isNull(members["enabled"]) {
		w.Enabled = true
	}
	return e, p.err()
}

func typeNames() string {
	var names []string
	for _, t := range Types() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// parser decodes JSON into structs as encoding/json does, and collects every fault with the path of its member.
type parser struct{ faults []Detail }

func (p *parser) fault(path, format string, args ...any) {
	p.faults = append(p.faults, Detail{Field: path, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) err() error { return faultsError(p.faults) }

// faultsError returns one error for all faults, nil for none.
func faultsError(faults []Detail) error {
	if len(faults) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Field: faults[0].Field, Message: faults[0].Message, Details: faults}
}

func (p *parser) object(path string, raw []byte) map[string]json.RawMessage {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			p.fault(path, "is not valid JSON: %s at byte %d", syntax.Error(), syntax.Offset)
		} else {
			p.fault(path, "must be a JSON object")
		}
		return nil
	}
	if members == nil {
		p.fault(path, "must be a JSON object, not null")
	}
	return members
}

func (p *parser) structure(path string, members map[string]json.RawMessage, into reflect.Value) {
	known := 0
	for i := range into.NumField() {
		name, input := memberOf(into.Type().Field(i))
		raw, given := members[name]
		if !given || input == "refuse" {
			continue
		}
		known++
		if input != "ignore" {
			p.value(join(path, name), raw, into.Field(i))
		}
	}
	if known < len(members) {
		p.unknown(path, members, into.Type())
	}
}

func (p *parser) unknown(path string, members map[string]json.RawMessage, t reflect.Type) {
	var names, ignored []string
	for field := range t.Fields() {
		switch name, input := memberOf(field); input {
		case "":
			names = append(names, name)
		case "ignore":
			ignored = append(ignored, name)
		}
	}
	for name := range members {
		if slices.Contains(names, name) || slices.Contains(ignored, name) {
			continue
		}
		guess := Closest(name, names)
		p.faults = append(p.faults, Detail{
			Field: join(path, name), Code: Unknown, Allowed: names, DidYouMean: guess,
			Message: "is not a known member" + meant(guess) + "; known are " + strings.Join(names, ", "),
		})
	}
	slices.SortFunc(p.faults, func(a, b Detail) int { return strings.Compare(a.Field, b.Field) })
}

// Closest returns the first of names that a typing error or two make of what was found, or "" where there is none.
// Case does not count.
func Closest(found string, names []string) string {
	lower := []rune(strings.ToLower(found))
	for limit := range 3 { // of errors: the fewer, the better
		for _, name := range names {
			if limit <= len(name)/3 && distanceWithin(lower, []rune(name), limit) {
				return name
			}
		}
	}
	return ""
}

// meant asks whether a guess is right, in the words that follow a message; "" for none.
func meant(guess string) string {
	if guess == "" {
		return ""
	}
	return " (did you mean " + guess + "?)"
}

// memberOf returns the member's name and what becomes of it on input: "" (read), "ignore" or "refuse".
func memberOf(f reflect.StructField) (name, input string) {
	name, _, _ = strings.Cut(f.Tag.Get("json"), ",")
	return name, f.Tag.Get("input")
}

func (p *parser) value(path string, raw json.RawMessage, into reflect.Value) {
	_, custom := reflect.TypeAssert[json.Unmarshaler](into.Addr())
	_, textual := reflect.TypeAssert[encoding.TextUnmarshaler](into.Addr())
	switch {
	case isNull(raw):
	case into.Kind() == reflect.Struct && !custom && !textual:
		p.structure(path, p.object(path, raw), into)
	case into.Kind() == reflect.Slice && into.Type().Elem().Kind() == reflect.Struct:
		p.list(path, raw, into)
	case into.Kind() == reflect.Map && into.Type().Elem().Kind() == reflect.Struct:
		p.mapping(path, raw, into)
	default:
		if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil {
			p.faults = append(p.faults, describe(path, err, into.Type()))
		}
	}
}

func (p *parser) list(path string, raw json.RawMessage, into reflect.Value) {
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		p.fault(path, "must be an array of objects")
		return
	}
	list := reflect.MakeSlice(into.Type(), len(elements), len(elements))
	for i, element := range elements {
		p.value(fmt.Sprintf("%s[%d]", path, i), element, list.Index(i))
	}
	into.Set(list)
}

func (p *parser) mapping(path string, raw json.RawMessage, into reflect.Value) {
	members := p.object(path, raw)
	values := reflect.MakeMapWithSize(into.Type(), len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value := reflect.New(into.Type().Elem()).Elem()
		p.value(join(path, name), members[name], value)
		values.SetMapIndex(reflect.ValueOf(name), value)
	}
	into.Set(values)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// describe turns an error of encoding/json about a member into a fault for whoever wrote the JSON.
func describe(path string, err error, t reflect.Type) Detail {
	fault := Detail{Field: path}
	if ours, ok := errors.AsType[*Error](err); ok {
		if len(ours.Details) > 0 {
			fault = ours.Details[0]
		}
		fault.Field, fault.Message = path, ours.Message
		return fault
	}
	fault.Message = expected(t)
	return fault
}

// expected says what JSON a type is written as.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int64:
		return "must be an integer"
	case reflect.Float64:
		return "must be a number"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Int64 {
			return "must be an array of integers"
		}
		return "must be an array of strings"
	case reflect.Map:
		return "must be an object"
	default:
		return "must be a string"
	}
}

// MergePatch returns e with a JSON merge patch (RFC 7396) applied to its canonical form: null removes a member,
// which then has its default again, objects are merged, anything else replaces. e itself stays as it is. Errors are
// those of [ParseEntity].
func MergePatch(e Entity, patch []byte) (Entity, error) {
	if u, ok := e.(*User); ok {
		if merged, ok := mergeUser(u, patch); ok {
			return merged, nil
		}
	}
	return mergePatch(e, patch)
}

func mergePatch(e Entity, patch []byte) (Entity, error) {
	doc, err := EncodeEntity(e)
	if err != nil {
		return nil, err
	}
	var members map[string]json.RawMessage // which a patch leaves as they are, but for a few
	if err := json.Unmarshal(doc, &members); err != nil {
		return nil, fmt.Errorf("decode %s: %w", e.Key(), err)
	}
	for _, hidden := range [...]string{"secret_sha256", "signing_secrets"} {
		delete(members, hidden) // a patch that gives them is refused
	}
	if err := mergeMembers(members, patch); err != nil {
		return nil, err
	}
	if doc, err = json.Marshal(members); err != nil {
		return nil, fmt.Errorf("encode patched %s: %w", e.Key(), err)
	}
	patched, err := ParseEntity(e.Key().Type, doc)
	if err != nil {
		return nil, err
	}
	keepHidden(e, patched)
	return patched, nil
}

// keepHidden copies the members that no input can set.
func keepHidden(from, to Entity) {
	switch to := to.(type) {
	case *Organization:
		to.Next = from.(*Organization).Next
	case *Token:
		to.Hash = from.(*Token).Hash
	case *Invitation:
		to.Hash = from.(*Invitation).Hash
	case *Webhook:
		was := from.(*Webhook)
		to.Secrets, to.Since, to.MadeBy = slices.Clone(was.Secrets), was.Since, was.MadeBy
		to.DisabledReason = was.DisabledReason
	}
}

func anyJSON(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, Errorf(Invalid, "is not valid JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, Errorf(Invalid, "has something after the JSON value")
	}
	return v, nil
}

// mergeMembers applies a merge patch to the members of an object.
func mergeMembers(members map[string]json.RawMessage, patch []byte) error {
	change, err := anyJSON(patch)
	if err != nil {
		return err
	}
	object, ok := change.(map[string]any)
	if !ok {
		return Errorf(Invalid, "a patch must be a JSON object")
	}
	for name, v := range object {
		if v == nil {
			delete(members, name)
			continue
		}
		var was any
		if old, there := members[name]; there {
			if was, err = anyJSON(old); err != nil {
				return err
			}
		}
		if members[name], err = json.Marshal(mergeJSON(was, v)); err != nil {
			return fmt.Errorf("encode the member %s: %w", name, err)
		}
	}
	return nil
}

func mergeJSON(target, patch any) any {
	change, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	merged, ok := target.(map[string]any)
	if !ok {
		merged = map[string]any{}
	}
	for name, v := range change {
		if v == nil {
			delete(merged, name)
		} else {
			merged[name] = mergeJSON(merged[name], v)
		}
	}
	return merged
}
