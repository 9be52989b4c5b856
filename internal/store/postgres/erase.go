package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
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
	for _, e := range u.change.Erasures {
		if err := u.eraseUser(e); err != nil {
			return fmt.Errorf("erase user %s: %w", e.User, err)
		}
	}
	return nil
}

func (u *update) eraseUser(e roster.Erasure) error {
	known := roster.Traces{}
	if e.Traces != nil {
		known = *e.Traces
	}
	person := audit.NewPerson(e.User, &known)
	t := tracer{u.rows, u.org, person}
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
	var steps []step
	for _, key := range slices.Concat(known.Answers, answers) {
		steps = append(steps, step{query: deleteAnswer, args: []any{uid(u.org), key[:]}})
	}
	if err := u.send(steps, false); err != nil {
		return fmt.Errorf("forget answers: %w", err)
	}
	return u.eraseJobs(&t)
}

// eraseVersion erases the person from a change and its entries.
func (u *update) eraseVersion(t *tracer, version roster.Version) error {
	if err := u.ctx.Err(); err != nil {
		return err
	}
	var doc []byte
	err := u.conn.QueryRow(u.quiet, opsQuery, uid(u.org), int64(version)).Scan(&doc)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return u.note(err)
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
	err = t.rows(func(rows pgx.Rows) error {
		e, _, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	}, entriesBetween, uid(t.org), first, end)
	return entries, err
}

// rewrite keeps the ops of a version and its entries anew, of which something was erased.
func (u *update) rewrite(version roster.Version, ops []audit.Op, entries []roster.Entry) error {
	doc, err := audit.EncodeOps(ops)
	if err != nil {
		return err
	}
	steps := []step{{query: rewriteChange, args: []any{uid(u.org), int64(version), doc}}}
	for i := range entries {
		e := &entries[i]
		steps = append(steps, step{query: rewriteEntry, args: []any{
			uid(u.org), e.Seq, e.Name, orNull(e.Reason), e.Salt[:], sealed(e.NameSeal), sealed(e.ReasonSeal),
		}})
	}
	return u.send(steps, false)
}

// sealed returns the column of a seal.
func sealed(s roster.TextSeal) []byte {
	switch {
	case !s.Digest.IsZero():
		return s.Digest[:]
	case s.Salt != [16]byte{}:
		return s.Salt[:]
	default:
		return nil
	}
}

// readSeal reads the column of a seal.
func readSeal(s *roster.TextSeal, column []byte) error {
	*s = roster.TextSeal{}
	switch len(column) {
	case 0:
	case len(s.Digest):
		copy(s.Digest[:], column)
	case len(s.Salt):
		copy(s.Salt[:], column)
	default:
		return fmt.Errorf("%d bytes are not a seal", len(column))
	}
	return nil
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
