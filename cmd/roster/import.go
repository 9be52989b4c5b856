package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/ingest"
)

func (a *app) importing() *cobra.Command {
	return group(&cobra.Command{
		Use: "import", Short: "Import records from JSON Lines or CSV",
		Long: "Import records. Each line that can't be imported is reported on standard error with its number\n" +
			"and the reason, the others are kept; the exit code is 1 if there was any. The same file can be\n" +
			"imported again.",
	}, a.importFrom("jsonl", "JSON Lines", ingest.JSONL), a.importFrom("csv", "CSV", ingest.CSV))
}

// reader reads the records of an input.
type reader func(io.Reader, roster.OnConflict) iter.Seq2[ingest.Record, error]

// importJob is one import as its flags describe it.
type importJob struct {
	*app

	path       string
	read       reader
	format     roster.ImportFormat
	onConflict string
	reason     string
	dryRun     bool
	out        format
}

func (a *app) importFrom(name, title string, read reader) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " --org SLUG FILE", Short: "Import records from " + title + "; - is standard input",
		Args:    exactly("FILE"),
		Example: "  roster import " + name + " --org acme --on-conflict update users." + name,
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), outputFlag(cmd)
	job := importJob{app: a, read: read, format: roster.ImportFormat(name)}
	cmd.Flags().StringVar(&job.onConflict, "on-conflict", "fail",
		"what to do with a record that exists: fail (reject it), skip (leave it) or update (bring it up to date)")
	cmd.Flags().StringVar(&job.reason, "reason", "", "why, for the audit")
	cmd.Flags().BoolVar(&job.dryRun, "dry-run", false, "report what would be done, and change nothing")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		switch roster.OnConflict(job.onConflict) {
		case roster.OnConflictFail, roster.OnConflictSkip, roster.OnConflictUpdate:
		default:
			return usage(cmd, "--on-conflict must be fail, skip or update, not %q", job.onConflict)
		}
		reason, err := roster.ParseReason(job.reason)
		if err != nil {
			return usage(cmd, "--reason %v", err)
		}
		job.path, job.reason, job.out = args[0], reason, *out
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error { return job.run(cmd.Context(), in) })
	}
	return cmd
}

func (j *importJob) run(ctx context.Context, in account) error {
	file, err := j.open(j.path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	here, isLocal := in.(*localAccount)
	if !isLocal {
		return j.runJob(ctx, in, file)
	}
	importer, err := here.Importer(ctx, j.reason, j.dryRun)
	if err != nil {
		return doing("import", err)
	}
	input, hide := j.progress(file)
	importer.BatchRecords, importer.Rejected = batchRecords, func(line int, err error) {
		hide()
		j.rejected(line, err)
	}
	summary, err := importer.Run(ctx, j.read(input, roster.OnConflict(j.onConflict)))
	hide()
	return errors.Join(j.outcome(summary, err), j.report(summary))
}

// batchRecords is how many records are imported at once into a store of our own: the keys of users are all over its
// indexes, and the fewer commits there are, the fewer times each page is written.
const batchRecords = 24_000

// rejected tells of a line that is not imported.
func (j *importJob) rejected(line int, err error) {
	_, _ = fmt.Fprintf(j.err, "line %d: %s\n", line, printable(err.Error()))
}

// progress shows on a terminal how much of a file is read, until it is hidden; the next read shows it again.
func (j *importJob) progress(file io.Reader) (input io.Reader, hide func()) {
	terminal, ok := j.err.(*os.File)
	source, isFile := file.(*os.File)
	if !ok || !isFile || !term.IsTerminal(int(terminal.Fd())) {
		return file, func() {}
	}
	size := int64(-1)
	if info, err := source.Stat(); err == nil && info.Mode().IsRegular() {
		size = info.Size()
	}
	bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(terminal), progressbar.OptionShowBytes(true),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription("importing"))
	read := progressbar.NewReader(file, bar)
	return &read, func() { _ = bar.Clear() }
}

// report writes the summary: for people on standard error, for programs on standard output.
func (j *importJob) report(s ingest.Summary) error {
	prefix := ""
	if j.dryRun {
		prefix = "dry run: "
	}
	_, err := fmt.Fprintf(j.err, "%s%d read: %d created, %d updated, %d unchanged, %d skipped, %d rejected\n",
		prefix, s.Records, s.Created, s.Updated, s.Unchanged, s.Skipped, s.Rejected)
	if err != nil || j.out.form == "table" {
		return err
	}
	doc := struct {
		ingest.Summary

		DryRun bool `json:"dry_run"`
	}{s, j.dryRun}
	if j.out.form == "csv" {
		_, err := fmt.Fprintf(j.app.out,
			"line,records,created,updated,unchanged,skipped,rejected,dry_run\n%d,%d,%d,%d,%d,%d,%d,%t\n",
			s.Line, s.Records, s.Created, s.Updated, s.Unchanged, s.Skipped, s.Rejected, j.dryRun)
		return err
	}
	return json.NewEncoder(j.app.out).Encode(doc)
}

// outcome says what an import ends with. What is wrong with a file is no fault of the command line.
func (j *importJob) outcome(s ingest.Summary, err error) error {
	again := "the same file can be imported again, with --on-conflict skip or update"
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{
			err:  fmt.Errorf("import %s: stopped after line %d", j.path, s.Line),
			exit: exitFailed, hint: again,
		}
	case err != nil:
		return &failure{
			err:  fmt.Errorf("import %s after line %d: %w", j.path, s.Line, err),
			exit: exitFailed, hint: again,
		}
	case s.Rejected > 0:
		return &failure{
			err:  fmt.Errorf("import %s: %d of %d records were rejected", j.path, s.Rejected, s.Records),
			exit: exitFailed, hint: "correct them; " + again,
		}
	}
	return nil
}
