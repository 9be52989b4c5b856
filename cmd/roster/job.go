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
	type turn = func(*apiclient.Client, context.Context, roster.ID, ...apiclient.Option) (*apiclient.Job, error)
	simple := func(use, short string, call turn) *cobra.Command {
		return a.jobCommand(use, short, func(ctx context.Context, c *jobCall) error {
			j, err := call(c.api, ctx, c.id)
			if err != nil {
				return err
			}
			return c.show(j)
		})
	}
	waiting := func(use, short string, call turn) *cobra.Command {
		return a.jobCommand(use, short, func(ctx context.Context, c *jobCall) error {
			j, err := call(c.api, ctx, c.id)
			if err != nil {
				return err
			}
			return c.wait(ctx, j.ID)
		})
	}
	return group(&cobra.Command{
		Use: "job", Short: "List, follow, cancel, resume and undo jobs",
		Long: "A job is work that goes on after the request that asked for it: a large import, a change of many\n" +
			"users, or taking such a change back. Jobs are kept for 7 days after their end. With --store the\n" +
			"jobs that wait are carried out while wait, resume and undo run, else by the server.",
	},
		a.jobList(),
		simple("get", "Show a job", func(
			api *apiclient.Client, ctx context.Context, id roster.ID, o ...apiclient.Option,
		) (*apiclient.Job, error) {
			return api.Job(ctx, id, o...)
		}),
		waiting("wait", "Wait for a job to end, and show it", (*apiclient.Client).Job),
		simple("cancel", "Cancel a job; what an import has done stays", (*apiclient.Client).CancelJob),
		waiting("resume", "Have a job that was cancelled or has failed go on", (*apiclient.Client).ResumeJob),
		waiting("undo", "Take a change of many users back, within 24 hours", (*apiclient.Client).UndoJob),
		a.jobRejects(),
		a.jobCommand("delete", "Remove a job that has ended", func(ctx context.Context, c *jobCall) error {
			return c.api.DeleteJob(ctx, c.id)
		}),
	)
}

// jobCall is a call about one job.
type jobCall struct {
	*app

	in  account
	api *apiclient.Client
	id  roster.ID
	out format
}

func (a *app) jobCommand(verb, short string, call func(context.Context, *jobCall) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb + " --org SLUG JOB", Short: short, Args: exactly("JOB"),
		Example: "  roster job " + verb + " --org acme 0190b3a1-2f4e-7c1b-9d1e-3f5a7b9c1d2e",
	}
	dsn, org, out := storeFlag(cmd), orgFlag(cmd), shownFlags(cmd)
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
			return doing(jobDoing(verb), call(cmd.Context(), &jobCall{a, in, api, id, *out}))
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
	return a.jobCommand("rejects", "List what a job refused, and why", func(ctx context.Context, c *jobCall) error {
		columns := []string{"line", "number", "code", "field", "message"}
		return listOf(c.out, a.out, columns, c.api.JobRejects(ctx, c.id), func(r apiclient.Reject) row {
			return rejectRow(c.out, &r)
		})
	})
}
