package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Update implements [store.Store].
func (s *Store) Update(
	ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	done, err := s.write(ctx)
	if err != nil {
		return roster.Change{}, err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return roster.Change{}, err
	}
	quiet := context.WithoutCancel(ctx)
	u := &update{writer: s.writer, ctx: ctx, quiet: quiet, fn: fn}
	u.change.Org = org
	if err := s.writer.transact(quiet, u.run); err != nil {
		return roster.Change{}, u.failure(err)
	}
	s.writer.remember(&u.change, u.next)
	return u.change, nil
}

// write waits until nobody else uses the writer, which is the caller's until done is called.
func (s *Store) write(ctx context.Context) (done func(), err error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	select {
	case s.writing <- struct{}{}:
		return func() { <-s.writing; s.gate.Leave() }, nil
	case <-ctx.Done():
		s.gate.Leave()
		return nil, ctx.Err()
	}
}

// change runs fn in a transaction of the writer that is no change of an organization. Errors with a code are returned
// as they are.
func (s *Store) change(ctx context.Context, attempted string, fn func(w *writer) error) error {
	done, err := s.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return err
	}
	var refused error
	err = s.writer.transact(context.WithoutCancel(ctx), func() (commit bool, err error) {
		if err := fn(s.writer); err != nil {
			if roster.CodeOf(err) != roster.Internal {
				refused = err
			}
			return false, err
		}
		return true, ctx.Err()
	})
	switch {
	case refused != nil:
		return refused
	case err != nil:
		return readError(ctx, attempted, err)
	default:
		return nil
	}
}

// update is one run of Update. Its statements run under quiet: a context that can be cancelled would cost a goroutine
// for each of them, and between them ctx is asked anyway.
type update struct {
	*writer
	ctx, quiet context.Context
	fn         func(roster.State) (roster.Change, error)
	fnErr      error // what fn failed with
	change     roster.Change
	next       roster.Numbers // that are free, after the change at last
}

// failure returns err as Update's error: fn's own and errors with a code as they are, unless fn failed because of the
// store.
func (u *update) failure(err error) error {
	if u.fnErr != nil && excuse(u.fnErr) == "" {
		return err
	}
	return readError(u.ctx, fmt.Sprintf("update organization %s", u.change.Org), err)
}

func (u *update) run() (commit bool, err error) {
	org := u.change.Org
	at, err := u.standOf(u.quiet, org)
	if err != nil {
		return false, err
	}
	version := at.version
	if u.change, u.fnErr = u.fn(&state{u.ctx, u.writer, org, version}); u.fnErr != nil {
		return false, u.fnErr
	}
	u.change.Org, u.change.Version = org, version
	if len(u.change.Ops) == 0 {
		return false, nil
	}
	if err := store.Check(org, version, u.change.Ops); err != nil {
		return false, err
	}
	u.change.Version++
	u.next = at.next.After(u.change.Ops...)
	return true, u.write()
}

// write makes the ops: first everything that sets keys free, then everything that takes them.
func (u *update) write() error {
	if slices.ContainsFunc(u.change.Ops, deletesOrg) {
		return u.writeDeletion()
	}
	if err := u.makeRoom(u.quiet, len(u.change.Ops)); err != nil {
		return err
	}
	if err := u.free(); err != nil {
		return err
	}
	encoding := encode(&u.change)
	defer encoding.stop()
	ops := u.change.Ops
	for part := range encoding.parts {
		if part.err != nil {
			return part.err
		}
		n := len(part.After)
		if err := u.take(ops[:n], part.After); err != nil {
			return err
		}
		ops = ops[n:]
	}
	if err := u.writeChange(encoding.ops.String()); err != nil {
		return err
	}
	if err := u.writeEntries(encoding.contents); err != nil {
		return err
	}
	if err := u.erase(); err != nil {
		return err
	}
	if err := u.writeAnswers(); err != nil {
		return err
	}
	return u.writeSteps()
}

// take writes what ops leave behind: creations that stand together many at once.
func (u *update) take(ops []roster.Op, docs [][]byte) error {
	for len(ops) > 0 {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		n := 1
		if len(ops) >= rowsAtOnce && !slices.ContainsFunc(ops[:rowsAtOnce], isNotInsert) {
			n = rowsAtOnce
		}
		if err := u.takeSome(ops[:n], docs[:n]); err != nil {
			return err
		}
		ops, docs = ops[n:], docs[n:]
	}
	return nil
}

func isNotInsert(op roster.Op) bool {
	return op.Before != nil || isOnOrg(op)
}

// takeSome writes rowsAtOnce creations at once, or any number of other ops one by one.
func (u *update) takeSome(ops []roster.Op, docs [][]byte) error {
	if len(ops) == rowsAtOnce {
		made, err := u.insertRows(ops, docs)
		if !isConstraint(err) {
			return err
		}
		ops, docs = ops[made:], docs[made:] // on its own, the next one shows which of its keys is taken
	}
	for i, op := range ops {
		if op.After == nil {
			continue
		}
		if err := u.writeRecord(op, docs[i]); err != nil {
			return fmt.Errorf("%s %s: %w", op.Verb(), op.Key(), err)
		}
	}
	return nil
}

