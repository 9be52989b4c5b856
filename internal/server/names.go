package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// checkNames fails with [roster.Invalid] for commands that have an organization or a token name a dialect that there is
// not. What was stored with such a name, as before a dialect went, stays until it is written anew.
func (s *Server) checkNames(cmds []roster.Command) error {
	if len(s.Names) == 0 {
		return nil
	}
	var faults []roster.Detail
	for _, cmd := range cmds {
		for _, n := range namedIn(cmd) {
			if !slices.Contains(s.Names, n.name) {
				faults = append(faults, s.noDialect(n))
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return &roster.Error{Code: roster.Invalid, Field: faults[0].Field, Message: faults[0].Message, Details: faults}
}

func (s *Server) noDialect(n dialectName) roster.Detail {
	d := roster.Detail{
		Field: n.field, Code: roster.Unknown, Allowed: s.Names, DidYouMean: roster.Closest(n.name, s.Names),
		Message: "is no dialect",
	}
	if n.isValue {
		d.Message, d.Code = fmt.Sprintf("%.40q is no dialect", n.name), roster.NotAllowed
	}
	if d.DidYouMean != "" {
		d.Message += " (did you mean " + d.DidYouMean + "?)"
	}
	d.Message += "; there are " + strings.Join(s.Names, ", ")
	return d
}

// dialectName is the name of a dialect in a command. It is the last part of the field or, where isValue is set, what
// the field holds.
type dialectName struct {
	field, name string
	isValue     bool
}

// namedIn returns the dialects that a command names.
func namedIn(cmd roster.Command) []dialectName {
	switch c := cmd.(type) {
	case roster.Create:
		return namedBy(c.Record)
	case roster.Update:
		return namedInPatch(c)
	default:
		return nil
	}
}

func namedBy(record roster.Entity) []dialectName {
	switch e := record.(type) {
	case *roster.Organization:
		return append(keysOf("contracts", e.Contracts), keysOf("limits", e.Limits)...)
	case *roster.Token:
		return valuesOf("dialects", e.Dialects)
	default:
		return nil
	}
}

// namedInPatch does not name what a patch takes away, and leaves what it can't read to who carries it out.
func namedInPatch(c roster.Update) []dialectName {
	var patch struct {
		Contracts, Limits map[string]any
		Dialects          []string
	}
	if c.Type != roster.TypeOrganization && c.Type != roster.TypeToken || json.Unmarshal(c.Patch, &patch) != nil {
		return nil
	}
	if c.Type == roster.TypeToken {
		return valuesOf("dialects", patch.Dialects)
	}
	goes := func(_ string, value any) bool { return value == nil }
	maps.DeleteFunc(patch.Contracts, goes)
	maps.DeleteFunc(patch.Limits, goes)
	return append(keysOf("contracts", patch.Contracts), keysOf("limits", patch.Limits)...)
}

func keysOf[T any](member string, of map[string]T) []dialectName {
	var names []dialectName
	for _, name := range slices.Sorted(maps.Keys(of)) {
		names = append(names, dialectName{field: member + "." + name, name: name})
	}
	return names
}

func valuesOf(member string, list []string) []dialectName {
	var names []dialectName
	for i, name := range list {
		names = append(names, dialectName{field: fmt.Sprintf("%s[%d]", member, i), name: name, isValue: true})
	}
	return names
}
