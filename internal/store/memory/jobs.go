package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// job is a job with its pieces. Guarded by Store.mu.
type job struct {
	doc    []byte
	job    roster.Job
	pieces map[piece][]byte
}

type piece struct {
	kind roster.JobPieces
	n    int
}

// read returns the job as a store on disk would read it back.
func (j *job) read() (roster.Job, error) {
	var read roster.Job
	if err := json.Unmarshal(j.doc, &read); err != nil {
		return read, fmt.Errorf("decode a job: %w", err)
	}
	return read, nil
}

type orgJob struct {
	org roster.ID
	job roster.Job
}

// someJobs returns the jobs that fit, by id and then by organization.
func (s *Store) someJobs(fits func(org roster.ID, j *roster.Job) bool) ([]orgJob, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var jobs []orgJob
	for id, o := range s.orgs {
		for _, j := range o.jobs {
			if !fits(id, &j.job) {
				continue
			}
			read, err := j.read()
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, orgJob{id, read})
		}
	}
	slices.SortFunc(jobs, func(a, b orgJob) int {
		return cmp.Or(a.job.ID.Compare(b.job.ID), a.org.Compare(b.org))
	})
	return jobs, nil
}

// Jobs implements [store.Jobs].
func (s *Store) Jobs(ctx context.Context, org roster.ID, fn func(roster.Job) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	jobs, err := s.someJobs(func(id roster.ID, _ *roster.Job) bool { return id == org })
	if err != nil {
		return err
	}
	for _, j := range slices.Backward(jobs) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(j.job); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// OpenJobs implements [store.Jobs].
func (s *Store) OpenJobs(
	ctx context.Context, endedBefore roster.Time, fn func(roster.ID, roster.Job) error,
) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	jobs, err := s.someJobs(func(_ roster.ID, j *roster.Job) bool {
		return j.EndedAt == 0 || j.EndedAt < endedBefore
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(j.org, j.job); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// EndedJobs implements [store.Jobs].
func (s *Store) EndedJobs(ctx context.Context, org roster.ID, but int) (ended []roster.ID, err error) {
	err = s.read(ctx, func() error {
		o, ok := s.orgs[org]
		if !ok {
			return nil
		}
		for id, j := range o.jobs {
			if j.job.EndedAt != 0 {
				ended = append(ended, id)
			}
		}
		return nil
	})
	slices.SortFunc(ended, func(a, b roster.ID) int { return b.Compare(a) })
	return ended[min(but, len(ended)):], err
}

// Job implements [store.Jobs].
func (s *Store) Job(ctx context.Context, org, id roster.ID) (roster.Job, error) {
	var read roster.Job
	err := s.withJob(ctx, org, id, func(j *job) (err error) {
		read, err = j.read()
		return err
	})
	return read, err
}

// JobPiece implements [store.Jobs].
func (s *Store) JobPiece(
	ctx context.Context, org, id roster.ID, kind roster.JobPieces, n int,
) (data []byte, err error) {
	err = s.withJob(ctx, org, id, func(j *job) error {
		kept, ok := j.pieces[piece{kind, n}]
		if !ok {
			return store.NoJob()
		}
		data = bytes.Clone(kept)
		return nil
	})
	return data, err
}

// withJob has fn look at a job.
func (s *Store) withJob(ctx context.Context, org, id roster.ID, fn func(*job) error) error {
	return s.read(ctx, func() error {
		if o, ok := s.orgs[org]; ok && o.jobs[id] != nil {
			return fn(o.jobs[id])
		}
		return store.NoJob()
	})
}

// PutJob implements [store.Jobs].
func (s *Store) PutJob(ctx context.Context, org roster.ID, step roster.JobStep) error {
	return s.change(ctx, func() error {
		o := s.orgs[org]
		if o == nil {
			return store.NoOrg(org)
		}
		if err := o.checkSteps([]roster.JobStep{step}); err != nil {
			return err
		}
		o.putStep(step)
		return nil
	})
}

// checkSteps fails where a step does not follow on what is stored.
func (o *org) checkSteps(steps []roster.JobStep) error {
	for _, step := range steps {
		if a := step.Answer; a != nil {
			if was, ok := o.answers[a.Key]; ok {
				if err := store.Repeated(was, *a); err != nil {
					return err
				}
			}
		}
		revision := int64(0)
		if was := o.jobs[step.Job.ID]; was != nil {
			revision = was.job.Revision
		}
		if revision != step.Job.Revision-1 {
			return roster.ErrJobMoved
		}
		if _, err := json.Marshal(step.Job); err != nil {
			return fmt.Errorf("encode job %s: %w", step.Job.ID, err)
		}
	}
	return nil
}

// putStep stores a step that was checked.
func (o *org) putStep(step roster.JobStep) {
	j := o.jobs[step.Job.ID]
	if j == nil {
		j = &job{pieces: map[piece][]byte{}}
		o.jobs[step.Job.ID] = j
	}
	j.job = step.Job
	j.doc, _ = json.Marshal(step.Job) // it was checked
	first := step.Job.RejectChunks - len(step.Rejects)
	for i, data := range step.Rejects {
		j.pieces[piece{roster.JobRejects, first + i}] = bytes.Clone(data)
	}
	if a := step.Answer; a != nil {
		o.answers[a.Key] = *a
	}
}

// PutJobInput implements [store.Jobs].
func (s *Store) PutJobInput(ctx context.Context, org, id roster.ID, n int, data []byte) error {
	return s.change(ctx, func() error {
		o := s.orgs[org]
		if o == nil || o.jobs[id] == nil {
			return store.NoJob()
		}
		o.jobs[id].pieces[piece{roster.JobInput, n}] = bytes.Clone(data)
		return nil
	})
}

// DropJobPieces implements [store.Jobs].
func (s *Store) DropJobPieces(
	ctx context.Context, org, id roster.ID, kind roster.JobPieces, most int,
) (more bool, err error) {
	err = s.change(ctx, func() error {
		o := s.orgs[org]
		if o == nil || o.jobs[id] == nil {
			return nil
		}
		var all []int
		for p := range o.jobs[id].pieces {
			if p.kind == kind {
				all = append(all, p.n)
			}
		}
		slices.SortFunc(all, func(a, b int) int { return b - a })
		for _, n := range all[:min(most, len(all))] {
			delete(o.jobs[id].pieces, piece{kind, n})
		}
		more = len(all) > most
		return nil
	})
	return more, err
}

// DropJob implements [store.Jobs].
func (s *Store) DropJob(ctx context.Context, org, id roster.ID) error {
	return s.change(ctx, func() error {
		o := s.orgs[org]
		if o != nil {
			delete(o.jobs, id)
		}
		return nil
	})
}
