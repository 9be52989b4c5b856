package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Routes lead from a name or a token to its organization. They are tables of their own whose keys begin with what is
// looked up, so that an engine can shard them by it; therefore they can't be written together with the organization.
//
// A route is written on its own before the organization is, while the organization's row is locked, and never removed
// or given to another organization but by who has that lock and sees that the organization does not have the name. So
// what was committed always has its routes. A route may lead to an organization that does not have the name: one whose
// transaction was undone. Who looks a token up looks whether it is there; who wants a name settles whose it is.
const (
	insertName  = `INSERT INTO organization_names (name, org_id) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`
	readName    = `SELECT org_id FROM organization_names WHERE name = $1`
	moveName    = `UPDATE organization_names SET org_id = $3 WHERE name = $1 AND org_id = $2`
	deleteName  = `DELETE FROM organization_names WHERE name = $1 AND org_id = $2`
	insertToken = `INSERT INTO token_routes (hash, org_id) VALUES ($1, $2) ON CONFLICT (hash, org_id) DO NOTHING`
	routesOf    = `SELECT org_id FROM token_routes WHERE hash = $1 ORDER BY org_id`
	dropToken   = `DELETE FROM token_routes WHERE hash = $1 AND org_id = $2`

	hasHash   = `SELECT EXISTS (SELECT 1 FROM entities WHERE org_id = $1 AND type = 'token' AND identifier = $2)`
	allTokens = `SELECT identifier FROM entities WHERE org_id = $1 AND type = 'token' AND identifier IS NOT NULL`
	lockNames = `SELECT number, slug FROM organizations WHERE id = $1 FOR UPDATE`
	lockTime  = `SET LOCAL lock_timeout = 1000`
	orgHolder = `INSERT INTO organizations (id, number, slug, name, version, doc)
		VALUES ($1, 0, '', '', 0, '') ON CONFLICT (id) DO NOTHING`
)

// orgName is a name of an organization: its number or its slug.
type orgName struct {
	field string
	text  string
}

func (n orgName) key() []byte { return keyBytes(n.field + " " + n.text) }

// namesOf returns the names of an organization, none for nil.
func namesOf(e roster.Entity) (names []orgName) {
	o, ok := e.(*roster.Organization)
	if !ok || o == nil {
		return nil
	}
	if o.Number != 0 {
		names = append(names, orgName{"number", strconv.FormatInt(o.Number, 10)})
	}
	if o.Slug != "" {
		names = append(names, orgName{"slug", o.Slug})
	}
	return names
}

// writeRoutes writes the routes of what the change names anew. The transaction has the organization's row.
func (u *update) writeRoutes() error {
	var tokens []step
	for _, op := range u.change.Ops {
		switch {
		case op.After == nil:
		case isOnOrg(op):
			for _, name := range namesOf(op.After) {
				if slices.Contains(namesOf(op.Before), name) {
					continue
				}
				if err := u.claim(name); err != nil {
					return err
				}
			}
		case op.Key().Type == roster.TypeToken:
			hash := op.After.Keys().Identifier
			if hash != "" && (op.Before == nil || op.Before.Keys().Identifier != hash) {
				tokens = append(tokens, step{query: insertToken, args: []any{keyBytes(hash), uid(u.org)}})
			}
		}
	}
	return u.aside(u.quiet, tokens)
}

// aside runs statements outside of the transaction, each on its own.
func (s *Store) aside(ctx context.Context, steps []step) error {
	for some := range slices.Chunk(steps, 500) {
		var b pgx.Batch
		for _, s := range some {
			b.Queue(s.query, s.args...)
		}
		err := s.beside(ctx, func(conn *pgx.Conn) error { return conn.SendBatch(ctx, &b).Close() })
		if err != nil {
			return err
		}
	}
	return nil
}

// beside runs fn on a connection of side.
func (s *Store) beside(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := s.side.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	return broken(conn.Conn(), fn(conn.Conn()))
}

// claim makes a name the organization's, or fails with [roster.Conflict] where another one has it.
func (u *update) claim(name orgName) error {
	for {
		var tag pgconn.CommandTag
		var has roster.ID
		err := u.beside(u.quiet, func(conn *pgx.Conn) (err error) {
			tag, err = conn.Exec(u.quiet, insertName, name.key(), uid(u.org))
			if err != nil || tag.RowsAffected() > 0 {
				return err
			}
			return conn.QueryRow(u.quiet, readName, name.key()).Scan(scanID{&has})
		})
		switch {
		case err == nil && tag.RowsAffected() > 0:
			return nil
		case errors.Is(err, pgx.ErrNoRows):
			continue
		case err != nil || has == u.org:
			return err
		}
		if err := u.inherit(name, has); err != nil {
			return err
		}
	}
}

// inherit takes a name from an organization that does not have it, or fails with [roster.Conflict]. It waits for who
// writes to that organization, but not for long: it may be waiting for this one.
func (u *update) inherit(name orgName, from roster.ID) error {
	u.settling.Lock()
	defer u.settling.Unlock()
	return u.beside(u.quiet, func(conn *pgx.Conn) error { return u.inheritOn(conn, name, from) })
}

