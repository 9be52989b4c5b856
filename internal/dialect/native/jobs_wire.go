package native

import (
	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Job is a job on the wire.
type Job struct {
	ID        roster.ID   `json:"id" required:"yes"`
	Type      string      `json:"type" required:"yes" enum:"import,update,undo"`
	State     string      `json:"state" required:"yes" enum:"queued,running,succeeded,failed,cancelled"`
	CreatedAt roster.Time `json:"created_at" required:"yes"`
	StartedAt roster.Time `json:"started_at,omitzero"`
	EndedAt   roster.Time `json:"ended_at,omitzero"`
	Actor     roster.ID   `json:"actor,omitzero" doc:"Who asked for it; shown only with the permission metadata:read."`
	ActorName string      `json:"actor_name,omitempty" doc:"The name of the token as of then; likewise."`
	Reason    string      `json:"reason,omitempty" doc:"What the request said that it is for."`
	Progress  int         `json:"progress" required:"yes" doc:"How much of it is done, in percent."`
	Counts    JobCounts   `json:"counts" required:"yes"`
	// Version is what a list must have reached to show all that the job did.
	Version roster.Version `json:"version,omitempty" doc:"The last version that it has led to."`
	Import  *JobImport     `json:"import,omitempty" doc:"Of type import: what is imported."`
	Update  *BulkRequest   `json:"update,omitempty" doc:"Of type update; for metadata:read and its maker."`
	Undoes  roster.ID      `json:"undoes,omitzero" doc:"Of type undo: the job that is taken back."`
	Error   *JobError      `json:"error,omitempty" doc:"Why it has failed."`
	Links   JobLinks       `json:"links" required:"yes"`
}

// JobCounts says what became of the records of a job.
type JobCounts struct {
	Total     int `json:"total" required:"yes" doc:"How many there are, 0 while that is not known."`
	Done      int `json:"done" required:"yes" doc:"How many were dealt with: the sum of those that follow."`
	Created   int `json:"created" required:"yes"`
	Updated   int `json:"updated" required:"yes"`
	Deleted   int `json:"deleted" required:"yes"`
	Unchanged int `json:"unchanged" required:"yes" doc:"They were so already."`
	Skipped   int `json:"skipped" required:"yes" doc:"They exist and were left alone, as on_conflict=skip asks."`
	Refused   int `json:"refused" required:"yes" doc:"They are among the rejects, with why."`
}

// JobImport is what a job imports.
type JobImport struct {
	Format     string `json:"format" required:"yes" enum:"jsonl,csv"`
	OnConflict string `json:"on_conflict" required:"yes" enum:"fail,skip,update"`
	DryRun     bool   `json:"dry_run" required:"yes"`
	Bytes      int64  `json:"bytes" required:"yes" doc:"The size of the input."`
	Line       int    `json:"line" required:"yes" doc:"The line that the last record begins on that was dealt with."`
}

// JobError is why a job has failed.
type JobError struct {
	Code   string `json:"code" required:"yes" doc:"What went wrong, for programs."`
	Detail string `json:"detail" required:"yes" doc:"What went wrong, for people."`
}

// JobLinks are URLs about a job.
type JobLinks struct {
	Self    string `json:"self" required:"yes" doc:"The job."`
	Rejects string `json:"rejects" required:"yes" doc:"What it refused, as JSON Lines."`
}

// JobList is a page of jobs.
type JobList list[Job]

// Reject is a record that a job did not do what it was to do with.
type Reject struct {
	Line   int          `json:"line,omitempty"`
	ID     roster.ID    `json:"id,omitzero"`
	Number int64        `json:"number,omitempty"`
	Error  *LineProblem `json:"error"`
	Text   string       `json:"text,omitempty"`
}

func wireJob(r *dialect.Request, j roster.Job) Job {
	self := jobURL(r, j.ID)
	w := Job{
		ID: j.ID, Type: string(j.Type), State: string(j.State), CreatedAt: j.CreatedAt, StartedAt: j.StartedAt,
		EndedAt: j.EndedAt, Reason: j.By.Reason, Progress: progress(&j), Counts: JobCounts(j.Counts),
		Version: j.Version, Undoes: j.Undoes, Links: JobLinks{Self: self, Rejects: self + "/rejects"},
	}
	if r.Principal.Permissions.Has(roster.MetadataRead) {
		w.Actor, w.ActorName = j.By.Principal(roster.ID{}).Author(), j.By.Name
	}
	if i := j.Import; i != nil {
		w.Import = &JobImport{
			Format: string(i.Format), OnConflict: string(i.OnConflict), DryRun: i.DryRun, Bytes: i.Bytes, Line: i.Line,
		}
	}
	if u := j.Update; u != nil && j.ShowsRequest(r.Principal) {
		w.Update = &BulkRequest{
			Filter: u.Filter, Search: u.Search, Action: string(u.Action), Patch: u.Patch,
			ExpectChanged: u.ExpectChanged,
		}
		if u.IfVersion != 0 {
			w.Update.IfVersion = &u.IfVersion
		}
		if u.Group != (roster.Ref{}) {
			w.Update.Group = u.Group.String()
		}
	}
	if e := j.Error; e != nil {
		w.Error = &JobError{Code: string(e.Code), Detail: e.Message}
	}
	return w
}

// progress returns how much of a job is done, in percent.
func progress(j *roster.Job) int {
	const all = 100
	switch {
	case j.State == roster.JobSucceeded:
		return all
	case j.Import != nil && j.Import.Bytes > 0:
		return int(j.Import.DoneBytes * all / j.Import.Bytes)
	default:
		return 0
	}
}

func wireReject(r roster.Reject, withText bool) Reject {
	w := Reject{Line: r.Line, ID: r.ID, Number: r.Number, Error: lineProblem(r.Err())}
	if withText {
		w.Text = r.Text
	}
	return w
}
