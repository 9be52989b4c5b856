package dialect

import (
	"context"

	"github.com/roster-dev/roster"
)

// Jobs are the jobs of the organization of a principal, who asks for new ones. An endpoint makes one call of a method
// that changes something for one request, and its answer must follow from the job that this returns. They are safe for
// concurrent use. Every method fails with [roster.NotFound] for a job that there is not.
type Jobs interface {
	// List returns the jobs, newest first, and Get one of them.
	List(ctx context.Context) ([]roster.Job, error)
	Get(ctx context.Context, id roster.ID) (roster.Job, error)
	NewJobs
	// Cancel, Resume and Delete fail with [roster.Conflict] where the state of the job forbids it, and with
	// [roster.PreconditionFailed] where it is not as it is expected to be. Of how it is done only IfMatch and DryRun
	// count.
	Cancel(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error)
	Resume(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error)
	Delete(ctx context.Context, id roster.ID, how roster.JobTurn) error
	// Rejects calls fn with what a job did not do and why, in order, until fn fails, and returns that error.
	Rejects(ctx context.Context, id roster.ID, fn func(roster.Reject) error) error
}

// NewJobs are the jobs that a principal asks for.
type NewJobs interface {
	// Import makes a job that imports an input.
	Import(ctx context.Context, input roster.ImportInput) (roster.Job, error)
	// Update makes a job that changes many users, and Preview says what that would do.
	Update(ctx context.Context, spec roster.BulkUpdate) (roster.Job, error)
	Preview(ctx context.Context, spec roster.BulkUpdate) (roster.BulkPreview, error)
	// Undo makes a job that takes a change of many users back, and PreviewUndo says what that would do. They fail as
	// those of [Jobs] do: with [roster.Conflict] for any other job, and where that was too long ago.
	Undo(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error)
	PreviewUndo(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.BulkPreview, error)
}
