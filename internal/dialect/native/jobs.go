package native

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func jobEndpoints() []dialect.Endpoint {
	preview := ok(BulkPreview{})
	preview.Doc = "What would become of the users, with dry_run"
	return []dialect.Endpoint{
		listJobs(), getJob(),
		turnJob("cancel", "Cancel a job",
			"Ends a job that has not ended. What an import has done stays; a change of many users is done in full or "+
				"not at all. Cancelling a cancelled job does nothing.",
			turning(dialect.Jobs.Cancel), ok(Job{})),
		turnJob("resume", "Resume a job",
			"Has a job that was cancelled or has failed go on where it was. Resuming one that goes on does nothing.",
			turning(dialect.Jobs.Resume), ok(Job{})),
		turnJob("undo", "Take a change of many users back",
			"Makes a job that brings back each user who is still as the job left it, in one change; the others are "+
				"among its rejects. It works within 24 hours of the end of a job of type update, and not for another "+
				"undo.",
			undoJob, accepted(), preview),
		deleteJob(), listRejects(),
	}
}

// turnJob returns an endpoint that does something with a job.
func turnJob(
	verb, summary, doc string, do func(context.Context, *dialect.Request, roster.JobTurn) (dialect.Response, error),
	success ...dialect.Return,
) dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodPost, Path: "/jobs/{id}:" + verb, ID: verb + "Job", Summary: summary, Description: doc,
		Needs: roster.UsersWrite, Params: []dialect.Param{jobParam(), ifMatchParam(), dryRunParam()},
		Returns: slices.Concat(success[1:], returns(success[0], badRequest, notFound, conflict, notExpected, tooMany)),
		Serve: func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
			how, err := jobTurn(r)
			if err != nil {
				return dialect.Response{}, err
			}
			response, err := do(ctx, r, how)
			return response, aboutJob(r, err)
		},
	}
}

// jobTurn says how a request wants something done with a job.
func jobTurn(r *dialect.Request) (roster.JobTurn, error) {
	tags, err := ifMatch(r)
	return roster.JobTurn{IfMatch: tags, DryRun: isDryRun(r)}, err
}

// aboutJob puts the job that a failure shows on the wire.
func aboutJob(r *dialect.Request, err error) error {
	e, known := errors.AsType[*roster.Error](err)
	if !known {
		return err
	}
	job, shown := e.Record.(roster.Job)
	if !shown {
		return err
	}
	c := *e
	c.Record = wireJob(r, job)
	return &c
}

// turning serves what changes a job.
func turning(
	do func(dialect.Jobs, context.Context, roster.ID, roster.JobTurn) (roster.Job, error),
) func(context.Context, *dialect.Request, roster.JobTurn) (dialect.Response, error) {
	return func(ctx context.Context, r *dialect.Request, how roster.JobTurn) (dialect.Response, error) {
		job, err := do(r.Jobs, ctx, r.UUID("id"), how)
		if err != nil {
			return dialect.Response{}, err
		}
		return showJob(r, job), nil
	}
}

func undoJob(ctx context.Context, r *dialect.Request, how roster.JobTurn) (dialect.Response, error) {
	if !how.DryRun {
		return acceptJob(r)(r.Jobs.Undo(ctx, r.UUID("id"), how))
	}
	preview, err := r.Jobs.PreviewUndo(ctx, r.UUID("id"), how)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Header: noStore(), Body: dialect.JSON(wirePreview(r.Principal, preview))}, nil
}

func jobParam() dialect.Param {
	return dialect.Param{
		Name: "id", In: dialect.Path, Type: dialect.UUID, Mark: dialect.Ours, Doc: "The job.",
		Example: "0190a000-0000-7000-8000-000000000001",
	}
}

func accepted() dialect.Return {
	return dialect.Return{Status: http.StatusAccepted, Doc: "The job goes on", Body: Job{}, Mark: dialect.Ours}
}

func listJobs() dialect.Endpoint {
	return moving(dialect.Endpoint{
		Method: http.MethodGet, Path: "/jobs", ID: "listJobs", Summary: "List jobs",
		Description: "Newest first. Jobs are kept for 7 days after their end. They are no part of the organization's " +
			"versions: every page shows the jobs as they are.",
		Needs: roster.UsersWrite, Volatile: true,
		Returns: returns(ok(JobList{}), badRequest, tooMany), Serve: serveJobs,
	}, jobColumns())
}

