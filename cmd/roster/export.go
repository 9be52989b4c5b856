package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

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
		Example: "  roster export " + name + " --org acme users." + name,
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usage(cmd, "unexpected argument %q", args[1])
		}
		return nil
	}
	dsn, org := storeFlag(cmd), orgFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			view, err := in.Export(cmd.Context())
			if err != nil {
				return doing("export", err)
			}
			all := func(w io.Writer) error { return errors.Join(write(w, view), view.Close()) }
			if len(args) == 0 {
				return all(a.out)
			}
			return replaceFile(args[0], all)
		})
	}
	return cmd
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
