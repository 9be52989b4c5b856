package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What readers ask about jobs.
const (
	jobsQuery      = `SELECT org_id, doc FROM jobs WHERE org_id = ? ORDER BY id DESC`
	jobQuery       = `SELECT doc FROM jobs WHERE org_id = ? AND id = ?`
	openJobsQuery  = `SELECT org_id, doc FROM jobs WHERE ended_at IS NULL OR ended_at < ? ORDER BY id, org_id`
	endedJobsQuery = `SELECT id FROM jobs WHERE org_id = ? AND ended_at IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET ?`
	pieceQuery     = `SELECT data FROM job_pieces WHERE org_id = ? AND job_id = ? AND kind = ? AND n = ?`
)

// Jobs implements [store.Jobs].
func (s *Store) Jobs(ctx context.Context, org roster.ID, fn func(roster.Job) error) error {
	return s.readJobs(ctx, func(_ roster.ID, job roster.Job) error { return fn(job) }, jobsQuery, org[:])
}

// OpenJobs implements [store.Jobs].
func (s *Store) OpenJobs(
	ctx context.Context, endedBefore roster.Time, fn func(roster.ID, roster.Job) error,
) error {
	return s.readJobs(ctx, fn, openJobsQuery, int64(endedBefore))
}

func (s *Store) readJobs(
	ctx context.Context, fn func(roster.ID, roster.Job) error, query string, arg any,
) error {
	var orgs []roster.ID
	var jobs []roster.Job // all, before any is looked at: there are few, and who looks may call the store
	err := s.each(ctx, func(rows *sql.Rows) error {
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
func scanJob(rows *sql.Rows) (org roster.ID, job roster.Job, err error) {
	var doc sql.RawBytes
	if err = rows.Scan(scanID{&org}, &doc); err == nil {
		job, err = store.DecodeJob(doc)
	}
	return org, job, err
}

// EndedJobs implements [store.Jobs].
func (s *Store) EndedJobs(ctx context.Context, org roster.ID, but int) (ended []roster.ID, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error {
		var id roster.ID
		err := rows.Scan(scanID{&id})
		ended = append(ended, id)
		return err
	}, endedJobsQuery, org[:], but)
	if err != nil {
		return nil, readError(ctx, "look up the jobs that have ended", err)
	}
	return ended, nil
}

// Job implements [store.Jobs].
func (s *Store) Job(ctx context.Context, org, id roster.ID) (roster.Job, error) {
	doc, err := s.jobBytes(ctx, jobQuery, org[:], id[:])
	if err != nil {
		return roster.Job{}, err
	}
	return store.DecodeJob(doc)
}

// JobPiece implements [store.Jobs].
func (s *Store) JobPiece(
	ctx context.Context, org, id roster.ID, kind roster.JobPieces, n int,
) ([]byte, error) {
	return s.jobBytes(ctx, pieceQuery, org[:], id[:], string(kind), n)
}

func (s *Store) jobBytes(ctx context.Context, query string, args ...any) (data []byte, err error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.readers.QueryRowContext(ctx, query, args...).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, store.NoJob()
	}
	if err != nil {
		return nil, readError(ctx, "read a job", err)
	}
	return data, nil
}

// PutJob implements [store.Jobs].
func (s *Store) PutJob(ctx context.Context, org roster.ID, step roster.JobStep) error {
	return s.change(ctx, "store a job", func(w *writer) error {
		at, err := w.standOf(context.WithoutCancel(ctx), org)
		if err == nil && at.version == 0 {
			err = store.NoOrg(org)
		}
		if err != nil {
			return err
		}
		return w.putStep(context.WithoutCancel(ctx), org, step)
	})
}

// putStep stores a step of a job.
func (w *writer) putStep(ctx context.Context, org roster.ID, step roster.JobStep) error {
	if a := step.Answer; a != nil {
		if err := w.once(ctx, org, *a); err != nil {
			return err
		}
	}
	if err := w.putJob(ctx, org, &step.Job); err != nil {
		return err
	}
	for _, p := range store.RejectPieces(step) {
		if err := w.putPiece(ctx, org, step.Job.ID, p); err != nil {
			return err
		}
	}
	if a := step.Answer; a != nil {
		return w.keepAnswers(ctx, org, *a)
	}
	return nil
}

// once fails where a request was answered before that has the key of an answer.
func (w *writer) once(ctx context.Context, org roster.ID, a roster.Answer) error {
	was, err := scanAnswer(a.Key, w.answer.QueryRowContext(ctx, org[:], a.Key[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the answer to a request: %w", err)
	}
	return store.Repeated(was, a)
}

func (w *writer) putJob(ctx context.Context, org roster.ID, job *roster.Job) error {
	doc, err := json.Marshal(job)
	if err != nil {
		return fmt.Errorf("encode job %s: %w", job.ID, err)
	}
	if job.Revision == 1 {
		const insert = `INSERT INTO jobs (revision, ended_at, doc, org_id, id) VALUES (1, ?, ?, ?, ?)`
		_, err = w.conn.ExecContext(ctx, insert,
			orNull(int64(job.EndedAt)), string(doc), org[:], job.ID[:])
		if isConstraint(err) {
			return roster.ErrJobMoved
		}
		return err
	}
	const query = `UPDATE jobs SET revision = revision + 1, ended_at = ?, doc = ?
		WHERE org_id = ? AND id = ? AND revision = ?`
	done, err := w.conn.ExecContext(ctx, query,
		orNull(int64(job.EndedAt)), string(doc), org[:], job.ID[:], job.Revision-1)
	if err != nil {
		return fmt.Errorf("store job %s: %w", job.ID, err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, roster.ErrJobMoved)
	}
	return nil
}

func (w *writer) putPiece(ctx context.Context, org, id roster.ID, p store.JobPiece) error {
	const query = `INSERT OR REPLACE INTO job_pieces (org_id, job_id, kind, n, data) VALUES (?, ?, ?, ?, ?)`
	if _, err := w.conn.ExecContext(ctx, query, org[:], id[:], string(p.Kind), p.N, p.Data); err != nil {
		return fmt.Errorf("store a piece of job %s: %w", id, err)
	}
	return nil
}

// PutJobInput implements [store.Jobs].
func (s *Store) PutJobInput(ctx context.Context, org, id roster.ID, n int, data []byte) error {
	return s.change(ctx, "store the input of a job", func(w *writer) error {
		quiet := context.WithoutCancel(ctx)
		var one int
		err := w.conn.QueryRowContext(quiet, `SELECT 1 FROM jobs WHERE org_id = ? AND id = ?`, org[:], id[:]).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			return store.NoJob()
		}
		if err != nil {
			return err
		}
		return w.putPiece(quiet, org, id, store.JobPiece{Kind: roster.JobInput, N: n, Data: data})
	})
}

// DropJobPieces implements [store.Jobs].
func (s *Store) DropJobPieces(
	ctx context.Context, org, id roster.ID, kind roster.JobPieces, most int,
) (more bool, err error) {
	err = s.change(ctx, "drop what is kept of a job", func(w *writer) error {
		const query = `DELETE FROM job_pieces WHERE org_id = ?1 AND job_id = ?2 AND kind = ?3 AND n IN (
			SELECT n FROM job_pieces WHERE org_id = ?1 AND job_id = ?2 AND kind = ?3 ORDER BY n DESC LIMIT ?4)`
		quiet := context.WithoutCancel(ctx)
		if _, err := w.conn.ExecContext(quiet, query, org[:], id[:], string(kind), most); err != nil {
			return err
		}
		const left = `SELECT EXISTS (SELECT 1 FROM job_pieces WHERE org_id = ? AND job_id = ? AND kind = ?)`
		return w.conn.QueryRowContext(quiet, left, org[:], id[:], string(kind)).Scan(&more)
	})
	return more, err
}

// DropJob implements [store.Jobs].
func (s *Store) DropJob(ctx context.Context, org, id roster.ID) error {
	return s.change(ctx, "drop a job", func(w *writer) error {
		quiet := context.WithoutCancel(ctx)
		_, err := w.conn.ExecContext(quiet, `DELETE FROM job_pieces WHERE org_id = ? AND job_id = ?`, org[:], id[:])
		if err != nil {
			return err
		}
		_, err = w.conn.ExecContext(quiet, `DELETE FROM jobs WHERE org_id = ? AND id = ?`, org[:], id[:])
		return err
	})
}

// writeSteps stores the jobs that the change is a step of.
func (u *update) writeSteps() error {
	for _, step := range u.change.Steps {
		if err := u.putStep(u.quiet, u.change.Org, step); err != nil {
			return err
		}
	}
	return nil
}

// deleteJobs removes the jobs of the organization.
func (u *update) deleteJobs() error {
	for _, query := range []string{`DELETE FROM job_pieces WHERE org_id = ?`, `DELETE FROM jobs WHERE org_id = ?`} {
		if _, err := u.conn.ExecContext(u.quiet, query, u.change.Org[:]); err != nil {
			return fmt.Errorf("delete the jobs: %w", err)
		}
	}
	return nil
}
