package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

func (a *app) jobs() *cobra.Command {
	return group(&cobra.Command{
		Use: "job", Short: "List, follow, cancel, resume and undo jobs",
		Long: "A job is work that goes on after the request that asked for it: a large import, a change of many\n" +
			"users, or taking such a change back. Jobs are kept for 7 days after their end. With --store the\n" +
			"jobs that wait are carried out while wait, resume and undo run, else by the server.",
	},
		a.jobList(),
		a.jobGet(),
		a.jobCommand(jobVerb{use: "wait", short: "Wait for a job to end, and show it"},
			func(ctx context.Context, c *jobCall) error { return c.wait(ctx, c.id) }),
		a.jobTurn("cancel", "Cancel a job; what an import has done stays", (*apiclient.Client).CancelJob,
			(*jobCall).showIt),
		a.jobTurn("resume", "Have a job that was cancelled or has failed go on", (*apiclient.Client).ResumeJob,
			(*jobCall).waitForIt),
		a.jobUndo(),
		a.jobRejects(),
		a.jobCommand(jobVerb{use: "delete", short: "Remove a job that has ended", writes: true},
			func(ctx context.Context, c *jobCall) error {
				defer c.write.note(c.app)
				return c.api.DeleteJob(ctx, c.id, c.write.options()...)
			}),
	)
}

func (a *app) jobGet() *cobra.Command {
	var show *showing
	cmd := a.jobCommand(jobVerb{use: "get", short: "Show a job"}, func(ctx context.Context, c *jobCall) error {
		j, err := c.api.Job(ctx, c.id, show.tell())
		if err != nil {
			return err
		}
		return show.one(a, &c.out, jobColumns(), jobRow(c.out, j))
	})
	show = etagFlag(cmd)
	return cmd
}

// jobTurn returns a command that does something with a job, and then what comes after that.
func (a *app) jobTurn(
	verb, short string,
	call func(*apiclient.Client, context.Context, roster.ID, ...apiclient.Option) (*apiclient.Job, error),
	then func(*jobCall, context.Context, *apiclient.Job) error,
) *cobra.Command {
	return a.jobCommand(jobVerb{use: verb, short: short, writes: true}, func(ctx context.Context, c *jobCall) error {
		j, err := call(c.api, ctx, c.id, c.write.options()...)
		if err != nil {
			return err
		}
		c.write.note(a)
		return then(c, ctx, j)
	})
}

func (c *jobCall) showIt(_ context.Context, j *apiclient.Job) error { return c.show(j) }

// waitForIt waits for a job to end, unless it only would go on.
func (c *jobCall) waitForIt(ctx context.Context, j *apiclient.Job) error {
	if c.write.dryRun {
		return c.show(j)
	}
	return c.wait(ctx, j.ID)
}

func (a *app) jobUndo() *cobra.Command {
	undo := jobVerb{use: "undo", short: "Take a change of many users back, within 24 hours", writes: true}
	return a.jobCommand(undo, func(ctx context.Context, c *jobCall) error {
		if c.write.dryRun {
			p, err := c.api.PreviewUndoJob(ctx, c.id, c.write.options()...)
			if err != nil {
				return err
			}
			return c.showPreview(p)
		}
		j, err := c.api.UndoJob(ctx, c.id, c.write.options()...)
		if err != nil {
			return err
		}
		return c.wait(ctx, j.ID)
	})
}

// jobCall is a call about one job.
type jobCall struct {
	*app

	in  account
	api *apiclient.Client
	id  roster.ID
	out format
	// write is nil for a command that only shows something.
	write *writing
}

// jobVerb is what a command does with a job.
type jobVerb struct {
	use, short string
	writes     bool
}

