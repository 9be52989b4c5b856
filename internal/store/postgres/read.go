package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/roster-dev/roster"
)

// What readers ask. Those about all organizations are few, and asked when a server starts or now and then.
const (
	orgsQuery = `SELECT version, next, doc FROM organizations WHERE (number, id) > ($1, $2)
		ORDER BY number, id LIMIT $3`
	changesQuery = `SELECT version, at, actor, ops FROM changes WHERE org_id = $1
		AND version > greatest($2, coalesce((SELECT trimmed_to FROM organizations WHERE id = $1), 0))
		ORDER BY version LIMIT $3`
	userOrgsQuery = `SELECT o.id FROM organizations AS o
		WHERE EXISTS (SELECT 1 FROM entities AS e WHERE e.org_id = o.id AND e.type = 'user' AND e.id = $1)
		ORDER BY o.id`
)

// query calls fn with each row of a query.
func (s *Store) query(ctx context.Context, fn func(pgx.Rows) error, query string, args ...any) error {
	return s.onReader(ctx, func(conn *pgx.Conn) (begun bool, err error) {
		rows, err := conn.Query(ctx, query, args...)
		if err == nil {
			err = each(rows, func(rows pgx.Rows) error {
				begun = true
				return fn(rows)
			})
		}
		return begun, err
	})
}

// queryRow reads the one row of a query into dest, or fails with [pgx.ErrNoRows].
func (s *Store) queryRow(ctx context.Context, dest []any, query string, args ...any) error {
	return s.onReader(ctx, func(conn *pgx.Conn) (begun bool, err error) {
		return false, conn.QueryRow(ctx, query, args...).Scan(dest...)
	})
}

// onReader calls fn with a connection to read on, and once more with a new one where that was lost before anything had
// begun: what was open to a server that is gone stays in the pool until it is used.
func (s *Store) onReader(ctx context.Context, fn func(*pgx.Conn) (begun bool, err error)) error {
	for first := true; ; first = false {
		conn, err := s.readers.Acquire(ctx)
		if err != nil {
			return err
		}
		begun, err := fn(conn.Conn())
		err = broken(conn.Conn(), err)
		conn.Release()
		if !first || begun || !isStale(err) || ctx.Err() != nil {
			return err
		}
		s.readers.Reset()
	}
}

// Orgs implements [store.Store]. It reads a page at a time, the first of which is small: some want to know only whether
// the store answers.
func (s *Store) Orgs(ctx context.Context, fn func(*roster.Organization) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	number, id := int64(-1), roster.ID{}
	for most := 16; ; most = min(4*most, 4096) {
		page, err := s.orgs(ctx, number, id, most)
		if err != nil {
			return readError(ctx, "read the organizations", err)
		}
		for _, o := range page {
			if err := fn(o); err != nil {
				return err
			}
			number, id = o.Number, o.ID
		}
		if len(page) < most {
			return nil
		}
	}
}

func (s *Store) orgs(
	ctx context.Context, number int64, id roster.ID, most int,
) (page []*roster.Organization, err error) {
	err = s.query(ctx, func(rows pgx.Rows) error {
		o, err := scanOrg(rows)
		page = append(page, o)
		return err
	}, orgsQuery, number, uid(id), most)
	return page, err
}

// scanOrg reads the columns version, next and doc of an organization.
func scanOrg(row pgx.Row) (*roster.Organization, error) {
	var version int64
	var next roster.Numbers
	var doc []byte
	if err := row.Scan(&version, scanJSON{&next}, &doc); err != nil {
		return nil, err
	}
	e, err := roster.DecodeEntity(roster.TypeOrganization, doc)
	if err != nil {
		return nil, err
	}
	o := e.(*roster.Organization) //nolint:forcetypeassert // by its type
	o.Version, o.Next = roster.Version(version), next
	return o, nil
}

// Record implements [store.Store].
func (s *Store) Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	var doc []byte
	err := s.queryRow(ctx, []any{&doc}, byID, uid(org), string(t), uid(id))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // as it says
	}
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the %s %s", t, id), err)
	}
	return roster.DecodeEntity(t, doc)
}

// Changes implements [store.Store].
func (s *Store) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	var changes []roster.Change
	err := s.query(ctx, func(rows pgx.Rows) error {
		change, err := scanChange(org, rows)
		changes = append(changes, change)
		return err
	}, changesQuery, uid(org), int64(after), limit)
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the changes of %s after version %d", org, after), err)
	}
	return changes, nil
}

func scanChange(org roster.ID, row pgx.Row) (change roster.Change, err error) {
	change.Org = org
	var ops []byte
	if err := row.Scan(&change.Version, &change.At, scanID{&change.Actor}, (*pgtype.DriverBytes)(&ops)); err != nil {
		return change, err
	}
	if change.Ops, err = roster.DecodeOps(ops); err != nil {
		return change, fmt.Errorf("decode the change to version %d: %w", change.Version, err)
	}
	return change, nil
}

// Changes implements [store.Recent].
func (s *state) Changes(after roster.Version, limit int) (changes []roster.Change, err error) {
	err = s.t.rows(func(rows pgx.Rows) error {
		change, err := scanChange(s.t.org, rows)
		changes = append(changes, change)
		return err
	}, changesQuery, uid(s.t.org), int64(after), limit)
	if err != nil {
		return nil, fmt.Errorf("read what others have written to %s: %w", s.t.org, err)
	}
	return changes, nil
}
