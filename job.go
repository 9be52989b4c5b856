package roster

import (
	"fmt"
	"io"
)

// Job is work on an organization that goes on after the request that asked for it was answered. Jobs and their progress
// are no part of the organization's history: they make no version. What a job does to records is.
type Job struct {
	ID    ID       `json:"id"`
	Type  JobType  `json:"type"`
	State JobState `json:"state"`
	// Revision counts how often the job was stored, from 1.
	Revision  int64 `json:"revision"`
	CreatedAt Time  `json:"created_at"`
	// StartedAt is when the job first ran, EndedAt when it came to the state that it is in for good, unless it is
	// resumed.
	StartedAt Time    `json:"started_at,omitzero"`
	EndedAt   Time    `json:"ended_at,omitzero"`
	By        Sponsor `json:"by"`

	// Import is set in a job of type import, Update in one of type update; Undoes names the job that one of type undo
	// takes back.
	Import *ImportJob  `json:"import,omitempty"`
	Update *BulkUpdate `json:"update,omitempty"`
	Undoes ID          `json:"undoes,omitzero"`
	// UndoneBy is the job that has taken this one back, as far as it could.
	UndoneBy ID `json:"undone_by,omitzero"`

	Counts JobCounts `json:"counts"`
	// Version is the last version that the job has led to, 0 while there is none.
	Version Version `json:"version,omitempty"`
	// RejectChunks is in how many pieces its rejects are kept.
	RejectChunks int `json:"reject_chunks,omitempty"`
	// Error is why a job has failed.
	Error *JobError `json:"error,omitempty"`
}

// ShowsRequest reports whether a principal sees what the job was asked to do, which may name members that not everybody
// may know of.
func (j *Job) ShowsRequest(by Principal) bool {
	return by.Permissions.Has(MetadataRead) || by.Token == j.By.Token
}

// Tag returns the strong entity tag of the job, quotes included, as a principal sees it: another one whenever the job
// was stored, and for those who see less of it.
func (j *Job) Tag(by Principal) string {
	seen := fmt.Sprintf("%s %d %t %t", j.ID, j.Revision, by.Permissions.Has(MetadataRead), j.ShowsRequest(by))
	return tagOf([]byte(seen), "")
}

// JobTurn says who wants something done with a job, and how.
type JobTurn struct {
	By Principal
	// IfMatch has the entity tags of which the job must have one, as [Job.Tag] makes them; nil for any.
	IfMatch []string
	// DryRun has what would be done only be said.
	DryRun bool
	// Answer returns what the request is answered when it is repeated, given the job that it leads to; nil is for one
	// that nobody repeats.
	Answer func(Job) (*Answer, error)
}

// Expect fails with [PreconditionFailed] where the job is not as it is expected to be.
func (t *JobTurn) Expect(j Job) error { return ExpectTag(t.IfMatch, j, j.Tag(t.By), "job") }

// JobType says what a job does.
type JobType string

// The types of jobs.
const (
	JobImport JobType = "import" // records from a file
	JobUpdate JobType = "update" // one change of many users
	JobUndo   JobType = "undo"   // takes such a change back
)

// JobTypes returns the types of jobs.
func JobTypes() []JobType { return []JobType{JobImport, JobUpdate, JobUndo} }

// JobState is where a job stands.
type JobState string

// The states of jobs.
const (
	JobReceiving JobState = "receiving" // its input is on the way; nobody but who sends it knows of the job
	JobQueued    JobState = "queued"
	JobRunning   JobState = "running"
	JobSucceeded JobState = "succeeded"
	JobFailed    JobState = "failed"
	JobCancelled JobState = "cancelled"
	JobDeleted   JobState = "deleted" // it is about to be removed, and nobody knows of it any more
)

// JobStates returns the states that clients see.
func JobStates() []JobState {
	return []JobState{JobQueued, JobRunning, JobSucceeded, JobFailed, JobCancelled}
}

// IsHidden reports whether clients do not see the job: it is not there yet, or not any more.
func (j *Job) IsHidden() bool { return j.State == JobReceiving || j.State == JobDeleted }

// IsActive reports whether the job runs or is going to.
func (j *Job) IsActive() bool { return j.State == JobQueued || j.State == JobRunning }

