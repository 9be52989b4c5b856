package job

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/roster-dev/roster"
)

// open returns the jobs of an organization that have no end yet, of which there are few.
func (s *Service) open(ctx context.Context, org roster.ID) ([]roster.Job, error) {
	var open []roster.Job
	err := s.Store.OpenJobs(ctx, 0, func(of roster.ID, j roster.Job) error {
		if of == org {
			open = append(open, j)
		}
		return nil
	})
	return open, err
}

// room fails with [roster.RateLimited] where an organization has as many open jobs as it may.
func room(open []roster.Job) error {
	if len(open) < MaxActive {
		return nil
	}
	return roster.Errorf(roster.RateLimited,
		"the organization has %d jobs that have not ended, which is the most: wait, or cancel some", len(open))
}

// newJob returns a new job of an organization.
func (s *Service) newJob(
	ctx context.Context, org roster.ID, by roster.Principal, t roster.JobType,
) (roster.Job, error) {
	open, err := s.open(ctx, org)
	if err == nil {
		err = room(open)
	}
	if err != nil {
		return roster.Job{}, err
	}
	id, err := s.NewID()
	return roster.Job{
		ID: id, Type: t, State: roster.JobQueued, Revision: 1, CreatedAt: s.Now(), By: by.Sponsor(),
	}, err
}

// Import makes a job that imports an input, of which it keeps a copy first; memory does not grow with it. It fails with
// the error of the input, and then there is no job.
func (s *Service) Import(
	ctx context.Context, org roster.ID, by roster.Principal, input roster.ImportInput, answer Answer,
) (roster.Job, error) {
	j, err := s.newJob(ctx, org, by, roster.JobImport)
	if err != nil {
		return roster.Job{}, err
	}
	s.arriving.Store(j.ID, nil)
	defer s.arriving.Delete(j.ID)
	j.State, j.Import = roster.JobReceiving, &input.ImportJob
	if err := s.Store.PutJob(ctx, org, roster.JobStep{Job: j}); err != nil {
		return roster.Job{}, err
	}
	j.Revision, j.State = 2, roster.JobQueued
	if err = s.receive(ctx, org, &j, input.From); err == nil {
		err = s.put(ctx, org, j, answer)
	}
	if isMoved(err) {
		err = roster.Errorf(roster.Conflict, "somebody was erased while the input was on its way, of whom it tells")
	}
	if err != nil {
		return roster.Job{}, errors.Join(err, s.drop(context.WithoutCancel(ctx), org, j.ID))
	}
	s.awake()
	return j, nil
}

