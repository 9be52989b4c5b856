package sqlite

import (
	"database/sql"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// eraseJobs erases the person from what is kept of jobs: what they have refused, and of those that have ended what they
// are and their input, as a whole where it tells of the person.
func (u *update) eraseJobs(t *tracer) error {
	var jobs []roster.Job
	err := t.rows(func(rows *sql.Rows) error {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		job, err := decodeJob(doc)
		jobs = append(jobs, job)
		return err
	}, `SELECT doc FROM jobs WHERE org_id = ?`, t.org[:])
	for i := 0; i < len(jobs) && err == nil; i++ {
		err = u.eraseJob(t, &jobs[i])
	}
	return err
}

func (u *update) eraseJob(t *tracer, job *roster.Job) error {
	ended := audit.HasEnded(job)
	last, told := []byte(nil), false
	for n := 0; ended && job.Import != nil && n < job.Import.Chunks && !told; n++ {
		data, err := u.piece(t, job.ID, roster.JobInput, n)
		if err != nil {
			return err
		}
		told, last = t.person.IsTold(string(last)+string(data)), tail(data)
	}
	if told {
		const query = `DELETE FROM job_pieces WHERE org_id = ? AND job_id = ? AND kind = ?`
		if _, err := u.conn.ExecContext(u.quiet, query, t.org[:], job.ID[:], string(roster.JobInput)); err != nil {
			return fmt.Errorf("forget the input of job %s: %w", job.ID, err)
		}
	}
	for n := range job.RejectChunks {
		data, err := u.piece(t, job.ID, roster.JobRejects, n)
		if err != nil {
			return err
		}
		left, erased, err := t.person.EraseRejects(data)
		if err == nil && erased {
			err = u.putPiece(u.quiet, t.org, job.ID, piece{roster.JobRejects, n, left})
		}
		if err != nil {
			return err
		}
	}
	if !ended || !t.person.EraseJob(job) {
		return nil
	}
	job.Revision++ // so that nobody stores what was read before
	return u.putJob(u.quiet, t.org, job)
}

// piece returns a piece of what is kept of a job, nothing where it is not there any more.
func (u *update) piece(t *tracer, job roster.ID, kind roster.JobPieces, n int) (data []byte, err error) {
	err = t.rows(func(rows *sql.Rows) error { return rows.Scan(&data) }, pieceQuery, t.org[:], job[:], string(kind), n)
	return data, err
}

// tail returns the end of a piece, in which a line may begin that ends in the next.
func tail(data []byte) []byte { return data[max(0, len(data)-4096):] }
