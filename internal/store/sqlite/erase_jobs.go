package sqlite

import (
	"database/sql"
	"fmt"

	"github.com/roster-dev/roster"
)

// eraseJobs erases the person from what is kept of jobs: what they are, what they have refused, and their input, as a
// whole where it tells of the person.
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
	told, err := u.isInInput(t, job)
	if err != nil {
		return err
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
	if !t.person.EraseJob(job, told, u.change.At) {
		return nil
	}
	return u.putJob(u.quiet, t.org, job)
}

// isInInput reports whether what there is of a job's input tells of the person. How many pieces that is the job does
// not say while it is received.
func (u *update) isInInput(t *tracer, job *roster.Job) (told bool, err error) {
	var last []byte
	for n := 0; job.Import != nil && !told; n++ {
		data, err := u.piece(t, job.ID, roster.JobInput, n)
		if err != nil || len(data) == 0 {
			return false, err
		}
		told, last = t.person.IsInInput(string(last)+string(data)), tail(data)
	}
	return told, nil
}

// piece returns a piece of what is kept of a job, nothing where it is not there any more.
func (u *update) piece(t *tracer, job roster.ID, kind roster.JobPieces, n int) (data []byte, err error) {
	err = t.rows(func(rows *sql.Rows) error { return rows.Scan(&data) }, pieceQuery, t.org[:], job[:], string(kind), n)
	return data, err
}

// tail returns the end of a piece, in which a line may begin that ends in the next.
func tail(data []byte) []byte { return data[max(0, len(data)-4096):] }
