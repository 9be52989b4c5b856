package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/roster-dev/roster"
)

func isMoved(err error) bool { return errors.Is(err, roster.ErrJobMoved) }

// work is a job that is carried out.
type work struct {
	*Service

	org roster.ID
	job roster.Job // as it is stored
}

// work carries a job out until it ends, or ctx does. Then the job stays as it is, and goes on when it is carried out
// again.
func (s *Service) work(ctx context.Context, org, id roster.ID) {
	defer s.shorten(ctx, org)
	pause := time.Second
	for {
		err := s.guarded(ctx, org, id)
		switch {
		case err == nil || ctx.Err() != nil:
			return
		case isMoved(err): // somebody has cancelled it, or was erased of whom it tells
			return
		case s.rests(ctx, org):
			return
		case roster.CodeOf(err) == roster.Unavailable && pause < time.Minute:
			rest(ctx, pause)
			pause *= 4
		default:
			if s.fail(ctx, org, id, err) == nil || ctx.Err() != nil {
				return
			}
			rest(ctx, time.Minute) // the store is at fault, and being quick would only fill the log
		}
	}
}

// guarded is attempt that fails where that panics: a job that can't be carried out must not end the process.
func (s *Service) guarded(ctx context.Context, org, id roster.ID) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return s.attempt(ctx, org, id)
}

// rest waits for some time or the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// attempt carries a job out from where it is.
func (s *Service) attempt(ctx context.Context, org, id roster.ID) error {
	j, err := s.Store.Job(ctx, org, id)
	if roster.CodeOf(err) == roster.NotFound || err == nil && !j.IsActive() || s.rests(ctx, org) {
		return nil // it was deleted, or has been cancelled
	}
	if err != nil {
		return err
	}
	w := &work{s, org, j}
	if j.State == roster.JobQueued {
		j.State, j.StartedAt = roster.JobRunning, cmp.Or(j.StartedAt, s.Now())
		if err := w.put(ctx, j); err != nil {
			return err
		}
	}
	switch j.Type {
	case roster.JobImport:
		err = w.importing(ctx)
	case roster.JobUpdate:
		err = w.updating(ctx)
	default:
		err = w.undoing(ctx)
	}
	if err == nil {
		s.counts.succeeded.Add(1)
	}
	return err
}

// put stores the job as it is next.
func (w *work) put(ctx context.Context, next roster.Job) error {
	next.Revision = w.job.Revision + 1
	if err := w.Store.PutJob(ctx, w.org, roster.JobStep{Job: next}); err != nil {
		return err
	}
	w.job = next
	return nil
}

// fail ends a job because of an error, unless it has ended otherwise meanwhile, and tells the operator why: by the
// code, for what clients are told may name people.
func (s *Service) fail(ctx context.Context, org, id roster.ID, cause error) error {
	e := roster.AsError(cause)
	failed := false
	j, err := s.turn(ctx, org, id, roster.JobTurn{}, func(j *roster.Job) (bool, error) {
		if failed = j.IsActive(); !failed {
			return false, nil
		}
		j.State, j.EndedAt = roster.JobFailed, s.Now()
		j.Error = &roster.JobError{Code: e.Code, Message: e.Message}
		if e.Code == roster.Internal {
			j.Error.Message = "internal error"
		} else if e.Field != "" {
			j.Error.Message = e.Field + ": " + e.Message
		}
		return true, nil
	})
	log := s.Log.With("org", org, "job", id)
	switch {
	case roster.CodeOf(err) == roster.NotFound: // it was deleted
		return nil
	case err != nil:
		log.ErrorContext(ctx, "a job has failed, which can't be noted", "error", errors.Join(cause, err))
		return err
	case !failed && e.Code == roster.Internal:
		log.ErrorContext(ctx, "a job has ended, but not all that it needed is gone", "error", cause)
		return nil
	case !failed:
		return nil
	case e.Code == roster.Internal:
		log.ErrorContext(ctx, "a job has failed", "type", j.Type, "code", e.Code, "error", cause)
	default:
		log.WarnContext(ctx, "a job has failed", "type", j.Type, "code", e.Code)
	}
	s.counts.failed.Add(1)
	return nil
}

