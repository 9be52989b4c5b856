// Package ingest moves the records of an organization in and out: it reads JSON Lines and CSV into import commands,
// hands them on in batches, and writes a view of an organization in the forms that it reads.
//
// Everything streams: memory does not grow with the input. What a record must be like is known to the root package
// alone; this package knows the two forms, where a record begins and ends, and what to tell about those that are
// rejected. It must not know where commands go or how records are stored.
package ingest

import (
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// MaxRecord is the largest size of a record in the input, in bytes.
const MaxRecord = 1 << 20

// Record is one record of an input, whether it can be imported or not.
type Record struct {
	// Line is the line that the record begins on, from 1.
	Line int
	// Size is the length of the record in bytes.
	Size int
	// Import is the command that imports the record.
	Import roster.Import
	// Err is why there is no such command: [roster.Invalid], where possible with Field, or [roster.TooLarge].
	Err error
	// Text is the record as it stands in the input where [Input.KeepText] asks for it: of JSON Lines the line, of CSV
	// a row that says the same. There is none of a line that is too long and of a row that is no CSV.
	Text string
}

// Input says how to read an input. The zero Input refuses records that exist.
type Input struct {
	OnConflict roster.OnConflict
	// After leaves out the records that begin on a line up to this one: they are not looked at.
	After int
	// KeepText fills the Text of records.
	KeepText bool
}

// Types returns the types of records that can be imported and exported, in the order of an export: what others refer to
// comes first. CSV has users only.
func Types() []roster.Type {
	return []roster.Type{roster.TypeRole, roster.TypeGroup, roster.TypeSpace, roster.TypeUser}
}

// command makes the command that imports the record of a document. The document may be overwritten later.
func command(t roster.Type, doc []byte, on roster.OnConflict) (roster.Import, error) {
	record, err := roster.ParseEntity(t, doc)
	if err != nil {
		return roster.Import{}, err
	}
	if role, ok := record.(*roster.Role); ok && isBuiltIn(role) {
		return builtIn(role, on), nil
	}
	c := roster.Import{Record: record, OnConflict: on}
	if on == roster.OnConflictUpdate {
		c.Patch = slices.Clone(doc)
	}
	return c, nil
}

func isBuiltIn(r *roster.Role) bool {
	return slices.Contains([]string{roster.RoleAdmin, roster.RoleSupport, roster.RoleReadOnly}, r.Handle)
}

// builtIn imports a role that every organization has from its beginning, under an id of its own: the name is all that
// can be brought along, and that the role exists is no conflict.
func builtIn(role *roster.Role, on roster.OnConflict) roster.Import {
	if on != roster.OnConflictSkip {
		on = roster.OnConflictUpdate
	}
	reduced := &roster.Role{Handle: role.Handle, Name: role.Name}
	return roster.Import{Record: reduced, OnConflict: on, Patch: namePatch(role)}
}

func invalidUTF8() error { return roster.Errorf(roster.Invalid, "must be valid UTF-8") }

func tooLong() error {
	return roster.Errorf(roster.TooLarge, "is longer than %d bytes", MaxRecord)
}

func names[S ~string](list []S) string {
	texts := make([]string, len(list))
	for i, s := range list {
		texts[i] = string(s)
	}
	return strings.Join(texts, ", ")
}