func (a *app) jobCommand(verb jobVerb, call func(context.Context, *jobCall) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb.use + " --org SLUG JOB", Short: verb.short, Args: exactly("JOB"),
		Example: "  roster job " + verb.use + " --org acme 0190b3a1-2f4e-7c1b-9d1e-3f5a7b9c1d2e",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd)
	var write *writing
	if verb.writes {
		write = changeFlag(cmd)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := require(cmd, "org"); err != nil {
			return err
		}
		id, err := roster.ParseID(args[0])
		if err != nil {
			return usage(cmd, "the argument JOB: %w", err)
		}
		return a.inAccount(cmd.Context(), *dsn, *org, func(in account) error {
			api, err := in.API(cmd.Context())
			if err != nil {
				return err
			}
			c := &jobCall{app: a, in: in, api: api, id: id, out: *out, write: write}
			return doing(jobDoing(verb.use), call(cmd.Context(), c))
		})
	}
	return cmd
}

// jobDoing says what a command on a job does.
func jobDoing(verb string) string {
	switch verb {
	case "get":
		return "find the job"
	case "rejects":
		return "list the rejects of the job"
	default:
		return verb + " the job"
	}
}

func jobColumns() []string {
	return []string{
		"id", "type", "state", "progress", "total", "created", "updated", "deleted", "unchanged", "skipped", "refused",
		"version",
	}
}

func jobRow(f format, j *apiclient.Job) row {
	n := j.Counts
	cells := []string{j.ID.String(), string(j.Type), string(j.State), strconv.Itoa(j.Progress) + "%"}
	for _, count := range []int{n.Total, n.Created, n.Updated, n.Deleted, n.Unchanged, n.Skipped, n.Refused} {
		cells = append(cells, strconv.Itoa(count))
	}
	version := ""
	if j.Version != 0 {
		version = strconv.FormatInt(int64(j.Version), 10)
	}
	return row{j, dashes(f, append(cells, version)...)}
}

func (c *jobCall) show(j *apiclient.Job) error {
	return c.out.one(c.app.out, jobColumns(), jobRow(c.out, j))
}

// wait shows a job once it has ended. One that has failed, or was cancelled, is a failure of the command.
func (c *jobCall) wait(ctx context.Context, id roster.ID) error {
	c.in.RunJobs(ctx)
	show, hide := c.percent()
	j, err := c.api.WaitJob(ctx, id, show)
	hide()
	if err != nil {
		return err
	}
	if err := c.show(j); err != nil {
		return err
	}
	switch {
	case j.State == roster.JobCancelled:
		return &failure{err: fmt.Errorf("job %s was cancelled", id), exit: exitFailed}
	case j.Err() != nil:
		return fmt.Errorf("job %s has failed: %w", id, j.Err())
	case j.Counts.Refused > 0:
		_, _ = fmt.Fprintf(c.err, "refused: %d; `roster job rejects %s` says why\n", j.Counts.Refused, id)
	}
	return nil
}

func (a *app) jobList() *cobra.Command {
	return listing[apiclient.Job]{
		many: "jobs", columns: jobColumns(), all: (*apiclient.Client).Jobs, row: jobRow, present: true,
	}.command(a, &cobra.Command{
		Use: "list --org SLUG", Short: "List the jobs, newest first", Example: "  roster job list --org acme -o jsonl",
	})
}

// rejectDoc is a reject as the formats for programs show it.
type rejectDoc struct {
	Line    int         `json:"line,omitempty"`
	ID      roster.ID   `json:"id,omitzero"`
	Number  int64       `json:"number,omitempty"`
	Code    roster.Code `json:"code"`
	Field   string      `json:"field,omitempty"`
	Message string      `json:"message"`
	Text    string      `json:"text,omitempty"`
}

func rejectRow(f format, r *apiclient.Reject) row {
	doc := rejectDoc{r.Line, r.ID, r.Number, r.Err.Code, r.Err.Field, r.Err.Message, r.Text}
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	return row{doc, dashes(f, number(int64(r.Line)), number(r.Number), string(doc.Code), doc.Field, doc.Message)}
}

func (a *app) jobRejects() *cobra.Command {
	rejects := jobVerb{use: "rejects", short: "List what a job refused, and why"}
	return a.jobCommand(rejects, func(ctx context.Context, c *jobCall) error {
		columns := []string{"line", "number", "code", "field", "message"}
		return listOf(c.out, a.out, columns, c.api.JobRejects(ctx, c.id), func(r apiclient.Reject) row {
			return rejectRow(c.out, &r)
		})
	})
}
