package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
)

// writer is the connection that writes, with the statements that an Update needs prepared on it. Its methods run inside
// a transaction unless they say otherwise and are not safe for concurrent use.
type writer struct {
	conn *sql.Conn
	all  []*sql.Stmt
	// tails has the last audit entries of organizations, as far as they are known: their places and hashes.
	tails map[roster.ID]roster.Entry
	// stands has how far organizations are, as far as that is known: nobody else writes to the file.
	stands map[roster.ID]stand
	// collections has the numbers of collections, as far as they are known.
	collections map[collection]int64
	room        room

	begin, commit, rollback                  *sql.Stmt
	stand, setStand, orgDoc                  *sql.Stmt
	insertOrg, updateOrg                     *sql.Stmt
	deleteOrg, deleteEntities, deleteChanges *sql.Stmt
	touch, forget, deleteUses                *sql.Stmt
	orgByNumber, orgBySlug                   *sql.Stmt
	insert, insertMany                       *sql.Stmt
	revise, redo, clear, remove              *sql.Stmt
	byID, byNumber, byEmail, byIdentifier    *sql.Stmt
	owner, each, insertChange                *sql.Stmt
	collection, insertCollection             *sql.Stmt
	deleteCollections                        *sql.Stmt
	lastEntry, deleteEntries                 *sql.Stmt
	insertEntry, insertEntries               *sql.Stmt
	answer, insertAnswer, deleteAnswers      *sql.Stmt
	forgetAnswers                            *sql.Stmt
	keepStanding, keepDelivery, overtaken    *sql.Stmt
	trimDeliveries                           *sql.Stmt
	forgetStanding, forgetDeliveries         *sql.Stmt
	deleteStandings, deleteDeliveries        *sql.Stmt

	allByID, allByNumber, allByEmail, allByIdentifier *sql.Stmt
}

// newWriter prepares a writer on a connection of db's.
func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{
		conn: conn, collections: map[collection]int64{},
		tails: map[roster.ID]roster.Entry{}, stands: map[roster.ID]stand{},
	}
	if err := w.makeRoom(ctx, 1); err != nil {
		return nil, errors.Join(err, w.close())
	}
	for _, s := range slices.Concat(w.statements(), w.collectionStatements()) {
		stmt, err := conn.PrepareContext(ctx, s.query) //nolint:sqlclosecheck // close closes all of them
		if err != nil {
			return nil, errors.Join(fmt.Errorf("prepare %q: %w", s.query, err), w.close())
		}
		*s.to = stmt
		w.all = append(w.all, stmt)
	}
	return w, nil
}

type statement struct {
	to    **sql.Stmt
	query string
}

// keysAtOnce is how many keys one statement looks for: it saves three quarters of the time.
const keysAtOnce = 64

// rowsAtOnce is how many records one statement creates: it saves a third of the time, and more rows save no more.
const rowsAtOnce = 16

// entriesAtOnce is how many entries of the audit one statement writes.
const entriesAtOnce = 8

