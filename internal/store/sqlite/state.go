package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// state is the [roster.State] of an organization inside the writer's transaction.
type state struct {
	ctx     context.Context // of the call of Update that made the state
	w       *writer
	org     roster.ID
	version roster.Version
}

// Version implements [roster.State].
func (s *state) Version() roster.Version { return s.version }

// Get implements [roster.State].
func (s *state) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if t == roster.TypeOrganization {
		o, err := s.organization()
		if err != nil || o == nil || id != s.org {
			return nil, err
		}
		return o, nil
	}
	return s.one(t, s.w.byID, id[:])
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
		return s.one(t, s.w.byNumber, k.Number)
	case k.Email != "":
		return s.one(t, s.w.byEmail, k.Email)
	case k.Identifier != "":
		return s.one(t, s.w.byIdentifier, k.Identifier)
	case k.Owner:
		return s.one(t, s.w.owner)
	default:
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
}

// organization returns the record of the organization, or nil.
func (s *state) organization() (*roster.Organization, error) {
	o, err := scanOrg(s.w.orgDoc.QueryRowContext(context.WithoutCancel(s.ctx), s.org[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	if err != nil {
		return nil, fmt.Errorf("read the organization %s: %w", s.org, err)
	}
	return o, nil
}

// one returns the record of type t that a query finds by some keys.
func (s *state) one(t roster.Type, stmt *sql.Stmt, keys ...any) (roster.Entity, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	quiet := context.WithoutCancel(s.ctx)
	number, err := s.w.collectionOf(quiet, collection{s.org, t})
	if err != nil || number == 0 {
		return nil, err
	}
	var doc []byte
	err = stmt.QueryRowContext(quiet, append([]any{number}, keys...)...).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	if err != nil {
		return nil, fmt.Errorf("look up a %s: %w", t, err)
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
	return store.EachOf(t, func(last roster.ID) ([]roster.Entity, error) { return s.page(t, last) }, fn)
}

// page returns the next records after an id.
func (s *state) page(t roster.Type, after roster.ID) ([]roster.Entity, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	quiet := context.WithoutCancel(s.ctx)
	number, err := s.w.collectionOf(quiet, collection{s.org, t})
	if err != nil || number == 0 {
		return nil, err
	}
	rows, err := s.w.each.QueryContext(quiet, number, after[:], store.PageSize)
	if err != nil {
		return nil, err
	}
	return readRecords(t, rows)
}

// readRecords reads rows with a document of type t each, and closes them.
func readRecords(t roster.Type, rows *sql.Rows) (records []roster.Entity, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var doc sql.RawBytes
		if err := rows.Scan(&doc); err != nil {
			return nil, err
		}
		e, err := roster.DecodeEntity(t, doc)
		if err != nil {
			return nil, err
		}
		records = append(records, e)
	}
	return records, rows.Err()
}
