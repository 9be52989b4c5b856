package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What is asked about the delivery to webhooks. Where a webhook has no standing, its columns are NULL.
const (
	standingColumns = `s.position, s.round, s.attempts, s.next_at, s.last_at, s.last_took, s.last_status,
		s.last_error, s.succeeded_at, s.failing_since`
	hooksQuery = `SELECT e.org_id, o.version, e.doc, ` + standingColumns + `
		FROM entities AS e INDEXED BY entities_webhook JOIN organizations AS o ON o.id = e.org_id
			LEFT JOIN webhook_standings AS s ON s.org_id = e.org_id AND s.webhook_id = e.id
		WHERE e.type = 'webhook' AND e.org_id > x'' ORDER BY e.org_id, e.id`
	standingsQuery = `SELECT s.webhook_id, ` + standingColumns + ` FROM webhook_standings AS s WHERE s.org_id = ?`

	deliveriesQuery = `SELECT version, round, state, attempts, at, took, status, error FROM webhook_deliveries
		WHERE org_id = ? AND webhook_id = ?`
)

// deliveryStatements are those that write what is kept of the delivery to webhooks.
func (w *writer) deliveryStatements() []statement {
	const exists = ` FROM entities WHERE org_id = ? AND type = 'webhook' AND id = ?`
	return []statement{
		{&w.keepStanding, `INSERT OR REPLACE INTO webhook_standings (position, round, attempts, next_at, last_at,
			last_took, last_status, last_error, succeeded_at, failing_since, org_id, webhook_id)
			SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, org_id, id` + exists},
		{&w.overtaken, `SELECT count(*) FROM webhook_standings
			WHERE org_id = ? AND webhook_id = ? AND (round, position) > (?, ?)`},
		{&w.keepDelivery, `INSERT OR REPLACE INTO webhook_deliveries (version, round, state, attempts, at, took, status,
			error, org_id, webhook_id)
			SELECT ?, ?, ?, ?, ?, ?, ?, ?, org_id, id` + exists},
		{&w.trimDeliveries, `DELETE FROM webhook_deliveries WHERE org_id = ?1 AND webhook_id = ?2 AND state = ?3
			AND (at, version, round) <= (SELECT at, version, round FROM webhook_deliveries
				WHERE org_id = ?1 AND webhook_id = ?2 AND state = ?3
				ORDER BY at DESC, version DESC, round DESC LIMIT 1 OFFSET ?4)`},
		{&w.forgetStanding, `DELETE FROM webhook_standings WHERE org_id = ? AND webhook_id = ?`},
		{&w.forgetDeliveries, `DELETE FROM webhook_deliveries WHERE org_id = ? AND webhook_id = ?`},
		{&w.deleteStandings, `DELETE FROM webhook_standings WHERE org_id = ?`},
		{&w.deleteDeliveries, `DELETE FROM webhook_deliveries WHERE org_id = ?`},
	}
}

// Hooks implements [store.Store].
func (s *Store) Hooks(ctx context.Context, fn func(roster.Hook) error) error {
	var failed error
	err := s.each(ctx, func(rows *sql.Rows) error {
		h, err := scanHook(rows)
		if err != nil {
			return err
		}
		failed = fn(h)
		return failed
	}, hooksQuery)
	if failed != nil || err == nil {
		return failed
	}
	return readError(ctx, "read the webhooks", err)
}

// scanHook reads a row of hooksQuery.
func scanHook(rows *sql.Rows) (roster.Hook, error) {
	var org roster.ID
	var version roster.Version
	var doc sql.RawBytes
	var standing store.StandingRow
	if err := rows.Scan(standing.Columns(scanID{&org}, &version, &doc)...); err != nil {
		return roster.Hook{}, err
	}
	return store.HookOf(org, version, doc, &standing)
}

// Standings implements [store.Store].
func (s *Store) Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error) {
	all := map[roster.ID]roster.Standing{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var webhook roster.ID
		var standing store.StandingRow
		err := rows.Scan(standing.Columns(scanID{&webhook})...)
		all[webhook] = standing.Standing(roster.Standing{})
		return err
	}, standingsQuery, org[:])
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read where the webhooks of %s stand", org), err)
	}
	return all, nil
}

// KeepProgress implements [store.Store]. That of all organizations shares one transaction.
func (s *Store) KeepProgress(ctx context.Context, progress []roster.Progress) error {
	return s.change(ctx, "keep the progress of webhooks", func(w *writer) error {
		for i := range progress {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.keepProgress(context.WithoutCancel(ctx), &progress[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *writer) keepProgress(ctx context.Context, p *roster.Progress) error {
	exists, err := w.keepStandingOf(ctx, p)
	if err != nil || !exists {
		return err
	}
	if err := w.keepAnswers(ctx, p.Org, p.Answers...); err != nil {
		return err
	}
	for _, d := range p.Deliveries {
		_, err := w.keepDelivery.ExecContext(ctx, int64(d.Version), d.Round, string(d.State), d.Attempts,
			int64(d.Last.At), d.Last.Took.Milliseconds(), d.Last.Status, d.Last.Error, p.Org[:], p.Webhook[:])
		if err != nil {
			return err
		}
	}
	if len(p.Deliveries) == 0 {
		return nil
	}
	for _, state := range []roster.DeliveryState{roster.Delivered, roster.Dead} {
		_, err := w.trimDeliveries.ExecContext(ctx, p.Org[:], p.Webhook[:], string(state), state.Kept())
		if err != nil {
			return err
		}
	}
	return nil
}

// keepStandingOf keeps where a webhook stands unless what is kept is later, and reports whether there is the webhook.
func (w *writer) keepStandingOf(ctx context.Context, p *roster.Progress) (exists bool, err error) {
	s := &p.Standing
	err = w.overtaken.QueryRowContext(ctx, p.Org[:], p.Webhook[:], s.Round, int64(s.Position)).Scan(&exists)
	if err != nil || exists {
		return exists, err
	}
	kept, err := affected(w.keepStanding.ExecContext(ctx, int64(s.Position), s.Round, s.Attempts, int64(s.NextAt),
		int64(s.Last.At), s.Last.Took.Milliseconds(), s.Last.Status, s.Last.Error, int64(s.SucceededAt),
		int64(s.FailingSince), p.Org[:], p.Webhook[:]))
	return kept > 0, err
}

// Deliveries implements [store.Store].
func (s *Store) Deliveries(ctx context.Context, org, webhook roster.ID) (list []roster.Delivery, err error) {
	err = s.each(ctx, func(rows *sql.Rows) error {
		d, err := store.ScanDelivery(rows)
		list = append(list, d)
		return err
	}, deliveriesQuery, org[:], webhook[:])
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the deliveries to webhook %s", webhook), err)
	}
	return roster.KeepDeliveries(list, nil), nil
}