func (w *writer) statements() []statement {
	const columns = ` INTO entities (number, email, identifier, owner, doc, collection, id, org_id, type) VALUES `
	const row = `(?, ?, ?, ?, ?, ?, ?, ?, ?)`
	const entity = `SELECT doc FROM entities WHERE collection = ? AND `
	const entryRow = `, (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	entry := ` INTO audit_entries (org_id, seq, version, at, actor, user_id, name, request, reason,
		op_from, op_to, types, keys, salt, prev, hash, form) VALUES ` + entryRow[len(`, `):]
	many := ` IN (` + strings.Repeat(`?, `, keysAtOnce-1) + `?)`
	return append(w.deliveryStatements(), []statement{
		{&w.begin, `BEGIN IMMEDIATE`},
		{&w.commit, `COMMIT`},
		{&w.rollback, `ROLLBACK`},

		{&w.stand, `SELECT version, next FROM organizations WHERE id = ?`},
		{&w.setStand, `UPDATE organizations SET version = ?, next = ? WHERE id = ?`},
		{&w.orgDoc, orgQuery},
		{&w.orgByNumber, `SELECT 1 FROM organizations WHERE number = ? AND id <> ?`},
		{&w.orgBySlug, `SELECT 1 FROM organizations WHERE slug = ? AND id <> ?`},
		{&w.insertOrg, `INSERT INTO organizations (number, slug, name, doc, id, version) VALUES (?, ?, ?, ?, ?, 0)`},
		{&w.updateOrg, `UPDATE organizations SET number = ?, slug = ?, name = ?, doc = ? WHERE id = ?`},
		{&w.deleteOrg, `DELETE FROM organizations WHERE id = ?`},
		{&w.deleteEntities, `DELETE FROM entities WHERE collection IN (SELECT id FROM collections WHERE org_id = ?)`},
		{&w.deleteChanges, `DELETE FROM changes WHERE org_id = ?`},

		{&w.touch, `INSERT INTO token_uses (org_id, token_id, at)
			SELECT org_id, id, ? FROM entities WHERE id = ? AND
				collection = (SELECT id FROM collections WHERE org_id = ? AND type = 'token')
			ON CONFLICT (org_id, token_id) DO UPDATE SET at = excluded.at WHERE excluded.at > token_uses.at`},
		{&w.forget, `DELETE FROM token_uses WHERE org_id = ? AND token_id = ?`},
		{&w.deleteUses, `DELETE FROM token_uses WHERE org_id = ?`},

		{&w.byID, entity + `id = ?`},
		{&w.byNumber, entity + `number = ?`},
		{&w.byEmail, entity + `email = ?`},
		{&w.byIdentifier, entity + `identifier = ?`},
		{&w.allByID, entity + `id` + many},
		{&w.allByNumber, entity + `number` + many},
		{&w.allByEmail, entity + `email` + many},
		{&w.allByIdentifier, entity + `identifier` + many},
		{&w.owner, entity + `owner`},
		{&w.each, entity + `id > ? ORDER BY id LIMIT ?`},
		{&w.insert, `INSERT` + columns + row},
		// To undo the rows before one that fails, SQLite would keep a copy of every page that it writes to. The whole
		// transaction is undone anyway.
		{&w.insertMany, `INSERT OR FAIL` + columns + strings.Repeat(row+", ", rowsAtOnce-1) + row},
		{&w.revise, `UPDATE entities SET number = ?, email = ?, identifier = ?, owner = ?, doc = ?
			WHERE collection = ? AND id = ?`},
		{&w.redo, `UPDATE entities SET doc = ? WHERE collection = ? AND id = ?`},
		{&w.clear, `UPDATE entities SET number = NULL, email = NULL, identifier = NULL, owner = FALSE
			WHERE collection = ? AND id = ?`},
		{&w.remove, `DELETE FROM entities WHERE collection = ? AND id = ?`},

		{&w.insertChange, `INSERT INTO changes (org_id, version, at, actor, ops) VALUES (?, ?, ?, ?, ?)`},
		{&w.lastEntry, `SELECT seq, hash FROM audit_entries WHERE org_id = ? ORDER BY seq DESC LIMIT 1`},
		{&w.insertEntry, `INSERT` + entry},
		{&w.insertEntries, `INSERT OR FAIL` + entry + strings.Repeat(entryRow, entriesAtOnce-1)}, // as insertMany
		{&w.deleteEntries, `DELETE FROM audit_entries WHERE org_id = ?`},
		{&w.answer, answerQuery},
		{&w.insertAnswer, `INSERT OR REPLACE INTO answers (org_id, key, request, at, content) VALUES (?, ?, ?, ?, ?)`},
		{&w.deleteAnswers, `DELETE FROM answers WHERE org_id = ?`},
		{&w.forgetAnswers, `DELETE FROM answers WHERE at < ?`},
	}...)
}

// close closes the statements and gives the connection back. It works outside of a transaction.
func (w *writer) close() error {
	errs := make([]error, 0, len(w.all)+1)
	for _, stmt := range w.all {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// transact runs fn in a transaction, which is rolled back where fn fails, panics or asks for it. It works outside of a
// transaction.
func (w *writer) transact(ctx context.Context, fn func() (commit bool, err error)) (err error) {
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if committed {
			return
		}
		clear(w.collections)
		clear(w.stands)
		clear(w.tails)
		if _, rollbackErr := w.rollback.ExecContext(ctx); rollbackErr != nil {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rollbackErr))
		}
	}()
	commit, err := fn()
	if err != nil || !commit {
		return err
	}
	if _, err := w.commit.ExecContext(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// bulkOps is how many ops make a large change.
const bulkOps = 1 << 10

// room is how much the writer may have in memory, in KiB, and in the log, in pages, before it must write.
type room struct{ cache, log int }

// roomFor returns the room for a change with so many ops. An import writes all over the indexes: where their pages do
// not fit in memory they go to the log early and are read and written again, and so it is with the file where they do
// not fit in the log.
func roomFor(ops int) room {
	if ops >= bulkOps {
		return room{cache: 128 << 10, log: 48_000}
	}
	return room{cache: 32 << 10, log: 16_000}
}

// makeRoom makes room for a change with so many ops, or gives it back. It works inside and outside of a transaction.
func (w *writer) makeRoom(ctx context.Context, ops int) error {
	r := roomFor(ops)
	if r == w.room {
		return nil
	}
	set := fmt.Sprintf("PRAGMA cache_size(-%d); PRAGMA wal_autocheckpoint(%d)", r.cache, r.log)
	if _, err := w.conn.ExecContext(ctx, set); err != nil {
		return fmt.Errorf("make room for %d ops: %w", ops, err)
	}
	w.room = r
	return nil
}

// stand is how far an organization is: its version, and the numbers of records that are free.
type stand struct {
	version roster.Version
	next    roster.Numbers
}

// standOf returns how far org is, which is at version 0 where it does not exist.
func (w *writer) standOf(ctx context.Context, org roster.ID) (at stand, err error) {
	if at, known := w.stands[org]; known {
		return at, nil
	}
	err = w.stand.QueryRowContext(ctx, org[:]).Scan(&at.version, scanJSON{&at.next})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return stand{}, fmt.Errorf("read the version: %w", err)
	}
	return at, nil
}

// exists reports whether a query finds anything.
func exists(ctx context.Context, stmt *sql.Stmt, args ...any) (bool, error) {
	var one any
	err := stmt.QueryRowContext(ctx, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