func serveJobs(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	jobs, err := r.Jobs.List(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	newestFirst := keyed[roster.Job]{key: func(j roster.Job) string { return j.ID.String() }, desc: true}
	return newestFirst.list(r, jobColumns(), jobs, func(j roster.Job) any { return wireJob(r, j) })
}

func getJob() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodGet, Path: "/jobs/{id}", ID: "getJob", Summary: "Get a job",
		Needs: roster.UsersWrite, Volatile: true, Params: []dialect.Param{jobParam(), fieldsParam()},
		Returns: returns(ok(Job{}), badRequest, notFound, tooMany),
		Serve: func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
			job, err := r.Jobs.Get(ctx, r.UUID("id"))
			if err != nil {
				return dialect.Response{}, err
			}
			return showJob(r, job), nil
		},
	}
}

func deleteJob() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodDelete, Path: "/jobs/{id}", ID: "deleteJob", Summary: "Delete a job",
		Description: "Removes a job that has ended, with its rejects. What it has done stays.",
		Needs:       roster.UsersWrite, Params: []dialect.Param{jobParam(), ifMatchParam(), dryRunParam()},
		Returns: returns(noContent(), badRequest, notFound, conflict, notExpected, tooMany),
		Serve: func(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
			how, err := jobTurn(r)
			if err != nil {
				return dialect.Response{}, err
			}
			if err := r.Jobs.Delete(ctx, r.UUID("id"), how); err != nil {
				return dialect.Response{}, aboutJob(r, err)
			}
			return dialect.Response{Status: http.StatusNoContent}, nil
		},
	}
}

func listRejects() dialect.Endpoint {
	return dialect.Endpoint{
		Method: http.MethodGet, Path: "/jobs/{id}/rejects", ID: "listRejects", Summary: "List what a job refused",
		Description: "Each record that the job did not do what it was to do with, and why, as JSON Lines: " +
			`{"line", "id", "number", "error", "text"}. Of an import text is the line itself; who did not ask for ` +
			"the job needs the permission metadata:read to see it.",
		Needs: roster.UsersWrite, Volatile: true, Params: []dialect.Param{jobParam()},
		Returns: returns(dialect.Return{
			Status: http.StatusOK, Doc: "JSON Lines", ContentType: linesType, Mark: dialect.Ours,
		}, badRequest, notFound, tooMany),
		Serve: serveRejects,
	}
}

func serveRejects(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	job, err := r.Jobs.Get(ctx, r.UUID("id"))
	if err != nil {
		return dialect.Response{}, err
	}
	withText := job.ShowsRequest(r.Principal)
	return dialect.Response{
		ContentType: linesType, Header: noStore(), Body: func(w io.Writer) error {
			return r.Jobs.Rejects(ctx, job.ID, func(reject roster.Reject) error {
				line, err := dialect.Encode(wireReject(reject, withText))
				if err != nil {
					return err
				}
				_, err = w.Write(append(line, '\n'))
				return err
			})
		},
	}, nil
}

// showJob answers with a job. What a dry run would make of it has no entity tag.
func showJob(r *dialect.Request, job roster.Job) dialect.Response {
	response := dialect.Response{Header: noStore(), Body: dialect.JSON(wireJob(r, job))}
	if !isDryRun(r) {
		response.Tag = job.Tag(r.Principal)
	}
	return response
}

// acceptJob answers with a job that was just made.
func acceptJob(r *dialect.Request) func(roster.Job, error) (dialect.Response, error) {
	return func(job roster.Job, err error) (dialect.Response, error) {
		if err != nil {
			return dialect.Response{}, err
		}
		response := showJob(r, job)
		response.Status, response.Tag = http.StatusAccepted, job.Tag(r.Principal)
		response.Header.Set("Location", jobURL(r, job.ID))
		return response, nil
	}
}

// jobURL returns the URL of a job, given a request to an endpoint about users or jobs.
func jobURL(r *dialect.Request, id roster.ID) string {
	u := *r.URL
	u.RawQuery = ""
	if i := max(strings.LastIndex(u.Path, "/users:"), strings.LastIndex(u.Path, "/jobs")); i >= 0 {
		u.Path, u.RawPath = u.Path[:i], ""
	}
	return u.JoinPath("jobs", id.String()).String()
}
