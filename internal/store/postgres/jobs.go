package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What is asked and written about jobs.
const (
	jobsQuery     = `SELECT org_id, doc FROM jobs WHERE org_id = $1 ORDER BY id DESC`
	jobQuery      = `SELECT doc FROM jobs WHERE org_id = $1 AND id = $2`
	openJobsQuery = `SELECT org_id, doc FROM jobs WHERE ended_at IS NULL OR ended_at < $1 ORDER BY id, org_id`
	endedJobs     = `SELECT id FROM jobs WHERE org_id = $1 AND ended_at IS NOT NULL ORDER BY id DESC OFFSET $2`
	pieceQuery    = `SELECT data FROM job_pieces WHERE org_id = $1 AND job_id = $2 AND kind = $3 AND n = $4`

	insertJob = `INSERT INTO jobs (org_id, id, revision, ended_at, doc) VALUES ($1, $2, 1, $3, $4)
		ON CONFLICT (org_id, id) DO NOTHING`
	updateJob = `UPDATE jobs SET revision = revision + 1, ended_at = $3, doc = $4
		WHERE org_id = $1 AND id = $2 AND revision = $5`
	putPiece = `INSERT INTO job_pieces (org_id, job_id, kind, n, data) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org_id, job_id, kind, n) DO UPDATE SET data = excluded.data`
	dropPieces = `DELETE FROM job_pieces WHERE org_id = $1 AND job_id = $2 AND kind = $3 AND n IN (
		SELECT n FROM job_pieces WHERE org_id = $1 AND job_id = $2 AND kind = $3 ORDER BY n DESC LIMIT $4)`
	hasPieces = `SELECT EXISTS (SELECT 1 FROM job_pieces WHERE org_id = $1 AND job_id = $2 AND kind = $3)`
	dropKind  = `DELETE FROM job_pieces WHERE org_id = $1 AND job_id = $2 AND kind = $3`
	dropAll   = `DELETE FROM job_pieces WHERE org_id = $1 AND job_id = $2`
	dropJob   = `DELETE FROM jobs WHERE org_id = $1 AND id = $2`
)

// Jobs implements [store.Jobs].
func (s *Store) Jobs(ctx context.Context, org roster.ID, fn func(roster.Job) error) error {
	return s.readJobs(ctx, func(_ roster.ID, job roster.Job) error { return fn(job) }, jobsQuery, uid(org))
}

// OpenJobs implements [store.Jobs].
func (s *Store) OpenJobs(
	ctx context.Context, endedBefore roster.Time, fn func(roster.ID, roster.Job) error,
) error {
	return s.readJobs(ctx, fn, openJobsQuery, int64(endedBefore))
}

// EndedJobs implements [store.Jobs].
func (s *Store) EndedJobs(ctx context.Context, org roster.ID, but int) (ended []roster.ID, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.query(ctx, func(rows pgx.Rows) error {
		var id roster.ID
		err := rows.Scan(scanID{&id})
		ended = append(ended, id)
		return err
	}, endedJobs, uid(org), but)
	if err != nil {
		return nil, readError(ctx, "look up the jobs that have ended", err)
	}
	return ended, nil
}

// readJobs reads all before any is looked at: there are few, and who looks may call the store.
func (s *Store) readJobs(
	ctx context.Context, fn func(roster.ID, roster.Job) error, query string, arg any,
) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	var orgs []roster.ID
	var jobs []roster.Job
	err := s.query(ctx, func(rows pgx.Rows) error {
		org, job, err := scanJob(rows)
		orgs, jobs = append(orgs, org), append(jobs, job)
		return err
	}, query, arg)
	if err != nil {
		return readError(ctx, "read the jobs", err)
	}
	for i, job := range jobs {
		if err := fn(orgs[i], job); err != nil {
			return err
		}
	}
	return nil
}

// scanJob reads a row with a job.
func scanJob(rows pgx.Rows) (org roster.ID, job roster.Job, err error) {
	var doc []byte
	if err = rows.Scan(scanID{&org}, (*pgtype.DriverBytes)(&doc)); err == nil {
		job, err = store.DecodeJob(doc)
	}
	return org, job, err
}

// Job implements [store.Jobs].
func (s *Store) Job(ctx context.Context, org, id roster.ID) (roster.Job, error) {
	doc, err := s.jobBytes(ctx, jobQuery, uid(org), uid(id))
	if err != nil {
		return roster.Job{}, err
	}
	return store.DecodeJob(doc)
}

// JobPiece implements [store.Jobs].
func (s *Store) JobPiece(
	ctx context.Context, org, id roster.ID, kind roster.JobPieces, n int,
) ([]byte, error) {
	return s.jobBytes(ctx, pieceQuery, uid(org), uid(id), string(kind), n)
}