// principal returns who the job works as: whoever has asked for it, as far as that still counts.
func (w *work) principal(ctx context.Context) (roster.Principal, error) {
	return w.job.By.Present(w.org, w.Now(), func(org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error) {
		return w.Directory.Record(ctx, org, t, id)
	})
}

// turn waits until the job may work, which ends when done is called.
func (w *work) turn(ctx context.Context) (done func(), err error) { return enter(ctx, w.slots) }

// enter waits until there is room for a token, which is taken back when done is called.
func enter(ctx context.Context, tokens chan struct{}) (done func(), err error) {
	select {
	case tokens <- struct{}{}:
		return func() { <-tokens }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// alone is turn for a job that is done as a whole. It waits first for others of that kind, which keep nobody else
// from working meanwhile.
func (w *work) alone(ctx context.Context) (done func(), err error) {
	others, err := enter(ctx, w.whole)
	if err != nil {
		return nil, err
	}
	mine, err := w.turn(ctx)
	if err != nil {
		others()
		return nil, err
	}
	return func() { mine(); others() }, nil
}

// updating changes many users.
func (w *work) updating(ctx context.Context) error {
	done, err := w.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	by, err := w.principal(ctx)
	if err != nil {
		return err
	}
	c := &choice{spec: w.job.Update, by: by, now: w.job.CreatedAt}
	step := func(version roster.Version, outcomes []roster.Outcome) ([]roster.JobStep, error) {
		if err := c.spec.Check(outcomes); err != nil {
			return nil, err
		}
		return c.step(w.job, w.Now(), version, outcomes)
	}
	return w.Directory.DoChosen(ctx, w.org, by, c.commands, step)
}

// undoing takes a change of many users back.
func (w *work) undoing(ctx context.Context) error {
	done, err := w.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	by, err := w.principal(ctx)
	if err != nil {
		return err
	}
	was, err := w.Store.Job(ctx, w.org, w.job.Undoes)
	if err != nil {
		return err
	}
	if !was.UndoneBy.IsZero() { // since this job was made
		return w.canUndo(&was)
	}
	users, cmds, err := w.undo(ctx, w.org, &was)
	if err != nil {
		return err
	}
	c := &choice{users: users}
	step := func(version roster.Version, outcomes []roster.Outcome) ([]roster.JobStep, error) {
		steps, err := c.step(w.job, w.Now(), version, outcomes)
		if err != nil || steps[0].Job.Version == 0 {
			return steps, err
		}
		undone := was
		undone.Revision, undone.UndoneBy = was.Revision+1, w.job.ID
		return append(steps, roster.JobStep{Job: undone}), nil
	}
	return w.Directory.DoStep(ctx, w.org, by, cmds, step)
}

// undo returns the users whom taking back what a job did is about, and the commands that do so.
func (s *Service) undo(
	ctx context.Context, org roster.ID, was *roster.Job,
) (users []chosen, cmds []roster.Command, err error) {
	if was.Version == 0 {
		return nil, nil, nil
	}
	changes, err := s.Directory.Changes(ctx, org, was.Version-1, 1)
	if err != nil {
		return nil, nil, err
	}
	if len(changes) == 0 || changes[0].Version != was.Version {
		return nil, nil, fmt.Errorf("there is no version %d of organization %s", was.Version, org)
	}
	for _, op := range changes[0].Ops {
		switch was := op.Before.(type) {
		case *roster.User:
			cmds = append(cmds, roster.Undo{Op: op})
			users = append(users, chosen{was.ID, was.Number})
		case roster.Erased:
			if was.Type == roster.TypeUser { // to be refused
				cmds = append(cmds, roster.Undo{Op: op})
				users = append(users, chosen{id: was.ID})
			}
		}
	}
	return users, cmds, nil
}