// insertRows creates rowsAtOnce records. Where one can't be made, those before it are: it returns how many.
func (u *update) insertRows(ops []roster.Op, docs [][]byte) (made int, err error) {
	args := make([]any, 0, rowsAtOnce*9)
	for i, op := range ops {
		if args, err = u.appendRow(args, op.After, docs[i]); err != nil {
			return 0, err
		}
		args = append(args, u.change.Org[:], string(op.Key().Type))
	}
	if _, err = u.insertMany.ExecContext(u.quiet, args...); err == nil {
		return len(ops), nil
	}
	err = fmt.Errorf("create %d records: %w", len(ops), err)
	return made, errors.Join(err, u.conn.QueryRowContext(u.quiet, `SELECT changes()`).Scan(&made))
}

// appendRow appends the columns of a record in the order of the statement revise, which is the first of insert's.
func (u *update) appendRow(args []any, e roster.Entity, doc []byte) ([]any, error) {
	key, k := e.Key(), e.Keys()
	number, err := u.collectionFor(u.quiet, collection{u.change.Org, key.Type})
	return append(args, orNull(k.Number), orNull(k.Email), orNull(k.Identifier), k.Owner, string(doc),
		number, key.ID[:]), err
}

func deletesOrg(op roster.Op) bool {
	return op.After == nil && isOnOrg(op)
}

// writeDeletion removes the organization and all that belongs to it.
func (u *update) writeDeletion() error {
	for _, stmt := range []*sql.Stmt{
		u.deleteEntities, u.deleteCollections, u.deleteUses, u.deleteChanges, u.deleteEntries, u.deleteAnswers,
		u.deleteStandings, u.deleteDeliveries, u.deleteOrg,
	} {
		if _, err := stmt.ExecContext(u.quiet, u.change.Org[:]); err != nil {
			return fmt.Errorf("delete the organization: %w", err)
		}
	}
	clear(u.collections)
	return u.deleteJobs()
}

// free deletes what ops delete, and takes away the keys of what they give other keys.
func (u *update) free() error {
	for _, op := range u.change.Ops {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		if err := u.freeKeys(op); err != nil {
			return fmt.Errorf("%s %s: %w", op.Verb(), op.Key(), err)
		}
	}
	return nil
}

// freeKeys makes the first half of an op.
func (u *update) freeKeys(op roster.Op) error {
	key := op.Key()
	switch {
	case op.Before == nil || key.Type == roster.TypeOrganization:
		return nil
	case op.After == nil:
		return u.delete(key)
	case len(u.change.Ops) > 1 && op.Before.Keys() != op.After.Keys():
		return u.hit(u.clear, key)
	default:
		return nil
	}
}

// besides returns the statements that delete what is kept besides a record of a type.
func (w *writer) besides(t roster.Type) []*sql.Stmt {
	switch t {
	case roster.TypeToken:
		return []*sql.Stmt{w.forget}
	case roster.TypeWebhook:
		return []*sql.Stmt{w.forgetStanding, w.forgetDeliveries}
	default:
		return nil
	}
}

// delete deletes a record that is not the organization's.
func (u *update) delete(key roster.Key) error {
	for _, stmt := range u.besides(key.Type) {
		if _, err := stmt.ExecContext(u.quiet, u.change.Org[:], key.ID[:]); err != nil {
			return err
		}
	}
	return u.hit(u.remove, key)
}

// hit runs a statement about a record that must exist, which the last parameters are the collection and the id of.
func (u *update) hit(stmt *sql.Stmt, key roster.Key, args ...any) error {
	number, err := u.collectionOf(u.quiet, collection{u.change.Org, key.Type})
	if err != nil {
		return err
	}
	return orMissing(mustHit(stmt.ExecContext(u.quiet, append(args, number, key.ID[:])...)), key)
}

func (u *update) writeRecord(op roster.Op, doc []byte) error {
	if o, ok := op.After.(*roster.Organization); ok {
		return u.writeOrg(op, o, doc)
	}
	if op.Before != nil && op.Before.Keys() == op.After.Keys() { // naming a key would write its index again
		return u.hit(u.redo, op.Key(), string(doc))
	}
	args, err := u.appendRow(make([]any, 0, 9), op.After, doc)
	if err != nil {
		return err
	}
	stmt := u.revise
	if op.Before == nil {
		stmt, args = u.insert, append(args, u.change.Org[:], string(op.Key().Type))
	}
	err = mustHit(stmt.ExecContext(u.quiet, args...))
	if isConstraint(err) {
		return u.conflict(op, err)
	}
	return orMissing(err, op.Key())
}

func isOnOrg(op roster.Op) bool { return op.Key().Type == roster.TypeOrganization }

// writeOrg writes the organization but for its version.
func (u *update) writeOrg(op roster.Op, o *roster.Organization, doc []byte) error {
	stmt := u.insertOrg
	if op.Before != nil {
		stmt = u.updateOrg
	}
	err := mustHit(stmt.ExecContext(u.quiet, orNull(o.Number), orNull(o.Slug), o.Name, string(doc), o.ID[:]))
	if isConstraint(err) {
		return u.orgConflict(o, err)
	}
	return orMissing(err, op.Key())
}

// writeChange writes the change record and the next version.
func (u *update) writeChange(ops string) error {
	c := u.change
	next, err := json.Marshal(u.next)
	if err != nil {
		return fmt.Errorf("encode the next numbers: %w", err)
	}
	if err := mustHit(u.setStand.ExecContext(u.quiet, int64(c.Version), string(next), c.Org[:])); err != nil {
		return fmt.Errorf("write the version: %w", err)
	}
	_, err = u.insertChange.ExecContext(u.quiet,
		c.Org[:], int64(c.Version), int64(c.At), idOrNull(c.Actor), ops)
	if err != nil {
		return fmt.Errorf("write the change record: %w", err)
	}
	return nil
}