func (s *Store) jobBytes(ctx context.Context, query string, args ...any) (data []byte, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.queryRow(ctx, []any{&data}, query, args...)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, store.NoJob()
	}
	if err != nil {
		return nil, readError(ctx, "read a job", err)
	}
	return data, nil
}

// PutJob implements [store.Jobs].
func (s *Store) PutJob(ctx context.Context, org roster.ID, step roster.JobStep) error {
	return s.writeJobs(ctx, org, "store a job", func(t *transaction) error {
		if t.version == 0 {
			return store.NoOrg(org)
		}
		return t.putStep(step)
	}, func(t *transaction) (bool, error) {
		doc, err := json.Marshal(step.Job)
		if err != nil {
			return false, err
		}
		var has []byte
		err = orNone(t.conn.QueryRow(t.quiet, jobQuery, uid(org), uid(step.Job.ID)).Scan(&has))
		return string(has) == string(doc), t.note(err)
	})
}

// writeJobs runs fn in a transaction about an organization.
func (s *Store) writeJobs(
	ctx context.Context, org roster.ID, attempted string, fn func(*transaction) error,
	known func(*transaction) (bool, error),
) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	err := s.transact(ctx, org, func(t *transaction) error {
		if err := t.lock(); err != nil {
			return err
		}
		return fn(t)
	}, known)
	switch {
	case err == nil:
		return nil
	case roster.CodeOf(err) != roster.Internal:
		return err
	default:
		return readError(ctx, attempted, err)
	}
}

// putStep stores a step of a job.
func (t *transaction) putStep(s roster.JobStep) error {
	if a := s.Answer; a != nil {
		if err := t.once(*a); err != nil {
			return err
		}
	}
	put, err := t.jobStep(&s.Job)
	if err != nil {
		return err
	}
	steps := []step{put}
	for _, p := range store.RejectPieces(s) {
		steps = append(steps, t.pieceStep(s.Job.ID, p))
	}
	if a := s.Answer; a != nil {
		steps = append(steps, answerSteps(t.org, []roster.Answer{*a})...)
	}
	return t.send(steps, false)
}

// once fails where a request was answered before that has the key of an answer.
func (t *transaction) once(a roster.Answer) error {
	was, err := scanAnswer(a.Key, t.conn.QueryRow(t.quiet, answerQuery, uid(t.org), a.Key[:]))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the answer to a request: %w", t.note(err))
	}
	return store.Repeated(was, a)
}

// jobStep returns the step that stores a job.
func (t *transaction) jobStep(job *roster.Job) (step, error) {
	doc, err := json.Marshal(job)
	if err != nil {
		return step{}, fmt.Errorf("encode job %s: %w", job.ID, err)
	}
	args := []any{uid(t.org), uid(job.ID), orNull(int64(job.EndedAt)), doc}
	if job.Revision == 1 {
		return step{query: insertJob, args: args, must: roster.ErrJobMoved}, nil
	}
	return step{query: updateJob, args: append(args, job.Revision-1), must: roster.ErrJobMoved}, nil
}

func (t *transaction) pieceStep(id roster.ID, p store.JobPiece) step {
	if p.Data == nil {
		p.Data = []byte{}
	}
	return step{query: putPiece, args: []any{uid(t.org), uid(id), string(p.Kind), p.N, p.Data}}
}

// PutJobInput implements [store.Jobs].
func (s *Store) PutJobInput(ctx context.Context, org, id roster.ID, n int, data []byte) error {
	return s.writeJobs(ctx, org, "store the input of a job", func(t *transaction) error {
		var doc []byte
		err := t.conn.QueryRow(t.quiet, jobQuery, uid(org), uid(id)).Scan(&doc)
		if errors.Is(err, pgx.ErrNoRows) {
			return store.NoJob()
		}
		if err != nil {
			return t.note(err)
		}
		return t.send([]step{t.pieceStep(id, store.JobPiece{Kind: roster.JobInput, N: n, Data: data})}, true)
	}, notKnown)
}

// DropJobPieces implements [store.Jobs].
func (s *Store) DropJobPieces(
	ctx context.Context, org, id roster.ID, kind roster.JobPieces, most int,
) (more bool, err error) {
	err = s.writeJobs(ctx, org, "drop what is kept of a job", func(t *transaction) error {
		args := []any{uid(org), uid(id), string(kind)}
		if err := t.send([]step{{query: dropPieces, args: append(args, most)}}, false); err != nil {
			return err
		}
		return t.note(t.conn.QueryRow(t.quiet, hasPieces, args...).Scan(&more))
	}, notKnown)
	return more, err
}

// DropJob implements [store.Jobs].
func (s *Store) DropJob(ctx context.Context, org, id roster.ID) error {
	return s.writeJobs(ctx, org, "drop a job", func(t *transaction) error {
		args := []any{uid(org), uid(id)}
		return t.send([]step{{query: dropAll, args: args}, {query: dropJob, args: args}}, true)
	}, notKnown)
}
