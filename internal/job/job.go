// Package job carries out work on organizations that goes on after the request that asked for it was answered: imports
// of any size, changes of many users at once, and taking those back. Jobs are kept beside the history of their
// organizations; what they do to records are commands like any other, decided by the rules of the root package.
//
// A job goes on where it was after the process was killed: its progress is committed together with what it does, so
// that every record is dealt with exactly once. It must not know stores, the read model or HTTP.
package job

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
)

// Store keeps jobs: see [store.Jobs], which says what each method does.
type Store interface {
	Lists
	Job(ctx context.Context, org, id roster.ID) (roster.Job, error)
	PutJob(ctx context.Context, org roster.ID, step roster.JobStep) error
	PutJobInput(ctx context.Context, org, id roster.ID, n int, data []byte) error
	JobPiece(ctx context.Context, org, id roster.ID, kind roster.JobPieces, n int) ([]byte, error)
	DropJobPieces(ctx context.Context, org, id roster.ID, kind roster.JobPieces, most int) (more bool, err error)
	DropJob(ctx context.Context, org, id roster.ID) error
}

// Lists is the part of a [Store] that finds jobs.
type Lists interface {
	Jobs(ctx context.Context, org roster.ID, fn func(roster.Job) error) error
	OpenJobs(ctx context.Context, endedBefore roster.Time, fn func(org roster.ID, job roster.Job) error) error
	EndedJobs(ctx context.Context, org roster.ID, but int) ([]roster.ID, error)
}

// Directory changes organizations: see package directory, which says what each method does.
type Directory interface {
	DoStep(
		ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
		step func(roster.Version, []roster.Outcome) ([]roster.JobStep, error),
	) error
	DoChosen(
		ctx context.Context, org roster.ID, by roster.Principal,
		choose func(roster.Users) ([]roster.Command, error),
		step func(roster.Version, []roster.Outcome) ([]roster.JobStep, error),
	) error
	DryRun(
		ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command,
	) ([]roster.Outcome, error)
	Preview(
		ctx context.Context, org roster.ID, by roster.Principal,
		choose func(roster.Users) ([]roster.Command, error),
	) (roster.Version, []roster.Outcome, error)
	Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error)
	Changes(ctx context.Context, org roster.ID, after roster.Version, limit int) ([]roster.Change, error)
}

// Config is what a service is made of. Fields without "optional" are required.
type Config struct {
	Store     Store
	Directory Directory
	Now       func() roster.Time
	NewID     func() (roster.ID, error)
	Log       *slog.Logger
	// Poll is how often the store is asked for jobs that other processes were asked for; a minute where it is 0.
	Poll time.Duration
	// AtOnce is how many jobs work at the same time, 2 where it is 0. Jobs of different organizations take turns.
	AtOnce int
}

// The limits of jobs.
const (
	// MaxActive is how many jobs of an organization may run or wait.
	MaxActive = 100
	// MaxEnded is how many jobs of an organization are kept that have ended: the newest ones.
	MaxEnded = 1000
	// pieceBytes is the size of a piece of an input, and about that of one of rejects.
	pieceBytes = 1 << 20
	// maxOpen is how many jobs, each of another organization, are under way at once.
	maxOpen = 16
	// maxPreviews is how many previews are made at once, each of another organization, as one may take a processor for
	// seconds.
	maxPreviews = 2
)

// Service makes jobs and carries them out. It is safe for concurrent use.
type Service struct {
	Config

	slots    chan struct{} // holds a token for each job that works
	whole    chan struct{} // holds a token for the one change of many users that is being made: it takes memory
	previews *previews
	wake     chan struct{} // has room for one token, which is there when there may be something to do
	arriving sync.Map      // the ids of jobs whose inputs this service is receiving, which may take any time
	counts   counts
}

// counts are what has become of jobs since the service began.
type counts struct{ running, succeeded, failed, cancelled atomic.Int64 }

// Stats returns how many jobs have ended in which state since the service began, and how many are being carried out.
// Those that the store has ended, because somebody was erased, are not counted.
func (s *Service) Stats() (ended map[roster.JobState]int64, running int64) {
	return map[roster.JobState]int64{
		roster.JobSucceeded: s.counts.succeeded.Load(), roster.JobFailed: s.counts.failed.Load(),
		roster.JobCancelled: s.counts.cancelled.Load(),
	}, s.counts.running.Load()
}

// New returns a service, which carries nothing out before [Service.Run].
func New(c Config) *Service {
	if c.AtOnce == 0 {
		c.AtOnce = 2
	}
	c.Poll = cmp.Or(c.Poll, time.Minute)
	return &Service{
		Config: c, slots: make(chan struct{}, c.AtOnce), whole: make(chan struct{}, 1),
		previews: newPreviews(maxPreviews), wake: make(chan struct{}, 1),
	}
}

// Answer makes what a request is answered that led to a step of a job; nil is for a request that nobody repeats.
type Answer = func(roster.Job) (*roster.Answer, error)

// Jobs returns the jobs of an organization, newest first.
func (s *Service) Jobs(ctx context.Context, org roster.ID) ([]roster.Job, error) {
	var jobs []roster.Job
	err := s.Store.Jobs(ctx, org, func(j roster.Job) error {
		if !j.IsHidden() {
			jobs = append(jobs, j)
		}
		return nil
	})
	return jobs, err
}

