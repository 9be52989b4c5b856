package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
	"github.com/roster-dev/roster/internal/ingest"
)

// runJob sends the input to a server, which imports it as a job, and waits for that. An interruption cancels the job.
func (j *importJob) runJob(ctx context.Context, in account, file io.Reader) error {
	api, err := in.API(ctx)
	if err != nil {
		return err
	}
	input, hide := j.progress(file)
	job, err := api.StartImport(ctx, input, j.format, apiclient.ImportOptions{
		OnConflict: roster.OnConflict(j.onConflict), DryRun: j.dryRun,
	}, apiclient.Reason(j.reason))
	hide()
	if err != nil {
		return doing("import", err)
	}
	id := job.ID
	show, hide := j.percent()
	job, err = api.WaitJob(ctx, id, show)
	hide()
	if errors.Is(ctx.Err(), context.Canceled) {
		return j.interrupted(context.WithoutCancel(ctx), api, id)
	}
	if err != nil {
		return doing("import", err)
	}
	return j.told(ctx, api, job)
}

// interrupted cancels the job.
func (j *importJob) interrupted(ctx context.Context, api *apiclient.Client, id roster.ID) error {
	job, err := api.CancelJob(ctx, id)
	if err != nil {
		return doing("import", err)
	}
	s := summaryOf(job)
	return errors.Join(&failure{
		err: fmt.Errorf("import %s: stopped after line %d", j.path, s.Line), exit: exitFailed,
		hint: "`roster job resume " + id.String() + "` goes on",
	}, j.report(s))
}

// told tells what became of the lines of a job that has ended.
func (j *importJob) told(ctx context.Context, api *apiclient.Client, job *apiclient.Job) error {
	for reject, err := range api.JobRejects(ctx, job.ID) {
		if err != nil {
			return doing("import", err)
		}
		j.rejected(reject.Line, reject.Err)
	}
	s, cause := summaryOf(job), job.Err()
	if cause == nil && job.State == roster.JobCancelled {
		cause = fmt.Errorf("job %s was cancelled", job.ID)
	}
	return errors.Join(j.outcome(s, cause), j.report(s))
}

func summaryOf(job *apiclient.Job) ingest.Summary {
	s := ingest.Summary{
		Records: job.Counts.Done, Created: job.Counts.Created, Updated: job.Counts.Updated,
		Unchanged: job.Counts.Unchanged, Skipped: job.Counts.Skipped, Rejected: job.Counts.Refused,
	}
	if job.Import != nil {
		s.Line = job.Import.Line
	}
	return s
}

// percent shows on a terminal how far a job has come, until it is hidden.
func (a *app) percent() (show func(*apiclient.Job), hide func()) {
	terminal, ok := a.err.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return nil, func() {}
	}
	const all = 100
	bar := progressbar.NewOptions64(all, progressbar.OptionSetWriter(terminal), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription("the server's job"))
	return func(j *apiclient.Job) { _ = bar.Set(j.Progress) }, func() { _ = bar.Clear() }
}