func (u *update) inheritOn(conn *pgx.Conn, name orgName, from roster.ID) error {
	tx, err := conn.Begin(u.quiet)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(u.quiet) }() // whatever it has locked
	if _, err := tx.Exec(u.quiet, lockTime); err != nil {
		return err
	}
	tag, err := tx.Exec(u.quiet, orgHolder, uid(from))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		var o roster.Organization
		if err := tx.QueryRow(u.quiet, lockNames, uid(from)).Scan(&o.Number, &o.Slug); err != nil {
			return orNone(err)
		}
		if slices.Contains(namesOf(&o), name) {
			return store.Taken(name.field, roster.TypeOrganization)
		}
	}
	return u.aside(u.quiet, []step{{query: moveName, args: []any{name.key(), uid(from), uid(u.org)}}})
}

// forgetRoutes removes the routes of what a change that is committed has given up. Where it can't, they lead nowhere.
func (s *Store) forgetRoutes(ctx context.Context, org roster.ID, change *update) {
	var names []orgName
	tokens := change.lostTokens
	for _, op := range change.change.Ops {
		switch {
		case op.Before == nil:
		case isOnOrg(op):
			names = slices.DeleteFunc(namesOf(op.Before), func(n orgName) bool {
				return slices.Contains(namesOf(op.After), n)
			})
		case op.Key().Type == roster.TypeToken:
			if hash := op.Before.Keys().Identifier; op.After == nil || op.After.Keys().Identifier != hash {
				tokens = append(tokens, keyBytes(hash))
			}
		}
	}
	if len(names)+len(tokens) == 0 {
		return
	}
	_ = s.transact(context.WithoutCancel(ctx), org, func(t *transaction) error {
		defer t.rollback()
		return t.forgetRoutes(names, tokens)
	}, nil)
}

func (t *transaction) forgetRoutes(names []orgName, tokens [][]byte) error {
	if err := t.lock(); err != nil {
		return err
	}
	if t.version == 0 {
		if err := t.waitForCreation(); err != nil {
			return err
		}
	}
	var has roster.Organization
	err := t.conn.QueryRow(t.quiet, lockNames, uid(t.org)).Scan(&has.Number, &has.Slug)
	if err = t.note(orNone(err)); err != nil {
		return err
	}
	var gone []step
	for _, name := range names {
		if !slices.Contains(namesOf(&has), name) {
			gone = append(gone, step{query: deleteName, args: []any{name.key(), uid(t.org)}})
		}
	}
	for _, hash := range tokens {
		var there bool
		if err := t.note(t.conn.QueryRow(t.quiet, hasHash, uid(t.org), hash).Scan(&there)); err != nil {
			return err
		}
		if !there {
			gone = append(gone, step{query: dropToken, args: []any{hash, uid(t.org)}})
		}
	}
	return t.aside(t.quiet, gone)
}

// readTokens returns the hashes of the organization's tokens.
func (t *transaction) readTokens() (hashes [][]byte, err error) {
	err = t.rows(func(rows pgx.Rows) error {
		var hash []byte
		err := rows.Scan(&hash)
		hashes = append(hashes, bytes.Clone(hash))
		return err
	}, allTokens, uid(t.org))
	return hashes, err
}

// TokenOrg implements [store.Store].
func (s *Store) TokenOrg(ctx context.Context, hash string) (roster.ID, error) {
	if err := s.enter(ctx); err != nil {
		return roster.ID{}, err
	}
	defer s.gate.Leave()
	org, err := s.tokenOrg(ctx, keyBytes(hash))
	if err != nil {
		return roster.ID{}, readError(ctx, "look up a token", err)
	}
	if org.IsZero() {
		return roster.ID{}, store.NoToken()
	}
	return org, nil
}

func (s *Store) tokenOrg(ctx context.Context, hash []byte) (roster.ID, error) {
	var orgs []roster.ID
	err := s.query(ctx, func(rows pgx.Rows) error {
		var org roster.ID
		err := rows.Scan(scanID{&org})
		orgs = append(orgs, org)
		return err
	}, routesOf, hash)
	for _, org := range orgs {
		var has bool
		if err := s.queryRow(ctx, []any{&has}, hasHash, uid(org), hash); err != nil {
			return roster.ID{}, err
		}
		if has {
			return org, nil
		}
	}
	return roster.ID{}, err
}

// UserOrgs implements [store.Store]. It looks into each organization by the key of ids: a route for each user would
// make every write dearer for the sake of a rare question.
func (s *Store) UserOrgs(ctx context.Context, user roster.ID) (orgs []roster.ID, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.query(ctx, func(rows pgx.Rows) error {
		var org roster.ID
		err := rows.Scan(scanID{&org})
		orgs = append(orgs, org)
		return err
	}, userOrgsQuery, uid(user))
	if err != nil {
		return nil, readError(ctx, "look up a user", err)
	}
	return orgs, nil
}
