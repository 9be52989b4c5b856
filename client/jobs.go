package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

// Job is work that goes on after the request that asked for it was answered.
type Job struct {
	ID    roster.ID       `json:"id"`
	Type  roster.JobType  `json:"type"`
	State roster.JobState `json:"state"`
	// CreatedAt, StartedAt and EndedAt are when it was asked for, began and came to its end, as far as it has.
	CreatedAt roster.Time `json:"created_at"`
	StartedAt roster.Time `json:"started_at,omitzero"`
	EndedAt   roster.Time `json:"ended_at,omitzero"`
	// Actor and ActorName are who asked for it, and are known only with the permission metadata:read.
	Actor     roster.ID `json:"actor,omitzero"`
	ActorName string    `json:"actor_name,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	// Progress is how much of it is done, in percent.
	Progress int              `json:"progress"`
	Counts   roster.JobCounts `json:"counts"`
	// Version is the last version that it has led to, 0 for none.
	Version roster.Version `json:"version,omitempty"`
	// Import, Update and Undoes are what it does, depending on its type.
	Import *JobImport  `json:"import,omitempty"`
	Update *BulkUpdate `json:"update,omitempty"`
	Undoes roster.ID   `json:"undoes,omitzero"`
	// Error is why it has failed.
	Error *JobError `json:"error,omitempty"`
}

// JobImport is what a job imports.
type JobImport struct {
	Format     roster.ImportFormat `json:"format"`
	OnConflict roster.OnConflict   `json:"on_conflict"`
	DryRun     bool                `json:"dry_run"`
	// Bytes is the size of the input, and Line the line of the last record that was dealt with.
	Bytes int64 `json:"bytes"`
	Line  int   `json:"line"`
}

// JobError is why a job has failed.
type JobError struct {
	Code   roster.Code `json:"code"`
	Detail string      `json:"detail"`
}

// HasEnded reports whether the job goes on no more, unless it is resumed.
func (j *Job) HasEnded() bool { return j.State != roster.JobQueued && j.State != roster.JobRunning }

// Err returns why the job has failed, nil for one that has not.
func (j *Job) Err() error {
	if j.Error == nil {
		return nil
	}
	return &roster.Error{Code: j.Error.Code, Message: j.Error.Detail}
}

// BulkUpdate is one change of all users whom a filter lets through.
type BulkUpdate struct {
	// Filter and Search choose the users, as in [ListOptions].
	Filter string            `json:"filter"`
	Search string            `json:"search,omitempty"`
	Action roster.BulkAction `json:"action"`
	// Group names the group to add to or to remove from, such as number:7.
	Group string `json:"group,omitempty"`
	// Patch is the merge patch of the action patch.
	Patch json.RawMessage `json:"patch,omitempty"`
	// IfVersion is the version that the organization must be at, 0 for any, and ExpectChanged how many users must be
	// changed, nil for any number; otherwise nothing is changed.
	IfVersion     roster.Version `json:"if_version,omitempty"`
	ExpectChanged *int           `json:"expect_changed,omitempty"`
}

// BulkPreview says what a change of many users would do.
type BulkPreview struct {
	// Version is the version that it is true for: as IfVersion it has what was previewed be what is done.
	Version roster.Version   `json:"version"`
	Counts  roster.JobCounts `json:"counts"`
	// Changed, Unchanged and Refused are the first few of each.
	Changed   []PreviewedUser `json:"changed"`
	Unchanged []PreviewedUser `json:"unchanged"`
	Refused   []Reject        `json:"refused"`
}

// PreviewedUser is a user before and after a change; After is nil for one who would be deleted or stays.
type PreviewedUser struct {
	ID     roster.ID    `json:"id"`
	Before *roster.User `json:"before,omitempty"`
	After  *roster.User `json:"after,omitempty"`
}

// Reject is a record that a job did not do what it was to do with.
type Reject struct {
	// Line is where it begins in the input of an import; ID and Number are those of the user otherwise.
	Line   int
	ID     roster.ID
	Number int64
	// Err is why: its fields are members of the record.
	Err *roster.Error
	// Text is the record as it stands in the input, where the token may see it.
	Text string
}

// UnmarshalJSON reads a line of the rejects of a job.
func (r *Reject) UnmarshalJSON(data []byte) error {
	var line struct {
		Line   int       `json:"line"`
		ID     roster.ID `json:"id"`
		Number int64     `json:"number"`
		Error  problem   `json:"error"`
		Text   string    `json:"text"`
	}
	if err := json.Unmarshal(data, &line); err != nil {
		return fmt.Errorf("read a reject: %w", err)
	}
	*r = Reject{Line: line.Line, ID: line.ID, Number: line.Number, Err: line.Error.err(), Text: line.Text}
	return nil
}

// Jobs yields the jobs, newest first. The first error is yielded last, with a nil job.
func (c *Client) Jobs(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*Job, error] {
	return walk(o, func(o ListOptions) (Page[Job], error) {
		p, err := page[Job](ctx, c, []string{"jobs"}, o, options)
		if err != nil {
			return p, fmt.Errorf("list jobs: %w", err)
		}
		return p, nil
	})
}

// Job returns a job, or fails with [roster.NotFound].
func (c *Client) Job(ctx context.Context, id roster.ID, options ...Option) (*Job, error) {
	j, err := get[Job](ctx, c, []string{"jobs", id.String()}, options)
	if err != nil {
		return nil, fmt.Errorf("get job %s: %w", id, err)
	}
	return j, nil
}

// WaitJob returns a job once it has ended, however it has. It asks again and again, after a tenth of a second first and
// two seconds in the end, and tells progress each time, unless that is nil. It ends with the first error.
func (c *Client) WaitJob(ctx context.Context, id roster.ID, progress func(*Job)) (*Job, error) {
	const first, longest = 100 * time.Millisecond, 2 * time.Second
	for pause := first; ; pause = min(pause*3/2, longest) {
		j, err := c.Job(ctx, id)
		if err != nil {
			return nil, err
		}
		if progress != nil {
			progress(j)
		}
		if j.HasEnded() {
			c.wrote(j.Version) // so that the next read shows what it did
			return j, nil
		}
		if err := rest(ctx, pause); err != nil {
			return j, err
		}
	}
}

// CancelJob ends a job. What an import has done stays. It fails with [roster.Conflict] where the job has ended
// otherwise.
func (c *Client) CancelJob(ctx context.Context, id roster.ID, options ...Option) (*Job, error) {
	return c.turn(ctx, id, "cancel", options)
}

// ResumeJob has a job that was cancelled or has failed go on. It fails with [roster.Conflict] where it has succeeded.
func (c *Client) ResumeJob(ctx context.Context, id roster.ID, options ...Option) (*Job, error) {
	return c.turn(ctx, id, "resume", options)
}

// UndoJob makes a job that takes a change of many users back, within 24 hours. It fails with [roster.Conflict] where
// there is nothing to be undone.
func (c *Client) UndoJob(ctx context.Context, id roster.ID, options ...Option) (*Job, error) {
	return c.turn(ctx, id, "undo", options)
}

// PreviewUndoJob says what UndoJob would do, and changes nothing.
func (c *Client) PreviewUndoJob(ctx context.Context, id roster.ID, options ...Option) (*BulkPreview, error) {
	p, err := create[BulkPreview](ctx, c, []string{"jobs", id.String() + ":undo"}, nil, append(options, DryRun()))
	if err != nil {
		return nil, fmt.Errorf("preview taking job %s back: %w", id, err)
	}
	return p, nil
}

func (c *Client) turn(ctx context.Context, id roster.ID, verb string, options []Option) (*Job, error) {
	j, err := create[Job](ctx, c, []string{"jobs", id.String() + ":" + verb}, nil, options)
	if err != nil {
		return nil, fmt.Errorf("%s job %s: %w", verb, id, err)
	}
	return j, nil
}

// DeleteJob removes a job that has ended, with its rejects.
func (c *Client) DeleteJob(ctx context.Context, id roster.ID, options ...Option) error {
	if err := remove(ctx, c, []string{"jobs", id.String()}, options); err != nil {
		return fmt.Errorf("delete job %s: %w", id, err)
	}
	return nil
}

// JobRejects yields what a job did not do, and why, in order. The first error is yielded last.
func (c *Client) JobRejects(ctx context.Context, id roster.ID, options ...Option) iter.Seq2[Reject, error] {
	return func(yield func(Reject, error) bool) {
		r := request{method: http.MethodGet, path: []string{"jobs", id.String(), "rejects"}}
		body, err := c.send(ctx, r.apply(options))
		if err != nil {
			yield(Reject{}, fmt.Errorf("list the rejects of job %s: %w", id, err))
			return
		}
		defer body.Close() //nolint:errcheck // it was only read
		lines := json.NewDecoder(body)
		for {
			var reject Reject
			err := lines.Decode(&reject)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Reject{}, fmt.Errorf("list the rejects of job %s: %w", id, err))
				return
			}
			if !yield(reject, nil) {
				return
			}
		}
	}
}

// BulkUpdate makes a job that changes many users as one change, or fails with [roster.Invalid] for a change that means
// nothing and with [roster.PreconditionFailed] where the organization is at another version than IfVersion.
func (c *Client) BulkUpdate(ctx context.Context, u BulkUpdate, options ...Option) (*Job, error) {
	j, err := create[Job](ctx, c, []string{"users:bulkUpdate"}, u, options)
	if err != nil {
		return nil, fmt.Errorf("change many users: %w", err)
	}
	return j, nil
}

// PreviewBulkUpdate says what a change of many users would do, and changes nothing.
func (c *Client) PreviewBulkUpdate(ctx context.Context, u BulkUpdate, options ...Option) (*BulkPreview, error) {
	p, err := create[BulkPreview](ctx, c, []string{"users:bulkUpdate"}, u, append(options, DryRun()))
	if err != nil {
		return nil, fmt.Errorf("preview a change of many users: %w", err)
	}
	return p, nil
}

// StartImport makes a job that imports records of any number: roles, groups, spaces and users as JSON Lines, or users
// as CSV. The input is sent as it is read, and never sent again.
func (c *Client) StartImport(
	ctx context.Context, input io.Reader, format roster.ImportFormat, o ImportOptions, options ...Option,
) (*Job, error) {
	r := request{
		method: http.MethodPost, path: []string{"users:import"}, once: true,
		query: url.Values{"dry_run": {strconv.FormatBool(o.DryRun)}},
	}
	if o.OnConflict != "" {
		r.query.Set("on_conflict", string(o.OnConflict))
	}
	r = r.apply(options)
	r.contentType, r.stream = "application/jsonl", input
	if format == roster.CSV {
		r.contentType = "text/csv"
	}
	j := new(Job)
	if err := c.call(ctx, r, j); err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return j, nil
}

// ExportUsers returns the users whom the Filter and the Search of o choose, in its order and with its Fields, all of
// one version: as JSON Lines in the canonical form, or as CSV. The caller closes the body. A body that ends before the
// export did fails with an error other than io.EOF.
func (c *Client) ExportUsers(
	ctx context.Context, format roster.ImportFormat, o ListOptions, options ...Option,
) (io.ReadCloser, error) {
	query := o.query()
	for _, name := range []string{"page_size", "page", "page_token", "facets"} {
		query.Del(name)
	}
	query.Set("format", string(format))
	r := request{method: http.MethodGet, path: []string{"users:export"}, query: query}
	body, err := c.send(ctx, r.apply(options))
	if err != nil {
		return nil, fmt.Errorf("export users: %w", err)
	}
	return body, nil
}
