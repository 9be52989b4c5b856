package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What readers ask; the organizations, which are few, apart.
const (
	changesQuery = `SELECT version, at, actor, ops FROM changes WHERE org_id = ?1
		AND version > max(?2, coalesce((SELECT trimmed_to FROM organizations WHERE id = ?1), 0))
		ORDER BY version LIMIT ?3`
	orgsQuery = `SELECT version, next, doc FROM organizations ORDER BY number, id`
	orgQuery  = `SELECT version, next, doc FROM organizations WHERE id = ?`
	hashQuery = `SELECT org_id FROM entities WHERE type = 'token' AND identifier = ? ORDER BY org_id LIMIT 1`

	recordQuery = `SELECT doc FROM entities
		WHERE collection = (SELECT id FROM collections WHERE org_id = ? AND type = ?) AND id = ?`

	// Records in the order of Load. Those with a number, of which there may be millions, come out of the index as they
	// are; asked for by number and id, each document would be copied for sorting.
	collectionQuery = `SELECT doc FROM entities INDEXED BY entities_number
		WHERE collection = (SELECT id FROM collections WHERE org_id = ? AND type = ?)`
	unnumberedQuery = collectionQuery + ` AND number IS NULL ORDER BY id`
	numberedQuery   = collectionQuery + ` AND number IS NOT NULL ORDER BY number`
)

// each has fn read each row of a query.
func (s *Store) each(ctx context.Context, fn func(*sql.Rows) error, query string, args ...any) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	return eachRow(ctx, s.readers, fn, query, args...)
}

// querier is what queries can be put to.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// eachRow has fn read each row of a query.
func eachRow(
	ctx context.Context, db querier, fn func(*sql.Rows) error, query string, args ...any,
) (err error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Orgs implements [store.Store].
func (s *Store) Orgs(ctx context.Context, fn func(*roster.Organization) error) error {
	var all []*roster.Organization
	err := s.each(ctx, func(rows *sql.Rows) error {
		o, err := scanOrg(rows)
		all = append(all, o)
		return err
	}, orgsQuery)
	if err != nil {
		return readError(ctx, "read the organizations", err)
	}
	for _, o := range all {
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

// scanOrg reads the columns version, next and doc of a row.
func scanOrg(row interface{ Scan(dest ...any) error }) (*roster.Organization, error) {
	var at stand
	var doc []byte
	if err := row.Scan(&at.version, scanJSON{&at.next}, &doc); err != nil {
		return nil, err
	}
	e, err := roster.DecodeEntity(roster.TypeOrganization, doc)
	if err != nil {
		return nil, err
	}
	o := e.(*roster.Organization)
	o.Version, o.Next = at.version, at.next
	return o, nil
}

// Changes implements [store.Store].
func (s *Store) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) (changes []roster.Change, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error {
		change := roster.Change{Org: org}
		var ops sql.RawBytes
		if err := rows.Scan(&change.Version, &change.At, scanID{&change.Actor}, &ops); err != nil {
			return err
		}
		var err error
		if change.Ops, err = roster.DecodeOps(ops); err != nil {
			return fmt.Errorf("decode the change to version %d: %w", change.Version, err)
		}
		changes = append(changes, change)
		return nil
	}, changesQuery, org[:], int64(after), limit)
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the changes of %s after version %d", org, after), err)
	}
	return changes, nil
}

// Record implements [store.Store].
func (s *Store) Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (e roster.Entity, err error) {
	err = s.each(ctx, func(rows *sql.Rows) (err error) {
		var doc sql.RawBytes
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		e, err = roster.DecodeEntity(t, doc)
		return err
	}, recordQuery, org[:], string(t), id[:])
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the %s %s", t, id), err)
	}
	return e, nil
}

// TokenOrg implements [store.Store].
func (s *Store) TokenOrg(ctx context.Context, hash string) (roster.ID, error) {
	if err := s.gate.Enter(); err != nil {
		return roster.ID{}, err
	}
	defer s.gate.Leave()
	var org roster.ID
	err := s.readers.QueryRowContext(ctx, hashQuery, hash).Scan(scanID{&org})
	if errors.Is(err, sql.ErrNoRows) {
		return roster.ID{}, store.NoToken()
	}
	if err != nil {
		return roster.ID{}, readError(ctx, "look up a token", err)
	}
	return org, nil
}

// UserOrgs implements [store.Store]. It looks into each organization by the key of ids: an index on the id alone would
// make every write dearer for the sake of a rare question.
func (s *Store) UserOrgs(ctx context.Context, user roster.ID) (orgs []roster.ID, err error) {
	const query = `SELECT c.org_id FROM collections AS c
		WHERE c.type = 'user' AND EXISTS (SELECT 1 FROM entities AS e WHERE e.collection = c.id AND e.id = ?)
		ORDER BY c.org_id`
	err = s.each(ctx, func(rows *sql.Rows) error {
		var org roster.ID
		err := rows.Scan(scanID{&org})
		orgs = append(orgs, org)
		return err
	}, query, user[:])
	if err != nil {
		return nil, readError(ctx, "look up a user", err)
	}
	return orgs, nil
}
