package ingest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/roster-dev/roster"
)

// View is an organization at one version, as an export sees it. Lists are by number; records are shared and read only.
type View interface {
	Roles() []*roster.Role
	Groups() []*roster.Group
	Spaces() []*roster.Space
	Users(q roster.Query) (roster.Page, error)
}

// WriteJSONL writes all roles, groups, spaces and users of an organization, each by number, as [JSONL] reads them.
// Built-in roles are reduced to handle and name, because every organization has its own; computed members are left
// out. Importing what was written makes the same records, and exporting those writes the same bytes.
func WriteJSONL(w io.Writer, v View) error {
	out := bufio.NewWriter(w)
	for _, write := range []func() error{
		func() error { return writeAll(out, v.Roles()) },
		func() error { return writeAll(out, v.Groups()) },
		func() error { return writeAll(out, v.Spaces()) },
		func() error {
			return eachUser(v, func(u *roster.User) error { return writeLine(out, u) })
		},
		out.Flush,
	} {
		if err := write(); err != nil {
			return fmt.Errorf("export JSON Lines: %w", err)
		}
	}
	return nil
}

func writeAll[E roster.Entity](out *bufio.Writer, list []E) error {
	for _, e := range list {
		if err := writeLine(out, e); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(out *bufio.Writer, e roster.Entity) error {
	doc, err := document(e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "{\"type\":%q,%s\n", e.Key().Type, doc[1:])
	return err
}

func document(e roster.Entity) ([]byte, error) {
	if role, ok := e.(*roster.Role); ok && isBuiltIn(role) {
		return json.Marshal(struct {
			Handle string `json:"handle"`
			Name   string `json:"name"`
		}{role.Handle, role.Name})
	}
	return roster.EncodeEntity(e)
}

// eachUser calls fn with every user by number, without what is computed, until fn fails.
func eachUser(v View, fn func(*roster.User) error) error {
	page, err := v.Users(roster.Query{})
	if err != nil {
		return err
	}
	for u := range page.Users {
		stored := *u
		stored.Permissions = 0
		if err := fn(&stored); err != nil {
			return err
		}
	}
	return nil
}
