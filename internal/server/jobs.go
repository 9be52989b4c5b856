package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Jobs makes and keeps the jobs of organizations: see package job. It is safe for concurrent use. An answer function,
// which may be nil, returns what the request that led to a step of a job is answered when it is repeated.
type Jobs interface {
	JobMaker
	Jobs(ctx context.Context, org roster.ID) ([]roster.Job, error)
	Job(ctx context.Context, org, id roster.ID) (roster.Job, error)
	Cancel(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error)
	Resume(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error)
	Delete(ctx context.Context, org, id roster.ID, how roster.JobTurn) error
	Rejects(ctx context.Context, org, id roster.ID, fn func(roster.Reject) error) error
	// Stats returns how many jobs have ended how, and how many are being carried out.
	Stats() (ended map[roster.JobState]int64, running int64)
}

// JobMaker makes the jobs of organizations, and says what they would do.
type JobMaker interface {
	Import(
		ctx context.Context, org roster.ID, by roster.Principal, input roster.ImportInput, answer JobAnswer,
	) (roster.Job, error)
	Update(
		ctx context.Context, org roster.ID, by roster.Principal, spec roster.BulkUpdate, answer JobAnswer,
	) (roster.Job, error)
	Preview(
		ctx context.Context, org roster.ID, by roster.Principal, spec roster.BulkUpdate,
	) (roster.BulkPreview, error)
	Undo(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error)
	PreviewUndo(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.BulkPreview, error)
}

// JobAnswer makes what a request is answered that led to a step of a job.
type JobAnswer = func(roster.Job) (*roster.Answer, error)

// jobbing is the jobs that an endpoint can see and make: those of the principal's own organization.
type jobbing struct {
	*exchange
	by  roster.Principal
	req *dialect.Request
}

func noJobs() error { return roster.Errorf(roster.Unavailable, "this server has no jobs") }

// answer returns how the request is answered when it is repeated, nil where it has no key.
func (j jobbing) answer(ctx context.Context) JobAnswer {
	once := j.by.Cause.Once
	if once == nil {
		return nil
	}
	return func(made roster.Job) (*roster.Answer, error) {
		again := *j.req
		again.Jobs = toldJobs{j, made}
		return j.answerTo(ctx, once, &again)
	}
}

// turn returns how the request wants something done with a job.
func (j jobbing) turn(ctx context.Context, how roster.JobTurn) roster.JobTurn {
	how.By, how.Answer = j.by, j.answer(ctx)
	return how
}

// answerTo returns how a request that changes no record is answered when it is repeated. The request is one whose
// endpoint is told what it has done.
func (x *exchange) answerTo(ctx context.Context, once *roster.Once, req *dialect.Request) (*roster.Answer, error) {
	content, err := x.prepareAnswer(ctx, req, told{
		change: roster.Change{Version: req.View.Version()}, before: req.View,
	})
	if err != nil {
		return nil, err
	}
	request := once.Request
	if s, ok := req.Stream.(*stream); ok {
		request = digest(string(request[:]), string(s.hash.Sum(nil)))
	}
	return &roster.Answer{Key: once.Key, Request: request, At: roster.TimeOf(x.Now()), Content: content}, nil
}

// List implements [dialect.Jobs].
func (j jobbing) List(ctx context.Context) ([]roster.Job, error) {
	if j.Jobs == nil {
		return nil, noJobs()
	}
	return j.Jobs.Jobs(ctx, j.by.Org)
}

// Get implements [dialect.Jobs].
func (j jobbing) Get(ctx context.Context, id roster.ID) (roster.Job, error) {
	if j.Jobs == nil {
		return roster.Job{}, noJobs()
	}
	return j.Jobs.Job(ctx, j.by.Org, id)
}

// Import implements [dialect.Jobs].
func (j jobbing) Import(ctx context.Context, input roster.ImportInput) (roster.Job, error) {
	if j.Jobs == nil {
		return roster.Job{}, noJobs()
	}
	return j.Jobs.Import(ctx, j.by.Org, j.by, input, j.answer(ctx))
}

// Update implements [dialect.Jobs].
func (j jobbing) Update(ctx context.Context, spec roster.BulkUpdate) (roster.Job, error) {
	if j.Jobs == nil {
		return roster.Job{}, noJobs()
	}
	return j.Jobs.Update(ctx, j.by.Org, j.by, spec, j.answer(ctx))
}

