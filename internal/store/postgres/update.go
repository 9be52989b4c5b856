package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// The statements that write records. Every one of them is about one organization, which is the first column of what it
// looks rows up by.
const (
	insertOrg = `INSERT INTO organizations (id, number, slug, name, version, doc, touched)
		VALUES ($1, $2, $3, $4, $5, $6, (extract(epoch FROM now()) * 1000)::bigint)`
	setNext      = `UPDATE organizations SET next = $2 WHERE id = $1`
	updateOrg    = `UPDATE organizations SET number = $2, slug = $3, name = $4, doc = $5 WHERE id = $1`
	insertRecord = `INSERT INTO entities (org_id, type, id, number, email, identifier, owner, doc)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	updateRecord = `UPDATE entities SET number = $4, email = $5, identifier = $6, owner = $7, doc = $8
		WHERE org_id = $1 AND type = $2 AND id = $3`
	clearRecord = `UPDATE entities SET number = NULL, email = NULL, identifier = NULL, owner = FALSE
		WHERE org_id = $1 AND type = $2 AND id = $3`
	deleteRecord = `DELETE FROM entities WHERE org_id = $1 AND type = $2 AND id = $3`
	insertChange = `INSERT INTO changes (org_id, version, at, actor, attempt, ops) VALUES ($1, $2, $3, $4, $5, $6)`
	readAttempt  = `SELECT attempt FROM changes WHERE org_id = $1 AND version = $2`
	noTimeout    = `SET LOCAL statement_timeout = 0`
)

// deleteAll returns the statements that delete what belongs to an organization, and then itself.
func deleteAll() []string {
	return []string{
		`DELETE FROM entities WHERE org_id = $1`,
		`DELETE FROM token_uses WHERE org_id = $1`,
		`DELETE FROM changes WHERE org_id = $1`,
		`DELETE FROM audit_entries WHERE org_id = $1`,
		`DELETE FROM answers WHERE org_id = $1`,
		`DELETE FROM webhook_standings WHERE org_id = $1`,
		`DELETE FROM webhook_deliveries WHERE org_id = $1`,
		`DELETE FROM job_pieces WHERE org_id = $1`,
		`DELETE FROM jobs WHERE org_id = $1`,
		`DELETE FROM organizations WHERE id = $1`,
	}
}

// rowsToCopy is from how many rows on COPY is faster than statements in a row.
const rowsToCopy = 24

// largeOps is from how many ops on a change has more time.
const largeOps = 1000

// errAgain asks for the transaction to be run again.
var errAgain = errors.New("a key is taken: look for it first")

// Update implements [store.Store].
func (s *Store) Update(
	ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	if err := s.enter(ctx); err != nil {
		return roster.Change{}, err
	}
	defer s.gate.Leave()
	u := &update{fn: fn, org: org}
	if err := s.transact(ctx, org, u.run, u.isCommitted); err != nil {
		return roster.Change{}, u.failure(ctx, err)
	}
	s.forgetRoutes(ctx, org, u)
	return u.change, nil
}

// update is one call of Update.
type update struct {
	*transaction

	fn      func(roster.State) (roster.Change, error)
	org     roster.ID
	fnErr   error // what fn failed with
	change  roster.Change
	careful bool // looks for keys that are taken before it writes, because one was

	lostTokens [][]byte // the hashes of tokens that go with the organization
}

// failure returns err as Update's error: fn's own and errors with a code as they are.
func (u *update) failure(ctx context.Context, err error) error {
	if u.fnErr != nil && errors.Is(err, u.fnErr) && (u.transaction == nil || u.failed == nil) {
		return err
	}
	if errors.Is(err, store.ErrUnknown) || errors.Is(err, store.ErrClosed) {
		return err
	}
	return readError(ctx, fmt.Sprintf("update organization %s", u.org), err)
}

// run makes the change in a transaction.
func (u *update) run(t *transaction) (err error) {
	u.transaction, u.fnErr, u.change = t, nil, roster.Change{}
	if err := t.bump(); err != nil {
		return err
	}
	if u.change, u.fnErr = u.fn(&state{t}); u.fnErr != nil {
		return u.fnErr
	}
	u.change.Org, u.change.Version = t.org, t.version
	if len(u.change.Ops) == 0 {
		t.rollback()
		return nil
	}
	if err := store.Check(t.org, t.version, u.change.Ops); err != nil {
		return err
	}
	u.change.Version++
	if len(u.change.Ops) >= largeOps || len(u.change.Erasures) > 0 || slices.ContainsFunc(u.change.Ops, deletesOrg) {
		if err := t.extend(); err != nil {
			return err
		}
	}
	if err = u.write(); isTaken(err) && !u.careful {
		u.careful = true
		return errors.Join(errAgain, err)
	}
	return err
}

// isCommitted reports whether the change of a lost transaction is there.
func (u *update) isCommitted(t *transaction) (bool, error) {
	if slices.ContainsFunc(u.change.Ops, deletesOrg) {
		return t.version == 0, nil
	}
	var attempt pgtype.UUID
	err := orNone(t.conn.QueryRow(t.quiet, readAttempt, uid(t.org), int64(u.change.Version)).Scan(&attempt))
	return attempt == t.attempt, t.note(err)
}

// write makes the ops, and what else there is of the change, and commits where that takes no further round trip.
func (u *update) write() error {
	if slices.ContainsFunc(u.change.Ops, deletesOrg) {
		return u.writeDeletion()
	}
	if u.careful {
		if err := u.conflict(); err != nil {
			return err
		}
	}
	enc, err := store.Encode(u.change.Ops)
	if err != nil {
		return err
	}
	if err := u.create(enc.After); err != nil {
		return err
	}
	if err := u.writeRoutes(); err != nil {
		return err
	}
	steps, checked := u.recordSteps(enc.After)
	if next := u.next.After(u.change.Ops...); next != u.next {
		doc, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("encode the next numbers: %w", err)
		}
		steps = append(steps, step{query: setNext, args: []any{uid(u.org), doc}})
	}
	steps = append(steps, step{query: insertChange, args: []any{
		uid(u.org), int64(u.change.Version), int64(u.change.At), uidOrNull(u.change.Actor), u.attempt, enc.Ops,
	}})
	entries, err := u.entrySteps(enc)
	if err != nil {
		return err
	}
	steps = append(steps, entries...)
	if len(u.change.Erasures) == 0 {
		steps = append(steps, answerSteps(u.org, u.change.Answers)...)
		return u.finish(steps, checked)
	}
	if err := u.send(steps, false); err != nil {
		return err
	}
	if err := u.erase(); err != nil {
		return err
	}
	return u.finish(answerSteps(u.org, u.change.Answers), true)
}

// finish sends the last steps and stores the jobs that the change is a step of. Where nothing of it is to be checked it
// commits on the way; else the transaction is committed after it.
func (u *update) finish(steps []step, checked bool) error {
	if err := u.send(steps, !checked && len(u.change.Steps) == 0); err != nil {
		return err
	}
	for _, step := range u.change.Steps {
		if err := u.putStep(step); err != nil {
			return err
		}
	}
	return nil
}

// recordSteps returns the steps that make the ops: first everything that sets keys free, then everything that takes
// them; and whether some of them must be checked. Where there are many creations they are made here and now.
func (u *update) recordSteps(docs [][]byte) (steps []step, checked bool) {
	var creations []int
	for i, op := range u.change.Ops {
		if op.Before == nil && !isOnOrg(op) {
			creations = append(creations, i)
		}
		free := u.freeSteps(op)
		steps, checked = append(steps, free...), checked || len(free) > 0
	}
	for i, op := range u.change.Ops {
		switch {
		case op.After == nil, op.Before == nil:
		case isOnOrg(op):
			steps = append(steps, u.orgStep(op, docs[i]))
		default:
			checked = true
			steps = append(steps, step{query: updateRecord, args: u.record(op, docs[i]), must: store.Missing(op.Key())})
		}
	}
	if len(creations) >= rowsToCopy {
		return append(steps, u.copyStep(creations, docs)), true
	}
	for _, i := range creations {
		steps = append(steps, step{query: insertRecord, args: u.record(u.change.Ops[i], docs[i])})
	}
	return steps, checked
}

// copyStep returns the step that makes creations at once.
func (u *update) copyStep(creations []int, docs [][]byte) step {
	return step{rows: pgx.CopyFromSlice(len(creations), func(n int) ([]any, error) {
		i := creations[n]
		return u.record(u.change.Ops[i], docs[i]), nil
	}), query: "entities", columns: []string{
		"org_id", "type", "id", "number", "email", "identifier", "owner", "doc",
	}}
}

// record returns the columns of the record that an op leaves behind.
func (u *update) record(op roster.Op, doc []byte) []any {
	key, k := op.Key(), op.After.Keys()
	return []any{
		uid(u.org), string(key.Type), uid(key.ID), orNull(k.Number), keyBytes(k.Email), keyBytes(k.Identifier), k.Owner,
		doc,
	}
}

// freeSteps returns the first half of an op: what deletes its record, or takes keys away that it gives to others.
func (u *update) freeSteps(op roster.Op) (steps []step) {
	key := op.Key()
	args := []any{uid(u.org), string(key.Type), uid(key.ID)}
	switch {
	case op.Before == nil || isOnOrg(op):
		return nil
	case op.After == nil:
		for _, query := range besides(key.Type) {
			steps = append(steps, step{query: query, args: []any{uid(u.org), uid(key.ID)}})
		}
		return append(steps, step{query: deleteRecord, args: args, must: store.Missing(key)})
	case len(u.change.Ops) > 1 && op.Before.Keys() != op.After.Keys():
		return []step{{query: clearRecord, args: args, must: store.Missing(key)}}
	default:
		return nil
	}
}

// besides returns the statements that delete what is kept besides a record of a type.
func besides(t roster.Type) []string {
	switch t {
	case roster.TypeToken:
		return []string{forgetUse}
	case roster.TypeWebhook:
		return []string{forgetStanding, forgetDeliveries}
	default:
		return nil
	}
}

// create makes the row of an organization that is new, before its names are taken.
func (u *update) create(docs [][]byte) error {
	for i, op := range u.change.Ops {
		if op.Before == nil && isOnOrg(op) {
			return u.send([]step{u.orgStep(op, docs[i])}, false)
		}
	}
	return nil
}

// orgStep returns the step that writes the organization, whose row the transaction has or must not have.
func (u *update) orgStep(op roster.Op, doc []byte) step {
	o := op.After.(*roster.Organization) //nolint:forcetypeassert // by its type
	if op.Before == nil {
		return step{query: insertOrg, args: []any{
			uid(o.ID), o.Number, o.Slug, o.Name, int64(u.change.Version), doc,
		}}
	}
	return step{query: updateOrg, args: []any{uid(o.ID), o.Number, o.Slug, o.Name, doc}}
}

func isOnOrg(op roster.Op) bool { return op.Key().Type == roster.TypeOrganization }

func deletesOrg(op roster.Op) bool { return op.After == nil && isOnOrg(op) }

// writeDeletion removes the organization and all that belongs to it.
func (u *update) writeDeletion() (err error) {
	if u.lostTokens, err = u.readTokens(); err != nil {
		return err
	}
	var steps []step
	for _, query := range deleteAll() {
		steps = append(steps, step{query: query, args: []any{uid(u.org)}})
	}
	return u.send(steps, false)
}
