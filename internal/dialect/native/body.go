package native

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// parseBody reads a JSON object into a struct by the names of its members. Unknown members, those that lack and those
// of another type are faults, which the error names by their paths.
func parseBody[T any](body []byte) (T, error) {
	var parsed T
	if err := isObject(body); err != nil {
		return parsed, err
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil {
		return parsed, roster.Errorf(roster.Invalid, "the body must be a JSON object")
	}
	var names []string
	var faults []roster.Detail
	into := reflect.ValueOf(&parsed).Elem()
	for i := range into.NumField() {
		field := into.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
		if fault := readMember(given[name], field, into.Field(i)); fault.Message != "" {
			fault.Field = name
			faults = append(faults, fault)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			faults = append(faults, unknownMember(name, names))
		}
	}
	return parsed, faultsError(faults)
}

func readMember(raw json.RawMessage, field reflect.StructField, into reflect.Value) roster.Detail {
	if len(raw) == 0 || string(raw) == "null" {
		if field.Tag.Get("required") == "" {
			return roster.Detail{}
		}
		return roster.Detail{Code: roster.Required, Message: "is required"}
	}
	if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil {
		return roster.Detail{Message: "must be " + field.Tag.Get("expect")}
	}
	if allowed := field.Tag.Get("enum"); allowed != "" {
		values := strings.Split(allowed, ",")
		if text := into.String(); !slices.Contains(values, text) {
			return roster.NotOneOf("", text, values)
		}
	}
	return roster.Detail{}
}

func unknownMember(name string, names []string) roster.Detail {
	return roster.Detail{
		Field: name, Code: roster.Unknown, Allowed: names, DidYouMean: roster.Closest(name, names),
		Message: "is not a known member; known are " + strings.Join(names, ", "),
	}
}

// faultsError returns one error for all faults, nil for none.
func faultsError(faults []roster.Detail) error {
	if len(faults) == 0 {
		return nil
	}
	return &roster.Error{
		Code: roster.Invalid, Field: faults[0].Field, Message: faults[0].Message, Details: faults,
	}
}

// within returns an error about a part of a body as one about the body: path leads to the part.
func within(path string, err error) error {
	e := roster.AsError(err)
	c := *e
	c.Field = joined(path, e.Field)
	c.Details = slices.Clone(e.Details)
	for i := range c.Details {
		c.Details[i].Field = joined(path, c.Details[i].Field)
	}
	return &c
}

func joined(path, field string) string {
	if field == "" {
		return path
	}
	return path + "." + field
}
