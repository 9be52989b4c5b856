package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

func (a *app) exporting() *cobra.Command {
	return group(&cobra.Command{
		Use: "export", Short: "Export records as JSON Lines or CSV",
		Long: "Export an organization as it is at one version, in the form that `roster import` reads. Tokens\n" +
			"and invitations are not exported.",
	},
		a.exportAs("jsonl", "roles, groups, spaces and users as JSON Lines", ingest.WriteJSONL),
		a.exportAs("csv", "users as CSV", ingest.WriteCSV),
	)
}

func (a *app) exportAs(name, what string, write func(io.Writer, ingest.View) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " --org SLUG [FILE]", Short: "Export " + what,
		Long: "Export " + what + ", to standard output or to FILE. The file is replaced only\n" +
			"when all of it is written, and only its owner can read it.",
		Example: "  roster export " + name + " --org acme users." + name + "\n" +
			"  roster export " + name + " --org acme --filter 'status = active' --fields email,name,groups",
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage(cmd, "unexpected argument %q", args[1])
		}
		return nil
	}
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	var some someUsers
	some.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := errors.Join(require(cmd, "org"), some.check(cmd, a.time())); err != nil {
			return err
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			if some.areChosen() {
				return some.export(cmd.Context(), in, roster.ImportFormat(name), a.writerTo(args))
			}
			view, err := in.Export(cmd.Context(), roster.Moment(some.AsOf))
			if err != nil {
				return doing("export", err)
			}
			all := func(w io.Writer) error { return errors.Join(write(w, view), view.Close()) }
			return a.writerTo(args)(all)
		})
	}
	return cmd
}

// writerTo returns what has a function write to the file that an argument names, or to standard output.
func (a *app) writerTo(args []string) func(func(io.Writer) error) error {
	return func(write func(io.Writer) error) error {
		if len(args) == 0 {
			return write(a.out)
		}
		return replaceFile(args[0], write)
	}
}

// someUsers chooses the users to export, and what of them.
type someUsers struct{ userQuery }

func (s *someUsers) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&s.Filter, "filter", "",
		"export only users who match, such as status=active, and nothing but users")
	flags.StringVar(&s.Search, "search", "", "export only users who have a text, and nothing but users")
	flags.StringVar(&s.OrderBy, "order-by", "",
		"members to order users by, with commas between and desc after one for descending (default: number)")
	flags.StringSliceVar(&s.Fields, "fields", nil, "members of users to export, as in email,avatar.type (default: all)")
	s.AsOf.add(cmd)
}

func (s *someUsers) check(cmd *cobra.Command, now roster.Time) error {
	s.Page = 1
	if err := s.userQuery.check(now); err != nil {
		return usage(cmd, "%w", err)
	}
	return nil
}

// areChosen reports whether not all of the organization is exported.
func (s *someUsers) areChosen() bool {
	return s.Filter != "" || s.Search != "" || s.OrderBy != "" || len(s.Fields) > 0
}

// export has write write the users.
func (s *someUsers) export(
	ctx context.Context, in account, f roster.ImportFormat, write func(func(io.Writer) error) error,
) error {
	api, err := in.API(ctx)
	if err != nil {
		return err
	}
	users, err := api.ExportUsers(ctx, f, s.options())
	if err != nil {
		return doing("export", err)
	}
	return write(func(w io.Writer) error {
		_, err := io.Copy(w, users)
		return errors.Join(err, users.Close())
	})
}

// replaceFile puts what fn writes in the place of a file, all of it or nothing.
func replaceFile(path string, fn func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".roster-export-*")
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = errors.Join(fn(f), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