// Preview implements [dialect.Jobs].
func (j jobbing) Preview(ctx context.Context, spec roster.BulkUpdate) (roster.BulkPreview, error) {
	if j.Jobs == nil {
		return roster.BulkPreview{}, noJobs()
	}
	return j.previewed(j.Jobs.Preview(ctx, j.by.Org, j.by, spec))
}

// previewed has the answer tell the version that a preview is true for.
func (j jobbing) previewed(p roster.BulkPreview, err error) (roster.BulkPreview, error) {
	if err == nil {
		j.written.Store(int64(p.Version))
	}
	return p, err
}

// Undo implements [dialect.Jobs].
func (j jobbing) Undo(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	if j.Jobs == nil {
		return roster.Job{}, noJobs()
	}
	return j.Jobs.Undo(ctx, j.by.Org, id, j.turn(ctx, how))
}

// PreviewUndo implements [dialect.Jobs].
func (j jobbing) PreviewUndo(
	ctx context.Context, id roster.ID, how roster.JobTurn,
) (roster.BulkPreview, error) {
	if j.Jobs == nil {
		return roster.BulkPreview{}, noJobs()
	}
	return j.previewed(j.Jobs.PreviewUndo(ctx, j.by.Org, id, j.turn(ctx, how)))
}

// Cancel implements [dialect.Jobs].
func (j jobbing) Cancel(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	if j.Jobs == nil {
		return roster.Job{}, noJobs()
	}
	return j.Jobs.Cancel(ctx, j.by.Org, id, j.turn(ctx, how))
}

// Resume implements [dialect.Jobs].
func (j jobbing) Resume(ctx context.Context, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	if j.Jobs == nil {
		return roster.Job{}, noJobs()
	}
	return j.Jobs.Resume(ctx, j.by.Org, id, j.turn(ctx, how))
}

// Delete implements [dialect.Jobs].
func (j jobbing) Delete(ctx context.Context, id roster.ID, how roster.JobTurn) error {
	if j.Jobs == nil {
		return noJobs()
	}
	return j.Jobs.Delete(ctx, j.by.Org, id, j.turn(ctx, how))
}

// Rejects implements [dialect.Jobs].
func (j jobbing) Rejects(ctx context.Context, id roster.ID, fn func(roster.Reject) error) error {
	if j.Jobs == nil {
		return noJobs()
	}
	return j.Jobs.Rejects(ctx, j.by.Org, id, fn)
}

// toldJobs are jobs of which those that change something do nothing, and return what they are told.
type toldJobs struct {
	jobbing
	job roster.Job
}

// Import implements [dialect.Jobs].
func (t toldJobs) Import(context.Context, roster.ImportInput) (roster.Job, error) { return t.job, nil }

// Update implements [dialect.Jobs].
func (t toldJobs) Update(context.Context, roster.BulkUpdate) (roster.Job, error) { return t.job, nil }

// Undo implements [dialect.Jobs].
func (t toldJobs) Undo(context.Context, roster.ID, roster.JobTurn) (roster.Job, error) {
	return t.job, nil
}

// Cancel implements [dialect.Jobs].
func (t toldJobs) Cancel(context.Context, roster.ID, roster.JobTurn) (roster.Job, error) {
	return t.job, nil
}

// Resume implements [dialect.Jobs].
func (t toldJobs) Resume(context.Context, roster.ID, roster.JobTurn) (roster.Job, error) {
	return t.job, nil
}

// Delete implements [dialect.Jobs].
func (t toldJobs) Delete(context.Context, roster.ID, roster.JobTurn) error { return nil }

// stream is a body as it comes.
type stream struct {
	in   *giver
	most int64
	hash hash.Hash
}

// newStream returns the body of a request of at most so many bytes.
func (x *exchange) newStream(most int64) *stream {
	return &stream{in: x.newGiver(most), most: most, hash: sha256.New()}
}

// Read implements [io.Reader].
func (s *stream) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	_, _ = s.hash.Write(p[:n]) // a hash does not fail
	if err == nil || errors.Is(err, io.EOF) {
		return n, err
	}
	return n, broken(err, s.most)
}
