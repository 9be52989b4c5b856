package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/roster-dev/roster"
)

// Jobs is the part of a [Store] that keeps jobs, beside the history of their organizations: they are in no version. A
// job that a change is a step of ([roster.Change.Steps]) is stored with the change or not at all.
type Jobs interface {
	JobLists

	// Job returns a job, or fails with [roster.NotFound].
	Job(ctx context.Context, org, id roster.ID) (roster.Job, error)

	// PutJob stores a step of a job, all of it or nothing. It fails with [roster.ErrJobMoved] where the stored job is
	// not of the revision before, with [roster.NotFound] where there is no such organization, and with a
	// [*roster.RepeatedError] where an answer with the key of the step's is kept that is not older than
	// [roster.OnceFor].
	PutJob(ctx context.Context, org roster.ID, step roster.JobStep) error

	// PutJobInput stores a piece of a job's input, the n-th from 0. It fails with [roster.NotFound] where there is no
	// such job.
	PutJobInput(ctx context.Context, org, id roster.ID, n int, data []byte) error

	// JobPiece returns a piece of what is kept of a job, the n-th from 0, or fails with [roster.NotFound].
	JobPiece(ctx context.Context, org, id roster.ID, kind roster.JobPieces, n int) ([]byte, error)

	// DropJobPieces removes at most so many pieces of a kind of a job, the last ones first, and reports whether there
	// are more.
	DropJobPieces(ctx context.Context, org, id roster.ID, kind roster.JobPieces, most int) (more bool, err error)

	// DropJob removes a job with all its pieces. There need not be one.
	DropJob(ctx context.Context, org, id roster.ID) error
}

// JobLists is the part of [Jobs] that finds them.
type JobLists interface {
	// Jobs calls fn with the jobs of org, those that are being received too, newest first by id, until fn fails, and
	// returns that error. fn may call the store. There are none for an organization that does not exist.
	Jobs(ctx context.Context, org roster.ID, fn func(roster.Job) error) error

	// OpenJobs calls fn with the jobs of all organizations that have no end yet, or ended before a time, oldest first
	// by id, until fn fails, and returns that error. fn may call the store.
	OpenJobs(ctx context.Context, endedBefore roster.Time, fn func(org roster.ID, job roster.Job) error) error

	// EndedJobs returns the ids of the jobs of org that have ended, but for some, the newest by id; newest first.
	EndedJobs(ctx context.Context, org roster.ID, but int) ([]roster.ID, error)
}

// NoJob returns the error about a job that does not exist.
func NoJob() error { return roster.Errorf(roster.NotFound, "there is no such job") }

// Repeated fails with a [*roster.RepeatedError], or with [roster.KeyReused], where an answer was kept that still counts
// when another one with its key is to be.
func Repeated(was, now roster.Answer) error {
	if now.At >= was.At+roster.OnceFor {
		return nil
	}
	return (&roster.RepeatedError{Answer: was}).Check(now.Request)
}

// DecodeJob decodes the JSON form of a job.
func DecodeJob(doc []byte) (job roster.Job, err error) {
	if err := json.Unmarshal(doc, &job); err != nil {
		return job, fmt.Errorf("decode a job: %w", err)
	}
	return job, nil
}

// JobPiece is the n-th piece, from 0, of a kind of what is kept of a job.
type JobPiece struct {
	Kind roster.JobPieces
	N    int
	Data []byte
}

// RejectPieces returns the pieces that a step adds to what its job has refused.
func RejectPieces(step roster.JobStep) []JobPiece {
	pieces := make([]JobPiece, len(step.Rejects))
	first := step.Job.RejectChunks - len(step.Rejects)
	for i, data := range step.Rejects {
		pieces[i] = JobPiece{roster.JobRejects, first + i, data}
	}
	return pieces
}
