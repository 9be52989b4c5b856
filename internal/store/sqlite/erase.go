package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// erase makes the erasures of the change, which is written but for its answers.
func (u *update) erase() error {
	for _, e := range u.change.Erasures {
		if err := u.eraseUser(e); err != nil {
			return fmt.Errorf("erase user %s: %w", e.User, err)
		}
	}
	if len(u.change.Erasures) == 0 {
		return nil
	}
	_, err := u.conn.ExecContext(u.quiet, `INSERT INTO to_scrub (since) VALUES (?)`, int64(u.change.At))
	return err
}

func (u *update) eraseUser(e roster.Erasure) error {
	known := roster.Traces{}
	if e.Traces != nil {
		known = *e.Traces
	}
	person := audit.NewPerson(e.User, &known)
	t := tracer{u.quiet, u.conn, u.change.Org, person}
	names := person.Knows()
	versions, err := t.versions(known.Version, u.change.Version)
	if err == nil && person.Knows() > names { // by which nobody has looked for the person yet
		known = roster.Traces{}
		versions, err = t.versions(0, u.change.Version)
	}
	if err != nil {
		return err
	}
	for _, version := range slices.Concat(known.Versions, versions) {
		if err := u.eraseVersion(&t, version); err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
	}
	answers, _, err := t.answers(known.At)
	if err != nil {
		return err
	}
	for _, key := range slices.Concat(known.Answers, answers) {
		const query = `DELETE FROM answers WHERE org_id = ? AND key = ?`
		if _, err := u.conn.ExecContext(u.quiet, query, u.change.Org[:], key[:]); err != nil {
			return fmt.Errorf("forget an answer: %w", err)
		}
	}
	return u.eraseJobs(&t)
}

// eraseVersion erases the person from a change and its entries.
func (u *update) eraseVersion(t *tracer, version roster.Version) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	var doc []byte
	const query = `SELECT ops FROM changes WHERE org_id = ? AND version = ?`
	err := u.conn.QueryRowContext(u.quiet, query, u.change.Org[:], int64(version)).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	ops, err := audit.DecodeOps(doc)
	if err != nil {
		return err
	}
	entries, err := t.entriesOf(version)
	if err != nil {
		return err
	}
	erased, err := t.person.Erase(entries, ops)
	if err != nil || !erased {
		return err
	}
	return u.rewrite(version, ops, entries)
}

// entriesOf returns the entries of a version in their order.
func (t *tracer) entriesOf(version roster.Version) (entries []roster.Entry, err error) {
	first, err := t.firstEntry(version, 1)
	if err != nil {
		return nil, err
	}
	end, err := t.firstEntry(version+1, first)
	if err != nil {
		return nil, err
	}
	const query = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = ? AND e.seq >= ? AND e.seq < ? ORDER BY e.seq`
	err = t.rows(func(rows *sql.Rows) error {
		e, _, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	}, query, t.org[:], first, end)
	return entries, err
}

// rewrite keeps the ops of a version and its entries anew, of which something was erased.
func (u *update) rewrite(version roster.Version, ops []audit.Op, entries []roster.Entry) error {
	doc, err := audit.EncodeOps(ops)
	if err != nil {
		return err
	}
	const change = `UPDATE changes SET ops = ? WHERE org_id = ? AND version = ?`
	if _, err := u.conn.ExecContext(u.quiet, change, string(doc), u.change.Org[:], int64(version)); err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		const entry = `UPDATE audit_entries SET name = ?, reason = ?, salt = ?, name_seal = ?, reason_seal = ?
			WHERE org_id = ? AND seq = ?`
		_, err := u.conn.ExecContext(u.quiet, entry, e.Name, orNull(e.Reason), e.Salt[:], sealed(e.NameSeal),
			sealed(e.ReasonSeal), u.change.Org[:], e.Seq)
		if err != nil {
			return fmt.Errorf("entry %d of the audit: %w", e.Seq, err)
		}
	}
	return nil
}

// sealed returns the column of a seal.
func sealed(s roster.TextSeal) any {
	switch {
	case !s.Digest.IsZero():
		return s.Digest[:]
	case s.Salt != [16]byte{}:
		return s.Salt[:]
	default:
		return nil
	}
}

// scanSeal reads a column of a seal.
type scanSeal struct{ seal *roster.TextSeal }

// Scan implements [sql.Scanner].
func (s scanSeal) Scan(value any) error {
	*s.seal = roster.TextSeal{}
	if value == nil {
		return nil
	}
	b, _ := value.([]byte)
	switch len(b) {
	case len(s.seal.Digest):
		copy(s.seal.Digest[:], b)
	case len(s.seal.Salt):
		copy(s.seal.Salt[:], b)
	default:
		return fmt.Errorf("%v is not a seal", value)
	}
	return nil
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
