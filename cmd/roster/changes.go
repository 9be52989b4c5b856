package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// lastChanges is how many changes are shown where nobody says from where on.
const lastChanges = 10

// tail says which changes are wanted.
type tail struct {
	// since is the version after which to begin; -1 for the last ones.
	since  int64
	follow bool
	// types, filter and diff are as in [apiclient.ChangeOptions].
	types  []string
	filter string
	diff   bool
}

// isChosen reports whether not all changes are wanted as they are.
func (t tail) isChosen() bool { return len(t.types) > 0 || t.filter != "" || t.diff }

// options returns what to ask the API of an organization at a version for.
func (t tail) options(present roster.Version) apiclient.ChangeOptions {
	o := apiclient.ChangeOptions{Since: t.from(present), Filter: t.filter, Diff: t.diff}
	for _, name := range t.types {
		o.Types = append(o.Types, roster.Type(name))
	}
	return o
}

// from returns the version after which to begin in an organization that is at a version.
func (t tail) from(present roster.Version) roster.Version {
	if t.since < 0 {
		return max(0, present-lastChanges)
	}
	return roster.Version(t.since)
}

func (a *app) changes() *cobra.Command {
	return group(&cobra.Command{
		Use: "changes", Short: "Show what happens to an organization",
		Long: "Every change of an organization has a version, without a gap, and says what became of which record.",
	}, a.changesTail(), a.changesCompare())
}

func (a *app) changesTail() *cobra.Command {
	cmd := &cobra.Command{
		Use: "tail --org SLUG", Short: "Show the last changes, or those after a version", Args: exactly(),
		Long: "Show the last changes, or those after a version, oldest first. With --follow it goes on as they\n" +
			"happen until Ctrl-C ends it, and outlasts an absence of the server. As json each change is a line,\n" +
			"as GET /api/v1/changes shows it; text has a line for each record.",
		Example: "  roster changes tail --org acme --since 17 -o json\n" +
			"  roster changes tail --org acme --since 0 --types user --filter 'status = suspended' --diff\n" +
			"  roster changes tail --follow --url https://roster.example",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), tailFormat("text")
	cmd.Flags().VarP(&out, "output", "o", "form of the output")
	t, flags := tail{since: -1}, cmd.Flags()
	flags.Int64Var(&t.since, "since", -1, "version after which to begin; 0 for all (default: the last 10 changes)")
	without(flags, "since")
	flags.BoolVar(&t.follow, "follow", false, "go on as changes happen; only with --url")
	flags.StringSliceVar(&t.types, "types", nil, "only what happens to records of these types, such as user,group")
	flags.StringVar(&t.filter, "filter", "", "only what happens to users who match a filter, such as status=active")
	flags.BoolVar(&t.diff, "diff", false, "of an update show only the members that it changes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		if cmd.Flags().Changed("since") && t.since < 0 {
			return usage(cmd, "--since must not be negative")
		}
		if t.follow && a.url == "" {
			return usage(cmd, "--follow needs --url: nobody else can write to a store while this command has it open")
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			return a.showChanges(cmd.Context(), in, t, out)
		})
	}
	return cmd
}

func (a *app) showChanges(ctx context.Context, in account, t tail, out tailFormat) error {
	for change, err := range in.Tail(ctx, t) {
		if t.follow && errors.Is(err, context.Canceled) {
			return nil // that is how it ends
		}
		if err != nil {
			return doing("read the changes", err)
		}
		if err := out.write(a.out, change); err != nil {
			return err
		}
	}
	return nil
}

// tailFormat is a form in which changes are shown one after the other: text or json.
type tailFormat string

func (f *tailFormat) String() string { return string(*f) }

func (f *tailFormat) Type() string { return "text|json" }

func (f *tailFormat) Set(s string) error {
	if s != "text" && s != "json" {
		return errors.New("must be text or json")
	}
	*f = tailFormat(s)
	return nil
}

func (f tailFormat) write(w io.Writer, change apiclient.Change) error {
	if f == "json" {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(change)
	}
	var b strings.Builder
	for _, op := range change.Ops {
		line, err := opLine(op)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%d %s %s", change.Version, change.At, line)
		if !change.Actor.IsZero() {
			fmt.Fprintf(&b, " by %s", change.Actor)
		}
		b.WriteByte('\n')
	}
	if len(change.Ops) == 0 {
		fmt.Fprintf(&b, "%d %s nothing that the token may see\n", change.Version, change.At)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// opLine says what became of a record: "update user 7 ada@example.com status: "active" -> "suspended"".
func opLine(op apiclient.Op) (string, error) {
	before, err := membersOf(op.Before)
	if err != nil {
		return "", err
	}
	after, err := membersOf(op.After)
	if err != nil {
		return "", err
	}
	shown := after
	if op.After == nil {
		shown = before
	}
	line := []string{op.Op, string(op.Type), cmp.Or(nameOf(shown), op.ID.String())}
	if op.Filter != "" {
		line = append(line, op.Filter)
	}
	if op.Diff != nil {
		before, after = map[string]json.RawMessage{}, map[string]json.RawMessage{}
		for name, d := range op.Diff {
			before[name], after[name] = d.From, d.To
		}
	}
	if op.Op == "update" {
		line = append(line, strings.Join(changed(before, after), ", "))
	}
	return printable(strings.Join(line, " ")), nil
}

func membersOf(doc json.RawMessage) (map[string]json.RawMessage, error) {
	if doc == nil {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		return nil, fmt.Errorf("read a record: %w", err)
	}
	return members, nil
}

// nameOf returns what people know a record by: its number and the first name that it has.
func nameOf(members map[string]json.RawMessage) string {
	var names []string
	if number := members["number"]; number != nil {
		names = append(names, string(number))
	}
	for _, name := range []string{"email", "handle", "slug", "title", "name"} {
		if value := members[name]; value != nil {
			return strings.Join(append(names, plain(value)), " ")
		}
	}
	return strings.Join(names, " ")
}

// changed lists the members that differ, but for those that say when and by whom.
func changed(before, after map[string]json.RawMessage) []string {
	names := maps.Clone(before)
	maps.Copy(names, after)
	delete(names, "updated_at")
	delete(names, "updated_by")
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if from, to := before[name], after[name]; !bytes.Equal(from, to) {
			list = append(list, name+": "+orNone(from)+" -> "+orNone(to))
		}
	}
	return list
}

// orNone returns a value on one line and not too long.
func orNone(value json.RawMessage) string {
	const most = 60
	text := []rune(string(value))
	switch {
	case value == nil:
		return "none"
	case len(text) > most:
		return string(text[:most]) + "... (" + strconv.Itoa(len(text)) + " characters)"
	default:
		return string(text)
	}
}
