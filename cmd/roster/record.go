package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// kind is a type of records, whose commands are alike.
type kind[T any] struct {
	typ roster.Type
	// one and many name the records, arg one of them as an argument, and refs says what that can be.
	one, many, arg, refs string
	flags                []memberFlag
	// made and changed are flags for the examples.
	made, changed, example string
	// deleted says what a deletion does, and found how to find a record.
	deleted, found string
	columns        []string
	cells          func(*T) []string

	list   func(*apiclient.Client, context.Context, apiclient.ListOptions, ...apiclient.Option) iter.Seq2[*T, error]
	get    func(*apiclient.Client, context.Context, roster.Ref, ...apiclient.Option) (*T, error)
	create func(*apiclient.Client, context.Context, *T, ...apiclient.Option) (*T, error)
	update func(*apiclient.Client, context.Context, roster.Ref, []byte, ...apiclient.Option) (*T, error)
	remove func(*apiclient.Client, context.Context, roster.Ref, ...apiclient.Option) error
}

func (k *kind[T]) row(f format, e *T) row { return row{e, dashes(f, k.cells(e)...)} }

// ref reads the argument of a command on one record of an organization.
func (k *kind[T]) ref(cmd *cobra.Command, arg string) (roster.Ref, error) {
	if err := require(cmd, "org"); err != nil {
		return roster.Ref{}, err
	}
	return parseRef(cmd, k.arg, k.typ, arg)
}

func (k *kind[T]) createCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "create --org SLUG", Short: "Make a " + k.one, Args: exactly(),
		Example: "  roster " + k.word() + " create --org acme " + k.made,
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	members, write := memberFlags(cmd, k.flags), writeFlag(cmd)
	what := "create the " + k.one
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		record, err := k.record(a, cmd, members)
		if err != nil {
			return doing(what, err)
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			made, err := k.create(api, cmd.Context(), record, write.options()...)
			if err != nil {
				return doing(what, err)
			}
			write.note(a)
			return out.one(a.out, k.columns, k.row(*out, made))
		})
	}
	return cmd
}

// record returns the record that the flags of a command describe.
func (k *kind[T]) record(a *app, cmd *cobra.Command, m *members) (*T, error) {
	doc, err := a.document(cmd, m)
	if err != nil {
		return nil, err
	}
	e, err := roster.ParseEntity(k.typ, doc)
	if err != nil {
		return nil, err
	}
	record, ok := any(e).(*T)
	if !ok {
		return nil, fmt.Errorf("a %s is a %T", k.one, e)
	}
	return record, nil
}

// word is the name of the command.
func (k *kind[T]) word() string { return strings.ReplaceAll(k.one, " ", "-") }

func (k *kind[T]) showCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show --org SLUG " + k.arg, Short: "Show a " + k.one, Args: exactly(k.arg),
		Long:    "Show a " + k.one + ", which is named by " + k.refs + ".",
		Example: "  roster " + k.word() + " show --org acme " + k.example,
	}
	dsn, org, out, at := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd), asOfFlag(cmd)
	show := etagFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			found, err := k.get(api, cmd.Context(), ref, append(at.options(), show.tell())...)
			if err != nil {
				return hint(doing("find the "+k.one, err), "%s", k.found)
			}
			return show.one(a, out, k.columns, k.row(*out, found))
		})
	}
	return cmd
}

func (k *kind[T]) updateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "update --org SLUG " + k.arg, Short: "Change members of a " + k.one + "; the others stay as they are",
		Args: exactly(k.arg), Example: "  roster " + k.word() + " update --org acme " + k.example + " " + k.changed,
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	members, write := memberFlags(cmd, k.flags), changeFlag(cmd)
	what := "update the " + k.one
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		patch, err := a.patch(cmd, members)
		if err != nil {
			return doing(what, err)
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			changed, err := k.update(api, cmd.Context(), ref, patch, write.options()...)
			if err != nil {
				return doing(what, err)
			}
			write.note(a)
			return out.one(a.out, k.columns, k.row(*out, changed))
		})
	}
	return cmd
}

func (k *kind[T]) deleteCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete --org SLUG " + k.arg, Short: "Delete a " + k.one + k.deleted, Args: exactly(k.arg),
		Example: "  roster " + k.word() + " delete --org acme " + k.example + " --reason 'ticket 4711'",
	}
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	write := changeFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ref, err := k.ref(cmd, args[0])
		if err != nil {
			return err
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			err := k.remove(api, cmd.Context(), ref, write.options()...)
			if err == nil {
				write.note(a)
			}
			return doing("delete the "+k.one, err)
		})
	}
	return cmd
}

func (k *kind[T]) listCommand(a *app) *cobra.Command {
	return listing[T]{many: k.many, columns: k.columns, all: k.list, row: k.row}.command(a, &cobra.Command{
		Use: "list --org SLUG", Short: "List the " + k.many + " by number",
		Example: "  roster " + k.word() + " list --org acme -o jsonl",
	})
}

// chosen is a record of which only some members are shown.
type chosen struct {
	doc     json.RawMessage
	members map[string]json.RawMessage
}

// choose returns what is to be shown of a user.
func choose(s roster.Selection, u *roster.User) chosen {
	c := chosen{doc: s.Append(nil, u)}
	_ = json.Unmarshal(c.doc, &c.members) // it is what we have just written
	return c
}

// row shows members in columns, each by its name or, of a structure, after a dot.
func (c chosen) row(f format, columns []string) row {
	var cells []string
	for _, name := range columns {
		cells = append(cells, plain(memberAt(c.members, name)))
	}
	return row{c.doc, dashes(f, slices.Clip(cells)...)}
}

// memberAt returns a member by its path, nil where there is none.
func memberAt(members map[string]json.RawMessage, path string) json.RawMessage {
	outer, inner, nested := strings.Cut(path, ".")
	value := members[outer]
	if !nested {
		return value
	}
	var within map[string]json.RawMessage
	if json.Unmarshal(value, &within) != nil {
		return value // a list of structures
	}
	return within[inner]
}

// onID returns a command on one record of a type that is known by its id alone. Its arguments after the id have names.
func (a *app) onID(
	cmd *cobra.Command, t roster.Type, names []string,
	call func(cmd *cobra.Command, api *apiclient.Client, id roster.ID, args []string) error,
) *cobra.Command {
	cmd.Args = exactly(append([]string{"ID"}, names...)...)
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		id, err := roster.ParseID(args[0])
		if err != nil {
			return usage(cmd, "the argument ID: %w", err)
		}
		return a.withAPI(cmd.Context(), *dsn, *org, func(api *apiclient.Client) error {
			err := call(cmd, api, id, args[1:])
			if _, hinted := errors.AsType[*failure](err); !hinted && roster.CodeOf(err) == roster.NotFound {
				err = hint(err, "`roster %s list` shows the ids", t)
			}
			return err
		})
	}
	return cmd
}
