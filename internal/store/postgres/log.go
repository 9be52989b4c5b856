package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// What the log of an organization is read with.
const (
	logQuery = `SELECT audited_since, version, coalesce((SELECT max(seq) FROM audit_entries WHERE org_id = $1), 0)
		FROM organizations WHERE id = $1`
	logEntries = `SELECT ` + entryColumns + `, NULL FROM audit_entries AS e
		WHERE e.org_id = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq LIMIT 500`
	logChanges = `SELECT version, at, actor, ops FROM changes
		WHERE org_id = $1 AND version > $2 AND version <= $3 ORDER BY version LIMIT 20`
)

// Log implements [store.Store].
func (s *Store) Log(ctx context.Context, org roster.ID) (audit.Log, error) {
	if err := s.enter(ctx); err != nil {
		return audit.Log{}, err
	}
	defer s.gate.Leave()
	log := audit.Log{Org: org}
	var last int64
	err := s.queryRow(ctx, []any{&log.Since, &log.Version, &last}, logQuery, uid(org))
	if errors.Is(err, pgx.ErrNoRows) {
		return audit.Log{}, store.NoOrg(org)
	}
	if err != nil {
		return audit.Log{}, logError(ctx, org, err)
	}
	return store.ReadLog(log, func(after int64) ([]roster.Entry, error) {
		page, err := s.entriesAfter(ctx, org, after, last)
		return page, logError(ctx, org, err)
	}, func(after int64) ([]audit.Change, error) {
		page, err := s.changesAfter(ctx, org, after, log.Version)
		return page, logError(ctx, org, err)
	}), nil
}

func logError(ctx context.Context, org roster.ID, err error) error {
	if err == nil {
		return nil
	}
	return readError(ctx, fmt.Sprintf("read the audit of %s", org), err)
}

func (s *Store) entriesAfter(ctx context.Context, org roster.ID, after, last int64) (page []roster.Entry, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.scanEntries(ctx, logEntries, []any{uid(org), after, last}, func(e roster.Entry, _ []roster.Op) error {
		page = append(page, e)
		return nil
	})
	return page, err
}

// changesAfter returns a few changes: one can have thousands of ops.
func (s *Store) changesAfter(
	ctx context.Context, org roster.ID, after int64, last roster.Version,
) (page []audit.Change, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.query(ctx, func(rows pgx.Rows) error {
		var c audit.Change
		err := rows.Scan(&c.Version, &c.At, scanID{&c.Actor}, &c.Ops)
		page = append(page, c)
		return err
	}, logChanges, uid(org), after, int64(last))
	return page, err
}
