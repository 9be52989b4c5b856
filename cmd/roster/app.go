package main

import (
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
)

// app is what every command needs of the world around it.
type app struct {
	streams

	getenv func(string) string
	now    func() time.Time
	random io.Reader

	// url and token lead to a server that commands are carried out by; without them they open the store.
	url, token string
}

func (a *app) time() roster.Time { return roster.TimeOf(a.now()) }

func (a *app) newID() (roster.ID, error) { return roster.NewID(a.time(), a.random) }

// root returns the whole tree of commands.
func (a *app) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "roster",
		Short: "A directory of users that speaks several vendors' APIs",
		Long: "Roster keeps organizations, users, groups, spaces, roles and tokens, and serves them through several\n" +
			"HTTP APIs, each compatible with an existing one.\n\n" +
			"Data goes to standard output, everything else to standard error. Exit codes: 0 ok, 1 failed,\n" +
			"2 usage, 3 not found, 4 refused, 5 conflict.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	})
	heading(root, "Serve:", a.serve(), a.demo(), a.emulate(), a.inspect())
	heading(root, "Records, with --store or --url:",
		append(a.deletedRecords(), a.orgs(), a.users(), a.groups(), a.spaces(), a.roles(), a.invitations(), a.tokens(),
			a.webhookCommands())...)
	heading(root, "Bulk and history:", a.importing(), a.exporting(), a.jobs(), a.changes(), a.history(),
		a.audits())
	heading(root, "The store itself:", a.db(), a.doctor())
	heading(root, "About the program and its APIs:",
		a.openAPI(), a.routes(), a.conformance(), a.recording(), a.bench(), a.versions(), a.completion())
	root.SetHelpCommandGroupID(root.Groups()[len(root.Groups())-1].ID)
	a.remoteFlags(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.fromEnv(cmd.Flags()) }
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, "%w", err) })
	return root
}

// heading adds commands below a heading of their own.
func heading(root *cobra.Command, title string, children ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, cmd := range children {
		cmd.GroupID = title
	}
	root.AddCommand(children...)
}

// group makes a command that only has subcommands.
func group(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	for _, child := range children {
		// Whoever knows one of the words need not learn where it is the other.
		switch child.Name() {
		case "show":
			child.Aliases = []string{"get"}
		case "get":
			child.Aliases = []string{"show"}
		}
	}
	cmd.AddCommand(children...)
	cmd.Args = cobra.ArbitraryArgs // else cobra makes an error of its own of an unknown subcommand
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(cmd, "a subcommand is missing")
		}
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return usage(cmd, "there is no subcommand %q; did you mean %s?", args[0], strings.Join(near, " or "))
		}
		return usage(cmd, "there is no subcommand %q", args[0])
	}
	return cmd
}

// exactly checks the number of arguments, which names describe.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage(cmd, "the argument %s is missing", names[len(args)])
		}
		if len(args) > len(names) {
			return usage(cmd, "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// fromEnvironment is the annotation of a flag that holds the name of the variable that it can be set by.
const fromEnvironment = "environment"

// env lets flags be set by environment variables: --tls-cert by ROSTER_TLS_CERT.
func env(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		variable := "ROSTER_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		f := flags.Lookup(name)
		f.Usage += " [$" + variable + "]"
		f.Annotations = map[string][]string{fromEnvironment: {variable}}
	}
}

// without has help show no default of flags whose default stands for none.
func without(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		flags.Lookup(name).DefValue = ""
	}
}

// fromEnv sets the flags that are not on the command line from the environment.
func (a *app) fromEnv(flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		variables := f.Annotations[fromEnvironment]
		if f.Changed || len(variables) == 0 || failed != nil {
			return
		}
		if value := a.getenv(variables[0]); value != "" {
			if err := flags.Set(f.Name, value); err != nil {
				failed = usageError{message: "the variable " + variables[0] + ": " + err.Error()}
			}
		}
	})
	return failed
}

// require fails where a flag has no value. With --url the token names the organization, and --org need not.
func require(cmd *cobra.Command, names ...string) error {
	for _, name := range names {
		if name == "org" && cmd.Flags().Lookup("url").Value.String() != "" {
			continue
		}
		if f := cmd.Flags().Lookup(name); f.Value.String() == "" {
			return usage(cmd, "the flag --%s is required", name)
		}
	}
	return nil
}

func software() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return unversioned
}

// isReleased reports whether all programs that say that they are of a version are the same.
func isReleased(version string) bool {
	return version != unversioned && !strings.HasSuffix(version, "+dirty")
}

// unversioned is the version of a program that was built without one.
const unversioned = "dev"
