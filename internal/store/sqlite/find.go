package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Finder = (*state)(nil)

// FindAll implements [store.Finder].
func (s *state) FindAll(t roster.Type, ids []roster.ID, keys []roster.Keys) ([]roster.Entity, error) {
	if t == roster.TypeOrganization {
		return nil, errors.New("there is one organization: look it up by itself")
	}
	var byID, byNumber, byEmail, byIdentifier []any
	for _, id := range ids {
		byID = append(byID, id[:])
	}
	for _, k := range keys {
		switch {
		case k.Number != 0:
			byNumber = append(byNumber, k.Number)
		case k.Email != "":
			byEmail = append(byEmail, k.Email)
		case k.Identifier != "":
			byIdentifier = append(byIdentifier, k.Identifier)
		default:
			return nil, fmt.Errorf("look up many of %+v", k)
		}
	}
	var found []roster.Entity
	for _, ask := range []struct {
		stmt *sql.Stmt
		keys []any
	}{
		{s.w.allByID, byID},
		{s.w.allByNumber, byNumber},
		{s.w.allByEmail, byEmail},
		{s.w.allByIdentifier, byIdentifier},
	} {
		for some := range slices.Chunk(ask.keys, keysAtOnce) {
			page, err := s.some(t, ask.stmt, some)
			if err != nil {
				return nil, fmt.Errorf("look up many of type %s: %w", t, err)
			}
			found = append(found, page...)
		}
	}
	return found, nil
}

// some returns the records of type t that have one of at most keysAtOnce keys.
func (s *state) some(t roster.Type, stmt *sql.Stmt, keys []any) ([]roster.Entity, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	number, err := s.w.collectionOf(context.WithoutCancel(s.ctx), collection{s.org, t})
	if err != nil || number == 0 {
		return nil, err
	}
	args := make([]any, 1+keysAtOnce) // what is not filled is NULL, which nothing equals
	args[0] = number
	copy(args[1:], keys)
	rows, err := stmt.QueryContext(context.WithoutCancel(s.ctx), args...)
	if err != nil {
		return nil, err
	}
	return readRecords(t, rows)
}
