package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// erase makes the erasures of the change, which is written but for its answers.
func (u *update) erase() error {
	if len(u.change.Erasures) == 0 {
		return nil
	}
	if err := store.Erase(&erasing{traced{u.quiet, u.conn, u.change.Org}, u}, &u.change); err != nil {
		return err
	}
	_, err := u.conn.ExecContext(u.quiet, `INSERT INTO to_scrub (since) VALUES (?)`, int64(u.change.At))
	return err
}

// erasing is a [store.Erasing].
type erasing struct {
	traced

	u *update
}

// Ops implements [store.Erasing].
func (x *erasing) Ops(v roster.Version) (doc []byte, err error) {
	if err := x.u.ctx.Err(); err != nil {
		return nil, err
	}
	err = x.one(&doc, `SELECT ops FROM changes WHERE org_id = ? AND version = ?`, x.org[:], int64(v))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return doc, err
}

// Rewrite implements [store.Erasing].
func (x *erasing) Rewrite(v roster.Version, ops []byte, entries []roster.Entry) error {
	const change = `UPDATE changes SET ops = ? WHERE org_id = ? AND version = ?`
	if _, err := x.u.conn.ExecContext(x.ctx, change, string(ops), x.org[:], int64(v)); err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		const entry = `UPDATE audit_entries SET name = ?, reason = ?, salt = ?, name_seal = ?, reason_seal = ?
			WHERE org_id = ? AND seq = ?`
		_, err := x.u.conn.ExecContext(x.ctx, entry, e.Name, orNull(e.Reason), e.Salt[:], sealed(e.NameSeal),
			sealed(e.ReasonSeal), x.org[:], e.Seq)
		if err != nil {
			return fmt.Errorf("entry %d of the audit: %w", e.Seq, err)
		}
	}
	return nil
}

// sealed returns the column of a seal.
func sealed(s roster.TextSeal) any {
	if column := store.SealColumn(s); column != nil {
		return column
	}
	return nil
}

// ForgetAnswers implements [store.Erasing].
func (x *erasing) ForgetAnswers(keys []roster.Digest) error {
	for _, key := range keys {
		const query = `DELETE FROM answers WHERE org_id = ? AND key = ?`
		if _, err := x.u.conn.ExecContext(x.ctx, query, x.org[:], key[:]); err != nil {
			return err
		}
	}
	return nil
}

// Jobs implements [store.ErasingJobs].
func (x *erasing) Jobs() (jobs []roster.Job, err error) {
	err = x.rows(func(rows *sql.Rows) error {
		_, job, err := scanJob(rows)
		jobs = append(jobs, job)
		return err
	}, jobsQuery, x.org[:])
	return jobs, err
}

// Piece implements [store.ErasingJobs].
func (x *erasing) Piece(job roster.ID, kind roster.JobPieces, n int) (data []byte, err error) {
	err = x.rows(func(rows *sql.Rows) error { return rows.Scan(&data) }, pieceQuery, x.org[:], job[:], string(kind), n)
	return data, err
}

// PutJob implements [store.ErasingJobs].
func (x *erasing) PutJob(job *roster.Job) error { return x.u.putJob(x.ctx, x.org, job) }

// PutPiece implements [store.ErasingJobs].
func (x *erasing) PutPiece(job roster.ID, p store.JobPiece) error {
	return x.u.putPiece(x.ctx, x.org, job, p)
}

// DropInput implements [store.ErasingJobs].
func (x *erasing) DropInput(job roster.ID) error {
	const query = `DELETE FROM job_pieces WHERE org_id = ? AND job_id = ? AND kind = ?`
	_, err := x.u.conn.ExecContext(x.ctx, query, x.org[:], job[:], string(roster.JobInput))
	return err
}

// Scrub implements [store.Eraser]. What is deleted is overwritten in its page (secure_delete), which leaves the log: it
// is written into the file and then cut off.
func (s *Store) Scrub(ctx context.Context) error {
	done, err := s.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return err
	}
	quiet := context.WithoutCancel(ctx)
	needed := false
	err = s.writer.conn.QueryRowContext(quiet, `SELECT EXISTS (SELECT 1 FROM to_scrub)`).Scan(&needed)
	if err == nil && needed {
		err = s.writer.cutLog(quiet)
	}
	if err != nil {
		return readError(ctx, "scrub the store", err)
	}
	return nil
}

// cutLog empties the log, unless somebody reads from it. It works outside of a transaction.
func (w *writer) cutLog(ctx context.Context) error {
	// Nobody can write meanwhile: it is tried again rather than waited for.
	if _, err := w.conn.ExecContext(ctx, `PRAGMA busy_timeout(200)`); err != nil {
		return err
	}
	var busy, pages, moved int
	err := w.conn.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &pages, &moved)
	if _, resetErr := w.conn.ExecContext(ctx, `PRAGMA busy_timeout(10000)`); err == nil {
		err = resetErr
	}
	if err != nil {
		return err
	}
	if busy != 0 {
		return roster.Errorf(roster.Unavailable, "somebody reads what was erased: try again")
	}
	_, err = w.conn.ExecContext(ctx, `DELETE FROM to_scrub`)
	return err
}
