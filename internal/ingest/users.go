package ingest

import (
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// UsersCSV returns what writes users as [WriteCSV] does, in the order in which they come: of the columns that shows
// lets through, given a member's name, those that are chosen by their names or by that of the structure that they are
// in, in the order in which they are chosen; where none is chosen, all that are not computed. It fails with
// [roster.Invalid] and a detail without a Field for each name that is not in CSV.
func UsersCSV(
	users iter.Seq[*roster.User], shows func(member string) bool, chosen []string,
) (func(io.Writer) error, error) {
	all := slices.DeleteFunc(columns(), func(c column) bool { return !shows(c.outer()) })
	picked, err := pick(all, chosen)
	if err != nil {
		return nil, err
	}
	return func(w io.Writer) error { return writeRows(w, picked, users) }, nil
}

// pick returns the columns of some names, each once; all that are not computed where there is no name.
func pick(all []column, chosen []string) ([]column, error) {
	if len(chosen) == 0 {
		return slices.DeleteFunc(all, func(c column) bool { return c.computed }), nil
	}
	var picked []column
	var faults []roster.Detail
	for _, name := range chosen {
		found := false
		for _, c := range all {
			if c.name != name && c.outer() != name {
				continue
			}
			found = true
			if !slices.ContainsFunc(picked, func(p column) bool { return p.name == c.name }) {
				picked = append(picked, c)
			}
		}
		if !found {
			faults = append(faults, notInCSV(name, all))
		}
	}
	if len(faults) > 0 {
		return nil, &roster.Error{Code: roster.Invalid, Message: faults[0].Message, Details: faults}
	}
	return picked, nil
}

// notInCSV returns the fault of a name that is no column's: of a part of what has one column in all, or of none at all.
func notInCSV(name string, all []column) roster.Detail {
	fault := roster.Detail{Message: name + " is not in CSV", Allowed: columnNames(all)}
	whole, _, _ := strings.Cut(name, ".")
	if slices.Contains(fault.Allowed, whole) {
		fault.DidYouMean, fault.Message = whole, fault.Message+"; use "+whole
	}
	return fault
}
