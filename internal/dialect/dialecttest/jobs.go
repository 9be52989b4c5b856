package dialecttest

import (
	"context"
	"io"

	"github.com/roster-dev/roster"
)

// idle are jobs that are made and never kept, so that every input meets the same world.
type idle struct{}

func idleJob(id roster.ID) roster.Job {
	return roster.Job{ID: id, Type: roster.JobImport, State: roster.JobQueued, Revision: 1}
}

func (idle) List(context.Context) ([]roster.Job, error) { return []roster.Job{idleJob(Other)}, nil }

func (idle) Get(_ context.Context, id roster.ID) (roster.Job, error) { return idleJob(id), nil }

func (idle) Import(_ context.Context, input roster.ImportInput) (roster.Job, error) {
	j := idleJob(Other)
	j.Import = &input.ImportJob
	_, err := io.Copy(io.Discard, input.From)
	return j, err
}

func (idle) Update(_ context.Context, spec roster.BulkUpdate) (roster.Job, error) {
	j := idleJob(Other)
	j.Type, j.Update = roster.JobUpdate, &spec
	return j, nil
}

func (idle) Preview(context.Context, roster.BulkUpdate) (roster.BulkPreview, error) {
	return roster.BulkPreview{}, nil
}

func (idle) PreviewUndo(context.Context, roster.ID, roster.JobTurn) (roster.BulkPreview, error) {
	return roster.BulkPreview{}, nil
}

func (idle) Undo(_ context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	return idleJob(id), how.Expect(idleJob(id))
}

func (idle) Cancel(_ context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	return idleJob(id), how.Expect(idleJob(id))
}

func (idle) Resume(_ context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	return idleJob(id), how.Expect(idleJob(id))
}

func (idle) Delete(_ context.Context, id roster.ID, how roster.JobTurn) error {
	return how.Expect(idleJob(id))
}

func (idle) Rejects(_ context.Context, _ roster.ID, fn func(roster.Reject) error) error {
	return fn(roster.Reject{Line: 1, Code: roster.Invalid, Message: "is wrong"})
}
