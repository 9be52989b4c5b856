package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
)

// eraseJobs erases the person from what is kept of jobs: what they are, what they have refused, and their input, as a
// whole where it tells of the person.
func (u *update) eraseJobs(t *tracer) error {
	var jobs []roster.Job
	err := t.rows(func(rows pgx.Rows) error {
		var org roster.ID
		var doc []byte
		if err := rows.Scan(scanID{&org}, &doc); err != nil {
			return err
		}
		job, err := decodeJob(doc)
		jobs = append(jobs, job)
		return err
	}, jobsQuery, uid(t.org))
	for i := 0; i < len(jobs) && err == nil; i++ {
		err = u.eraseJob(t, &jobs[i])
	}
	return err
}

func (u *update) eraseJob(t *tracer, job *roster.Job) error {
	told, err := u.eraseInput(t, job)
	if err != nil {
		return err
	}
	for n := range job.RejectChunks {
		data, err := t.piece(job.ID, roster.JobRejects, n)
		if err != nil {
			return err
		}
		left, erased, err := t.person.EraseRejects(data)
		if err == nil && erased {
			err = u.send([]step{u.pieceStep(job.ID, piece{roster.JobRejects, n, left})}, false)
		}
		if err != nil {
			return err
		}
	}
	if !t.person.EraseJob(job, told, u.change.At) {
		return nil
	}
	put, err := u.jobStep(job)
	if err != nil {
		return err
	}
	return u.send([]step{put}, false)
}

// eraseInput forgets what there is of the input of a job where it tells of the person, and reports whether it does. How
// many pieces that is the job does not say while it is received.
func (u *update) eraseInput(t *tracer, job *roster.Job) (told bool, err error) {
	var last []byte
	for n := 0; job.Import != nil && !told; n++ {
		data, err := t.piece(job.ID, roster.JobInput, n)
		if err != nil || len(data) == 0 {
			return false, err
		}
		told, last = t.person.IsInInput(string(last)+string(data)), tail(data)
	}
	if !told {
		return false, nil
	}
	err = u.send([]step{{query: dropKind, args: []any{uid(t.org), uid(job.ID), string(roster.JobInput)}}}, false)
	if err != nil {
		return false, fmt.Errorf("forget the input of job %s: %w", job.ID, err)
	}
	return true, nil
}

// piece returns a piece of what is kept of a job, nothing where it is not there any more.
func (t *tracer) piece(job roster.ID, kind roster.JobPieces, n int) (data []byte, err error) {
	err = t.one(&data, pieceQuery, uid(t.org), uid(job), string(kind), n)
	return data, err
}

// tail returns the end of a piece, in which a line may begin that ends in the next.
func tail(data []byte) []byte { return data[max(0, len(data)-4096):] }