// ImportJob is what a job of type import imports, and how far it has come.
type ImportJob struct {
	Format     ImportFormat `json:"format"`
	OnConflict OnConflict   `json:"on_conflict"`
	// DryRun has the job say what would become of each line, and change nothing.
	DryRun bool `json:"dry_run,omitempty"`
	// Bytes is the size of the input, and Chunks in how many pieces it is kept.
	Bytes  int64 `json:"bytes"`
	Chunks int   `json:"chunks"`
	// Line is the line that the last record begins on which was dealt with, and DoneBytes about how much of the input
	// that was.
	Line      int   `json:"line"`
	DoneBytes int64 `json:"done_bytes"`
}

// ImportInput is what a new job of type import imports: what the job says of it, and the bytes.
type ImportInput struct {
	ImportJob
	From io.Reader
}

// ImportFormat is the form of an input.
type ImportFormat string

// The forms of inputs.
const (
	JSONL ImportFormat = "jsonl"
	CSV   ImportFormat = "csv"
)

// JobCounts says what became of the records that a job is about. Done is the sum of all that stand behind it.
type JobCounts struct {
	// Total is how many records there are, 0 while that is not known.
	Total     int `json:"total"`
	Done      int `json:"done"`
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Deleted   int `json:"deleted"`
	Unchanged int `json:"unchanged"`
	Skipped   int `json:"skipped"`
	Refused   int `json:"refused"`
}

// JobError is why a job has failed.
type JobError struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Reject is a record that a job did not do what it was to do with, and why.
type Reject struct {
	// Line is where the record begins in the input of an import; ID and Number name the user of another job.
	Line   int   `json:"line,omitempty"`
	ID     ID    `json:"id,omitzero"`
	Number int64 `json:"number,omitempty"`
	// Code, Field and Message are those of the refusal.
	Code    Code           `json:"code"`
	Message string         `json:"message"`
	Details []RejectDetail `json:"details,omitempty"`
	// Text is the record as it stands in the input; of more than 64 KiB the beginning.
	Text string `json:"text,omitempty"`
}

// RejectDetail is a member at fault, as [Detail] has it.
type RejectDetail struct {
	Field      string   `json:"field,omitempty"`
	Message    string   `json:"message"`
	Code       Code     `json:"code,omitempty"`
	Allowed    []string `json:"allowed,omitempty"`
	DidYouMean string   `json:"did_you_mean,omitempty"`
}

// NewReject returns the reject of a refusal.
func NewReject(err error) Reject {
	e := AsError(err)
	r := Reject{Code: e.Code, Message: e.Message}
	details := e.Details
	if len(details) == 0 {
		details = []Detail{{Field: e.Field, Message: e.Message}}
	}
	for _, d := range details {
		r.Details = append(r.Details, RejectDetail(d))
	}
	return r
}

// Err returns the refusal.
func (r Reject) Err() error {
	e := &Error{Code: r.Code, Message: r.Message}
	for _, d := range r.Details {
		e.Details = append(e.Details, Detail(d))
	}
	if len(e.Details) > 0 {
		e.Field = e.Details[0].Field
	}
	return e
}

// JobStep is a job as it is to be stored next, with what belongs to the step that it has made.
type JobStep struct {
	// Job is stored in the place of the one with its ID, whose Revision must be one less. One with Revision 1 is new.
	Job Job
	// Rejects are JSON Lines of [Reject], to be kept as the last ones of Job.RejectChunks pieces.
	Rejects [][]byte
	// Answer is what the request that led to the step is answered, nil for none. It takes the place of an earlier one.
	Answer *Answer
}

// JobKept is for how long a job is kept after its end, and UndoFor for how long it can be taken back.
const (
	JobKept Time = 7 * 24 * 60 * 60 * 1000 // ms
	UndoFor Time = 24 * 60 * 60 * 1000     // ms
)

// ErrJobMoved is what storing a job fails with that is not as it was read: another one has stored it since.
var ErrJobMoved = &Error{Code: Conflict, Message: "the job has gone on meanwhile; look at it again"}

// Users answers queries about the users of an organization at one version.
type Users interface {
	Version() Version
	Users(q Query) (Page, error)
}

// JobPieces is a kind of pieces in which something of a job is kept.
type JobPieces string

// The kinds.
const (
	JobInput   JobPieces = "input"
	JobRejects JobPieces = "rejects"
)

// BulkPreview says what a change of many users would do.
type BulkPreview struct {
	// Version is the version that this is true for.
	Version Version
	Counts  JobCounts
	// Changed, Unchanged and Refused are the first few of each.
	Changed   []Op
	Unchanged []*User
	Refused   []Reject
}
