package postgres

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What is looked up inside a transaction.
const (
	orgDoc       = `SELECT version, next, doc FROM organizations WHERE id = $1`
	byID         = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND id = $3`
	byNumber     = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND number = $3`
	byEmail      = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND email = $3`
	byIdentifier = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND identifier = $3`
	byOwner      = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND owner`
	eachQuery    = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND id > $3 ORDER BY id LIMIT $4`

	allByID         = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND id = ANY($3::uuid[])`
	allByNumber     = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND number = ANY($3::bigint[])`
	allByEmail      = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND email = ANY($3::bytea[])`
	allByIdentifier = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND identifier = ANY($3::bytea[])`
)

// state is the [roster.State] of an organization inside a transaction.
type state struct{ t *transaction }

var (
	_ store.Finder   = (*state)(nil)
	_ store.Recent   = (*state)(nil)
	_ store.Answered = (*state)(nil)
)

// Version implements [roster.State].
func (s *state) Version() roster.Version { return s.t.version }

// Get implements [roster.State].
func (s *state) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if t == roster.TypeOrganization {
		o, err := s.organization()
		if err != nil || o == nil || id != s.t.org {
			return nil, err
		}
		return o, nil
	}
	return s.one(t, byID, uid(id))
}

// Find implements [roster.State].
func (s *state) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	switch {
	case t == roster.TypeOrganization:
		o, err := s.organization()
		if err != nil || o == nil || !store.IsCalled(o, k) {
			return nil, err
		}
		return o, nil
	case k.Number != 0:
		return s.one(t, byNumber, k.Number)
	case k.Email != "":
		return s.one(t, byEmail, keyBytes(k.Email))
	case k.Identifier != "":
		return s.one(t, byIdentifier, keyBytes(k.Identifier))
	case k.Owner:
		return s.one(t, byOwner)
	default:
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
}

// organization returns the record of the organization at the version before the transaction, or nil.
func (s *state) organization() (*roster.Organization, error) {
	if s.t.version == 0 {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	o, err := scanOrg(s.t.conn.QueryRow(s.t.quiet, orgDoc, uid(s.t.org)))
	if err != nil {
		return nil, fmt.Errorf("read the organization %s: %w", s.t.org, s.t.note(err))
	}
	o.Version = s.t.version // not the one that is being made
	return o, nil
}

// one returns the record of type t that a query finds by some keys.
func (s *state) one(t roster.Type, query string, keys ...any) (roster.Entity, error) {
	if err := s.t.ctx.Err(); err != nil {
		return nil, err
	}
	var doc []byte
	err := s.t.conn.QueryRow(s.t.quiet, query, append([]any{uid(s.t.org), string(t)}, keys...)...).Scan(&doc)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	if err != nil {
		return nil, fmt.Errorf("look up a %s: %w", t, s.t.note(err))
	}
	return roster.DecodeEntity(t, doc)
}

// Each implements [roster.State]. It reads a page at a time, by id.
func (s *state) Each(t roster.Type, fn func(roster.Entity) error) error {
	if t == roster.TypeOrganization {
		o, err := s.organization()
		if err != nil || o == nil {
			return err
		}
		return fn(o)
	}
	return store.EachOf(t, func(last roster.ID) ([]roster.Entity, error) {
		return s.records(t, eachQuery, uid(last), store.PageSize)
	}, fn)
}

// records returns the records of type t that a query finds by some keys.
func (s *state) records(t roster.Type, query string, keys ...any) (found []roster.Entity, err error) {
	if err := s.t.ctx.Err(); err != nil {
		return nil, err
	}
	err = s.t.rows(func(rows pgx.Rows) error {
		var doc []byte
		if err := rows.Scan((*pgtype.DriverBytes)(&doc)); err != nil {
			return err
		}
		e, err := roster.DecodeEntity(t, doc)
		found = append(found, e)
		return err
	}, query, append([]any{uid(s.t.org), string(t)}, keys...)...)
	return found, err
}

// FindAll implements [store.Finder].
func (s *state) FindAll(t roster.Type, ids []roster.ID, keys []roster.Keys) ([]roster.Entity, error) {
	if t == roster.TypeOrganization {
		return nil, errors.New("there is one organization: look it up by itself")
	}
	found, err := s.findAll(t, ids, keys)
	if err != nil {
		return nil, fmt.Errorf("look up many of type %s: %w", t, err)
	}
	return found, nil
}

func (s *state) findAll(t roster.Type, ids []roster.ID, keys []roster.Keys) (found []roster.Entity, err error) {
	var numbers []int64
	var emails, identifiers [][]byte
	owner := false
	for _, k := range keys {
		switch {
		case k.Number != 0:
			numbers = append(numbers, k.Number)
		case k.Email != "":
			emails = append(emails, keyBytes(k.Email))
		case k.Identifier != "":
			identifiers = append(identifiers, keyBytes(k.Identifier))
		case k.Owner:
			owner = true
		default:
			return nil, fmt.Errorf("look up many of %+v", k)
		}
	}
	for _, ask := range []struct {
		asked bool
		query string
		keys  []any
	}{
		{len(ids) > 0, allByID, []any{uids(ids)}},
		{len(numbers) > 0, allByNumber, []any{numbers}},
		{len(emails) > 0, allByEmail, []any{emails}},
		{len(identifiers) > 0, allByIdentifier, []any{identifiers}},
		{owner, byOwner, nil},
	} {
		if !ask.asked {
			continue
		}
		some, err := s.records(t, ask.query, ask.keys...)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func uids(ids []roster.ID) []pgtype.UUID {
	list := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		list[i] = uid(id)
	}
	return list
}
