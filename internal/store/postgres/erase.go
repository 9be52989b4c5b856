package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What erasing reads and writes.
const (
	opsQuery      = `SELECT ops FROM changes WHERE org_id = $1 AND version = $2`
	deleteAnswer  = `DELETE FROM answers WHERE org_id = $1 AND key = $2`
	rewriteChange = `UPDATE changes SET ops = $3 WHERE org_id = $1 AND version = $2`
	rewriteEntry  = `UPDATE audit_entries SET name = $3, reason = $4, salt = $5, name_seal = $6, reason_seal = $7
		WHERE org_id = $1 AND seq = $2`
	entriesBetween = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = $1 AND e.seq >= $2 AND e.seq < $3 ORDER BY e.seq`
)

// erase makes the erasures of the change, which is written but for its answers.
func (u *update) erase() error {
	if len(u.change.Erasures) == 0 {
		return nil
	}
	return store.Erase(&erasing{traced{u.rows, u.org}, u.transaction}, &u.change)
}

// erasing is a [store.Erasing].
type erasing struct {
	traced

	t *transaction
}

// Ops implements [store.Erasing].
func (x *erasing) Ops(v roster.Version) (doc []byte, err error) {
	if err := x.t.ctx.Err(); err != nil {
		return nil, err
	}
	err = x.one(&doc, opsQuery, uid(x.org), int64(v))
	return doc, err
}

// Rewrite implements [store.Erasing].
func (x *erasing) Rewrite(v roster.Version, ops []byte, entries []roster.Entry) error {
	steps := []step{{query: rewriteChange, args: []any{uid(x.org), int64(v), ops}}}
	for i := range entries {
		e := &entries[i]
		steps = append(steps, step{query: rewriteEntry, args: []any{
			uid(x.org), e.Seq, e.Name, orNull(e.Reason), e.Salt[:], store.SealColumn(e.NameSeal),
			store.SealColumn(e.ReasonSeal),
		}})
	}
	return x.t.send(steps, false)
}

// ForgetAnswers implements [store.Erasing].
func (x *erasing) ForgetAnswers(keys []roster.Digest) error {
	var steps []step
	for _, key := range keys {
		steps = append(steps, step{query: deleteAnswer, args: []any{uid(x.org), key[:]}})
	}
	return x.t.send(steps, false)
}

// Jobs implements [store.ErasingJobs].
func (x *erasing) Jobs() (jobs []roster.Job, err error) {
	err = x.rows(func(rows pgx.Rows) error {
		_, job, err := scanJob(rows)
		jobs = append(jobs, job)
		return err
	}, jobsQuery, uid(x.org))
	return jobs, err
}

// Piece implements [store.ErasingJobs].
func (x *erasing) Piece(job roster.ID, kind roster.JobPieces, n int) (data []byte, err error) {
	err = x.one(&data, pieceQuery, uid(x.org), uid(job), string(kind), n)
	return data, err
}

// PutJob implements [store.ErasingJobs].
func (x *erasing) PutJob(job *roster.Job) error {
	put, err := x.t.jobStep(job)
	if err != nil {
		return err
	}
	return x.t.send([]step{put}, false)
}

// PutPiece implements [store.ErasingJobs].
func (x *erasing) PutPiece(job roster.ID, p store.JobPiece) error {
	return x.t.send([]step{x.t.pieceStep(job, p)}, false)
}

// DropInput implements [store.ErasingJobs].
func (x *erasing) DropInput(job roster.ID) error {
	drop := step{query: dropKind, args: []any{uid(x.org), uid(job), string(roster.JobInput)}}
	return x.t.send([]step{drop}, false)
}

// Scrub implements [store.Eraser]. Rows that were overwritten are invisible, and where they stood is the database's:
// it reuses the room (VACUUM), and has copies in its log, its archives and on its replicas, which no client can reach.
// docs/decisions/0034-postgresql.md says what its operator does.
func (s *Store) Scrub(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.gate.Leave()
	return nil
}