// Job returns a job, or fails with [roster.NotFound].
func (s *Service) Job(ctx context.Context, org, id roster.ID) (roster.Job, error) {
	j, err := s.Store.Job(ctx, org, id)
	if err == nil && j.IsHidden() {
		err = roster.Errorf(roster.NotFound, "there is no such job")
	}
	if err != nil {
		return roster.Job{}, err
	}
	return j, nil
}

// Cancel ends a job that has not ended. What it has done stays; a change of many users is done in full or not at all.
// Cancelling a cancelled job does nothing; one that has ended otherwise is a [roster.Conflict]. Like [Service.Resume],
// Delete and Undo it fails with [roster.PreconditionFailed] for a job that is not as it is expected to be.
func (s *Service) Cancel(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	cancelled := false
	j, err := s.turn(ctx, org, id, how, func(j *roster.Job) (bool, error) {
		cancelled = j.IsActive()
		switch {
		case j.State == roster.JobCancelled:
			return false, nil
		case !cancelled:
			return false, roster.Errorf(roster.Conflict, "the job has %s already", j.State)
		}
		j.State, j.EndedAt = roster.JobCancelled, s.Now()
		return true, nil
	})
	if err == nil && cancelled && !how.DryRun {
		s.counts.cancelled.Add(1)
		s.shorten(ctx, org)
	}
	return j, err
}

// shorten removes the jobs of an organization that have ended, but for the newest. What it can't remove is left to the
// next time.
func (s *Service) shorten(ctx context.Context, org roster.ID) {
	surplus, err := s.Store.EndedJobs(ctx, org, MaxEnded)
	for _, id := range surplus {
		err = errors.Join(err, s.Delete(ctx, org, id, roster.JobTurn{}))
	}
	if err != nil && ctx.Err() == nil {
		s.Log.WarnContext(ctx, "old jobs can't be removed", "org", org, "error", err)
	}
}

// Resume has a job that was cancelled or has failed go on where it was. Resuming one that goes on does nothing; one
// that has succeeded is a [roster.Conflict].
func (s *Service) Resume(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	j, err := s.turn(ctx, org, id, how, func(j *roster.Job) (bool, error) {
		switch {
		case j.IsActive():
			return false, nil
		case j.State == roster.JobSucceeded:
			return false, roster.Errorf(roster.Conflict, "the job has succeeded already")
		}
		j.State, j.EndedAt, j.Error = roster.JobQueued, 0, nil
		open, err := s.open(ctx, org)
		if err != nil {
			return false, err
		}
		return true, room(open)
	})
	s.awake()
	return j, err
}

// turn changes a job that is as it should be, unless change reports that there is nothing to change, and answers a
// request about it.
func (s *Service) turn(
	ctx context.Context, org, id roster.ID, how roster.JobTurn, change func(*roster.Job) (bool, error),
) (roster.Job, error) {
	for {
		j, err := s.expected(ctx, org, id, how)
		if err != nil {
			return roster.Job{}, err
		}
		changed, err := change(&j)
		if err != nil || !changed || how.DryRun {
			return j, err
		}
		j.Revision++
		err = s.put(ctx, org, j, how.Answer)
		if !isMoved(err) {
			return j, err
		}
	}
}

// expected returns a job that is as it should be.
func (s *Service) expected(ctx context.Context, org, id roster.ID, how roster.JobTurn) (roster.Job, error) {
	j, err := s.Job(ctx, org, id)
	if err == nil {
		err = how.Expect(j)
	}
	return j, err
}

// put stores a job with what the request is answered that led to it.
func (s *Service) put(ctx context.Context, org roster.ID, j roster.Job, answer Answer) error {
	step := roster.JobStep{Job: j}
	if answer != nil {
		var err error
		if step.Answer, err = answer(j); err != nil {
			return err
		}
	}
	return s.Store.PutJob(ctx, org, step)
}

// Delete removes a job that has ended, or fails with [roster.Conflict].
func (s *Service) Delete(ctx context.Context, org, id roster.ID, how roster.JobTurn) error {
	_, err := s.turn(ctx, org, id, how, func(j *roster.Job) (bool, error) {
		if j.IsActive() {
			return false, roster.Errorf(roster.Conflict, "the job is %s: cancel it first", j.State)
		}
		j.State, j.EndedAt = roster.JobDeleted, 1 // so that it is found where this ends half-way
		return true, nil
	})
	if err != nil || how.DryRun {
		return err
	}
	return s.drop(ctx, org, id)
}

// drop removes a job, little by little, so that nobody who writes waits for long.
func (s *Service) drop(ctx context.Context, org, id roster.ID) error {
	for _, kind := range []roster.JobPieces{roster.JobInput, roster.JobRejects} {
		if err := s.dropPieces(ctx, org, id, kind); err != nil {
			return err
		}
	}
	return s.Store.DropJob(ctx, org, id)
}

func (s *Service) dropPieces(ctx context.Context, org, id roster.ID, kind roster.JobPieces) error {
	const few = 8
	for {
		more, err := s.Store.DropJobPieces(ctx, org, id, kind, few)
		if err != nil || !more {
			return err
		}
	}
}

// awake has Run look for what there is to do.
func (s *Service) awake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
