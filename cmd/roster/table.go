package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
)

func (a *app) openAPI() *cobra.Command {
	cmd := &cobra.Command{
		Use: "openapi DIALECT", Short: "Print a dialect's OpenAPI 3.1 document", Args: exactly("DIALECT"),
		Long: "Print a dialect's OpenAPI 3.1 document, generated from the table that serves it.\n" +
			"Dialects: " + dialectNames() + ".",
	}
	server := cmd.Flags().String("server", "", "base URL in the document (default: the dialect's prefix)")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		d := all.ByName(args[0])
		if d == nil {
			err := roster.Errorf(roster.NotFound, "there is no dialect %q", args[0])
			return hint(err, "dialects are %s", dialectNames())
		}
		if *server == "" {
			*server = d.Mount()
		}
		doc, err := dialect.OpenAPI(d, *server)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n", strings.TrimRight(string(doc), "\n"))
		return err
	}
	return cmd
}

// route is a line of `roster routes`.
type route struct {
	Method     string             `json:"method"`
	Path       string             `json:"path"`
	Dialect    string             `json:"dialect"`
	Permission roster.Permission  `json:"permission,omitempty"`
	Kinds      []roster.TokenKind `json:"kinds,omitempty"`
	// Rule says whom the endpoint allows beyond that.
	Rule      string `json:"rule,omitempty"`
	Public    bool   `json:"public,omitempty"`
	Operation string `json:"operation"`
	Summary   string `json:"summary"`
}

func (r *route) needs() string {
	switch {
	case r.Public:
		return "none"
	case r.Rule != "":
		return "by a rule, see -o json"
	default:
		return string(r.Permission)
	}
}

func routes() []route {
	var list []route
	for _, d := range all.Dialects() {
		for i := range d.Endpoints {
			e := &d.Endpoints[i]
			for _, path := range append([]string{e.Path}, e.Aliases...) {
				list = append(list, route{
					Method: e.Method, Path: d.Mount() + path, Dialect: d.Name, Permission: e.Needs, Kinds: e.Kinds,
					Rule: e.AllowDoc, Public: e.Public, Operation: e.ID, Summary: e.Summary,
				})
			}
		}
	}
	return list
}

func (a *app) routes() *cobra.Command {
	cmd := &cobra.Command{
		Use: "routes", Short: "List every route: method, path, dialect and the permission it needs", Args: exactly(),
	}
	out := outputFlag(cmd)
	cmd.RunE = func(*cobra.Command, []string) error {
		columns := []string{"method", "path", "dialect", "permission", "operation"}
		return out.list(a.out, columns, func(yield func(row) bool) {
			for _, r := range routes() {
				cells := dashes(*out, r.Method, r.Path, r.Dialect, r.needs(), r.Operation)
				if !yield(row{r, cells}) {
					return
				}
			}
		})
	}
	return cmd
}

func (a *app) versions() *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "Print the version", Args: exactly()}
	cmd.RunE = func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(a.out, "roster", software())
		return err
	}
	return cmd
}

func (a *app) completion() *cobra.Command {
	cmd := &cobra.Command{
		Use: "completion SHELL", Short: "Print the completion script for bash, zsh, fish or powershell",
		Args: exactly("SHELL"), ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Example: "  source <(roster completion bash)",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch root := cmd.Root(); args[0] {
		case "bash":
			return root.GenBashCompletionV2(a.out, true)
		case "zsh":
			return root.GenZshCompletion(a.out)
		case "fish":
			return root.GenFishCompletion(a.out, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(a.out)
		default:
			return usage(cmd, "the argument SHELL must be bash, zsh, fish or powershell, not %q", args[0])
		}
	}
	return cmd
}
