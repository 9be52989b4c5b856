package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/open"
)

// copied is a file that was written.
type copied struct {
	File  string `json:"file"`
	Bytes int64  `json:"bytes"`
}

func (c copied) row() row { return row{c, []string{c.File, strconv.FormatInt(c.Bytes, 10)}} }

func (a *app) dbBackup() *cobra.Command {
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Copy the store to a file", Args: exactly("FILE"),
		Long: "Copy the store to a file, as it is at one moment. A server may go on with it. The copy is checked\n" +
			"and on disk before FILE is there, is readable by its owner only, and is a store itself: any command\n" +
			"takes it with --store. It has hashes of secrets and what signs webhooks in it, and people who are\n" +
			"erased later stay in it.\n\n" +
			"A PostgreSQL database is backed up with its own tools: see docs/guides/databases.md.",
		Example: "  roster db backup --store sqlite:roster.db backup.db",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	force := cmd.Flags().Bool("force", false, "replace FILE where it is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.onStore(cmd); err != nil {
			return err
		}
		if err := a.missing(*dsn); err != nil {
			return err
		}
		progress, hide := a.bar("backing up", true)
		err := open.Backup(cmd.Context(), *dsn, args[0], store.Copying{Replace: *force, Progress: progress})
		hide()
		if err != nil {
			return forceable(doing("back up", err))
		}
		return a.showFile(args[0], *out)
	}
	return cmd
}

func (a *app) dbRestore() *cobra.Command {
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make the store what a backup is", Args: exactly("FILE"),
		Long: "Make the store what a backup is. No server may have the store, and FILE stays as it is. The copy is\n" +
			"checked and on disk before it takes the place of what is there. What was written after the backup is\n" +
			"gone, with its versions: who follows changes must begin again.\n\n" +
			"A PostgreSQL database is restored with its own tools: see docs/guides/databases.md.",
		Example: "  roster db restore --store sqlite:roster.db backup.db",
	}
	dsn, out := storeFlag(cmd), outputFlag(cmd)
	force := cmd.Flags().Bool("force", false, "replace the store where there is one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := a.onStore(cmd); err != nil {
			return err
		}
		progress, hide := a.bar("restoring", true)
		err := open.Restore(cmd.Context(), *dsn, args[0], store.Copying{Replace: *force, Progress: progress})
		hide()
		if err != nil {
			return forceable(inUse(doing("restore", err)))
		}
		return a.showFile(strings.TrimPrefix(*dsn, "sqlite:"), *out)
	}
	return cmd
}

// forceable says how to replace a file that is there.
func forceable(err error) error {
	if errors.Is(err, fs.ErrExist) {
		return hint(err, "--force replaces it")
	}
	return err
}

func (a *app) showFile(path string, out format) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return out.one(a.out, []string{"file", "bytes"}, copied{path, info.Size()}.row())
}

// bar shows on a terminal how much of something is done, until it is hidden; what is done next shows it again.
func (a *app) bar(title string, bytes bool) (progress func(done, about int64), hide func()) {
	terminal, ok := a.err.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return nil, func() {}
	}
	return newBar(terminal, title, bytes)
}

func newBar(w io.Writer, title string, bytes bool) (progress func(done, about int64), hide func()) {
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionShowBytes(bytes),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(title))
	return func(done, about int64) {
		if about != bar.GetMax64() {
			bar.ChangeMax64(about)
		}
		_ = bar.Set64(min(done, about))
	}, func() { _ = bar.Clear() }
}
