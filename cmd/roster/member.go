package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
)

// members are the flags that make the document of a user or a patch of one.
type members struct {
	// set are member=JSON, file is the path of a document.
	set  []string
	file string
}

// texts are the members that have a flag of their own: --first-name for first_name.
func texts() []string {
	return []string{
		"email", "name", "first_name", "last_name", "identifier", "phone", "description", "role", "status", "user_type",
		"kind", "language", "timezone",
	}
}

func flagName(member string) string { return strings.ReplaceAll(member, "_", "-") }

func memberFlags(cmd *cobra.Command) *members {
	m, flags := &members{}, cmd.Flags()
	for _, member := range texts() {
		doc := strings.ReplaceAll(member, "_", " ")
		if f, ok := roster.FieldByName(member); ok && f.Info().Enum != nil {
			doc += ": " + strings.TrimPrefix(strings.Join(f.Info().Enum, ", "), ", ")
		}
		flags.String(flagName(member), "", doc)
	}
	flags.Int64("number", 0, "number (default: the next free one)")
	flags.Int64Slice("group", nil, "number of a group that the user is in; may be repeated")
	flags.Bool("external", false, "the user is not of the organization")
	flags.Bool("owner", false, "the user owns the organization; ownership passes on from whoever has it")
	flags.StringArrayVar(&m.set, "set", nil, "any member as member=JSON, such as --set 'slack.id=7'; null removes it")
	flags.StringVar(&m.file, "json", "", "FILE with members as a JSON object, - for standard input; flags come on top")
	return m
}

// document returns the JSON object that the flags of a command make: the file, then what flags say, then --set.
func (a *app) document(cmd *cobra.Command, m *members) ([]byte, error) {
	doc := map[string]any{}
	if m.file != "" {
		if err := a.readObject(m.file, &doc); err != nil {
			return nil, err
		}
	}
	flagged := map[string]any{}
	cmd.Flags().Visit(func(f *pflag.Flag) { addFlag(flagged, cmd, f.Name) })
	maps.Copy(doc, flagged)
	for _, assignment := range m.set {
		if err := assign(doc, assignment); err != nil {
			return nil, err
		}
	}
	return json.Marshal(doc)
}

func addFlag(doc map[string]any, cmd *cobra.Command, name string) {
	flags := cmd.Flags()
	for _, member := range texts() {
		if flagName(member) == name {
			doc[member], _ = flags.GetString(name)
		}
	}
	switch name {
	case "number":
		doc["number"], _ = flags.GetInt64(name)
	case "group":
		doc["groups"], _ = flags.GetInt64Slice(name)
	case "external", "owner":
		doc[name], _ = flags.GetBool(name)
	}
}

func (a *app) readObject(path string, into *map[string]any) error {
	in, err := a.open(path)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it was only read
	dec := json.NewDecoder(in)
	dec.UseNumber()
	if err := dec.Decode(into); err != nil || *into == nil {
		return roster.Errorf(roster.Invalid, "%s is not a JSON object", path)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return roster.Errorf(roster.Invalid, "%s has something after the JSON object", path)
	}
	return nil
}

// open opens a file for reading; - is standard input, which stays open.
func (a *app) open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(a.in), nil
	}
	f, err := os.Open(path) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	return f, nil
}

// assign carries out member=JSON on a document; dots lead into objects.
func assign(doc map[string]any, assignment string) error {
	member, text, ok := strings.Cut(assignment, "=")
	if !ok || member == "" {
		return roster.FieldErrorf("--set", "must be member=JSON, not %q", assignment)
	}
	value := compact(text)
	if value == nil {
		return roster.FieldErrorf("--set", "%s: %q is not JSON; a text needs quotes, as in '%s=\"...\"'",
			member, text, member)
	}
	path := strings.Split(member, ".")
	for _, name := range path[:len(path)-1] {
		inner, ok := doc[name].(map[string]any)
		if !ok {
			inner = map[string]any{}
			doc[name] = inner
		}
		doc = inner
	}
	doc[path[len(path)-1]] = value
	return nil
}
