package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
)

// memberFlag is a flag for a member of a record.
type memberFlag struct {
	// name is that of the member, and flag that of the flag where it is another one than name with dashes.
	name, flag, doc string
	// value makes the flag and reads it; nil for a text.
	value memberValue
}

// memberValue is how a flag is made, and how its value is read for a document.
type memberValue interface {
	add(flags *pflag.FlagSet, name, doc string)
	get(flags *pflag.FlagSet, name string) any
}

type (
	textMember   struct{}
	int64Member  struct{}
	int64sMember struct{}
	boolMember   struct{}
)

func (textMember) add(flags *pflag.FlagSet, name, doc string) { flags.String(name, "", doc) }

func (textMember) get(flags *pflag.FlagSet, name string) any {
	value, _ := flags.GetString(name)
	return value
}

func (int64Member) add(flags *pflag.FlagSet, name, doc string) { flags.Int64(name, 0, doc) }

func (int64Member) get(flags *pflag.FlagSet, name string) any {
	value, _ := flags.GetInt64(name)
	return value
}

func (int64sMember) add(flags *pflag.FlagSet, name, doc string) {
	flags.Int64Slice(name, nil, doc)
	without(flags, name)
}

func (int64sMember) get(flags *pflag.FlagSet, name string) any {
	value, _ := flags.GetInt64Slice(name)
	return value
}

func (boolMember) add(flags *pflag.FlagSet, name, doc string) { flags.Bool(name, false, doc) }

func (boolMember) get(flags *pflag.FlagSet, name string) any {
	value, _ := flags.GetBool(name)
	return value
}

func (f memberFlag) typed() memberValue {
	if f.value == nil {
		return textMember{}
	}
	return f.value
}

func (f memberFlag) flagName() string { return cmp.Or(f.flag, strings.ReplaceAll(f.name, "_", "-")) }

// userFlags are the flags for members of a user.
func userFlags() []memberFlag {
	var list []memberFlag
	for _, member := range []string{
		"email", "name", "first_name", "last_name", "identifier", "phone", "description", "role", "status", "user_type",
		"kind", "language", "timezone",
	} {
		doc := strings.ReplaceAll(member, "_", " ")
		if f, ok := roster.FieldByName(member); ok && f.Info().Enum != nil {
			doc += ": " + strings.TrimPrefix(strings.Join(f.Info().Enum, ", "), ", ")
		}
		list = append(list, memberFlag{name: member, doc: doc})
	}
	return append(list,
		memberFlag{name: "number", doc: "number (default: the next free one)", value: int64Member{}},
		memberFlag{
			name: "groups", flag: "group", doc: "number of a group that the user is in; may be repeated",
			value: int64sMember{},
		},
		memberFlag{name: "external", doc: "the user is not of the organization", value: boolMember{}},
		memberFlag{
			name: "owner", doc: "the user owns the organization; ownership passes on from whoever has it",
			value: boolMember{},
		},
	)
}

// members are the flags that make the document of a record or a patch of one.
type members struct {
	list []memberFlag
	// set are member=JSON, file is the path of a document.
	set  []string
	file string
}

func memberFlags(cmd *cobra.Command, list []memberFlag) *members {
	m, flags := &members{list: list}, cmd.Flags()
	for _, f := range list {
		f.typed().add(flags, f.flagName(), f.doc)
	}
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
	flags := cmd.Flags()
	for _, f := range m.list {
		if flags.Changed(f.flagName()) {
			doc[f.name] = f.typed().get(flags, f.flagName())
		}
	}
	for _, assignment := range m.set {
		if err := assign(doc, assignment); err != nil {
			return nil, err
		}
	}
	return json.Marshal(doc)
}

// patch is document for a command that changes a record.
func (a *app) patch(cmd *cobra.Command, m *members) ([]byte, error) {
	patch, err := a.document(cmd, m)
	if err == nil && string(patch) == "{}" {
		err = usage(cmd, "there is nothing to change")
	}
	return patch, err
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