// receive keeps the input of an import.
func (s *Service) receive(ctx context.Context, org roster.ID, j *roster.Job, input io.Reader) error {
	buf := make([]byte, pieceBytes)
	for {
		n, err := io.ReadFull(input, buf)
		if n > 0 {
			if err := s.Store.PutJobInput(ctx, org, j.ID, j.Import.Chunks, buf[:n]); err != nil {
				return err
			}
			j.Import.Chunks++
			j.Import.Bytes += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// Update makes a job that changes many users. It fails with [roster.Invalid] for a filter that is none or has fields
// that the principal may not see, and with [roster.PreconditionFailed] where the organization is not at the version
// that is expected.
func (s *Service) Update(
	ctx context.Context, org roster.ID, by roster.Principal, spec roster.BulkUpdate, answer Answer,
) (roster.Job, error) {
	j, err := s.newJob(ctx, org, by, roster.JobUpdate)
	if err != nil {
		return roster.Job{}, err
	}
	if _, err := query(&spec, by, j.CreatedAt); err != nil {
		return roster.Job{}, err
	}
	j.Update = &spec
	return s.made(ctx, org, j, answer)
}

// made stores a job that is ready to run.
func (s *Service) made(ctx context.Context, org roster.ID, j roster.Job, answer Answer) (roster.Job, error) {
	if err := s.put(ctx, org, j, answer); err != nil {
		return roster.Job{}, err
	}
	s.awake()
	return j, nil
}

// Undo makes a job that takes a change of many users back, less than [roster.UndoFor] after it was made. It fails with
// [roster.NotFound] where there is no such job, and with [roster.Conflict] for any other job, and for one that was
// taken back already or is about to be.
func (s *Service) Undo(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	if _, err := s.undoable(ctx, org, id, how); err != nil {
		return roster.Job{}, err
	}
	j, err := s.newJob(ctx, org, how.By, roster.JobUndo)
	if err != nil {
		return roster.Job{}, err
	}
	j.Undoes = id
	return s.made(ctx, org, j, how.Answer)
}

// undoable returns a job that is as it should be and can be taken back.
func (s *Service) undoable(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	was, err := s.expected(ctx, org, id, how)
	if err != nil {
		return roster.Job{}, err
	}
	if err := s.canUndo(&was); err != nil {
		return roster.Job{}, err
	}
	return was, s.undoneOnce(ctx, org, id)
}

// PreviewUndo says what the job would do that [Service.Undo] makes, to the organization as it is now, and fails as
// that does.
func (s *Service) PreviewUndo(
	ctx context.Context, org, id roster.ID, how roster.JobTurn,
) (roster.BulkPreview, error) {
	was, err := s.undoable(ctx, org, id, how)
	if err != nil {
		return roster.BulkPreview{}, err
	}
	c := &choice{spec: &roster.BulkUpdate{}, by: how.By}
	return s.preview(ctx, org, c, func(roster.Users) ([]roster.Command, error) {
		users, cmds, err := s.undo(ctx, org, &was)
		c.users = users
		return cmds, err
	})
}

// undoneOnce fails where there is a job already that is going to take another one back.
func (s *Service) undoneOnce(ctx context.Context, org, id roster.ID) error {
	open, err := s.open(ctx, org)
	for _, j := range open {
		if j.Undoes == id {
			return roster.Errorf(roster.Conflict, "the job %s is about to undo it already", j.ID)
		}
	}
	return err
}

func (s *Service) canUndo(was *roster.Job) error {
	switch {
	case was.Type == roster.JobUndo:
		return roster.Errorf(roster.Conflict, "an undo can't be undone: make the change again")
	case was.Type != roster.JobUpdate:
		return roster.Errorf(roster.Conflict, "only a change of many users can be undone, not one of type %s", was.Type)
	case was.State != roster.JobSucceeded:
		return roster.Errorf(roster.Conflict, "the job is %s: it has changed nothing", was.State)
	case !was.UndoneBy.IsZero():
		return roster.Errorf(roster.Conflict, "the job was undone already, by the job %s", was.UndoneBy)
	case s.Now() >= was.EndedAt+roster.UndoFor:
		return roster.Errorf(roster.Conflict, "the job ended more than 24 hours ago, and can't be undone any more")
	default:
		return nil
	}
}

// Preview says what a change of many users would do to the organization as it is now. It fails as [Service.Update]
// does, and with [roster.TooLarge] where there are too many users.
func (s *Service) Preview(
	ctx context.Context, org roster.ID, by roster.Principal, spec roster.BulkUpdate,
) (roster.BulkPreview, error) {
	c := &choice{spec: &spec, by: by, now: s.Now()}
	return s.preview(ctx, org, c, c.commands)
}

// preview says what would become of the users who are chosen.
func (s *Service) preview(
	ctx context.Context, org roster.ID, c *choice, choose func(roster.Users) ([]roster.Command, error),
) (roster.BulkPreview, error) {
	const few = 20
	version, outcomes, err := s.rehearse(ctx, org, c.by, choose)
	if err != nil {
		return roster.BulkPreview{}, err
	}
	if err := c.spec.Check(outcomes); err != nil {
		return roster.BulkPreview{}, err
	}
	p := roster.BulkPreview{Version: version, Counts: c.count(outcomes)}
	for i, o := range outcomes {
		op, changed := changeOf(o.Ops, c.users[i].id)
		switch {
		case o.Err != nil && len(p.Refused) < few:
			p.Refused = append(p.Refused, c.reject(i, o.Err))
		case o.Err == nil && changed && len(p.Changed) < few:
			p.Changed = append(p.Changed, op)
		case o.Err == nil && !changed && len(p.Unchanged) < few:
			e, err := s.Directory.Record(ctx, org, roster.TypeUser, c.users[i].id)
			if u, ok := e.(*roster.User); ok && err == nil {
				p.Unchanged = append(p.Unchanged, u)
			}
		}
	}
	return p, nil
}

// rehearse says what would become of the users who are chosen, once it is its turn.
func (s *Service) rehearse(
	ctx context.Context, org roster.ID, by roster.Principal, choose func(roster.Users) ([]roster.Command, error),
) (roster.Version, []roster.Outcome, error) {
	done, err := s.previews.enter(ctx, org)
	if err != nil {
		return 0, nil, err
	}
	defer done()
	return s.Directory.Preview(ctx, org, by, choose)
}

// changeOf returns the op on a user among those of a command.
func changeOf(ops []roster.Op, user roster.ID) (op roster.Op, ok bool) {
	for _, op := range ops {
		if op.Key() == (roster.Key{Type: roster.TypeUser, ID: user}) {
			return op, true
		}
	}
	return roster.Op{}, false
}

// Rejects calls fn with the records that a job did not do what it was to do with, in their order, until fn fails, and
// returns that error.
func (s *Service) Rejects(ctx context.Context, org, id roster.ID, fn func(roster.Reject) error) error {
	j, err := s.Job(ctx, org, id)
	if err != nil {
		return err
	}
	for n := range j.RejectChunks {
		data, err := s.Store.JobPiece(ctx, org, id, roster.JobRejects, n)
		if err != nil {
			return fmt.Errorf("read the rejects of job %s: %w", id, err)
		}
		if err := eachReject(data, fn); err != nil {
			return err
		}
	}
	return nil
}
