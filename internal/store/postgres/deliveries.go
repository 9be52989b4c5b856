package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What is asked about the delivery to webhooks. Where a webhook has no standing, its columns are NULL.
const (
	standingColumns = `s.position, s.round, s.attempts, s.next_at, s.last_at, s.last_took, s.last_status,
		s.last_error, s.succeeded_at, s.failing_since`
	hooksQuery = `SELECT e.org_id, o.version, e.doc, ` + standingColumns + `
		FROM entities AS e JOIN organizations AS o ON o.id = e.org_id
			LEFT JOIN webhook_standings AS s ON s.org_id = e.org_id AND s.webhook_id = e.id
		WHERE e.type = 'webhook' ORDER BY e.org_id, e.id`
	standingsQuery = `SELECT s.webhook_id, ` + standingColumns + ` FROM webhook_standings AS s WHERE s.org_id = $1`

	deliveriesQuery = `SELECT version, round, state, attempts, at, took, status, error FROM webhook_deliveries
		WHERE org_id = $1 AND webhook_id = $2`

	keepStanding = `INSERT INTO webhook_standings (org_id, webhook_id, position, round, attempts, next_at, last_at,
			last_took, last_status, last_error, succeeded_at, failing_since)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (org_id, webhook_id) DO UPDATE SET position = excluded.position, round = excluded.round,
			attempts = excluded.attempts, next_at = excluded.next_at, last_at = excluded.last_at,
			last_took = excluded.last_took, last_status = excluded.last_status, last_error = excluded.last_error,
			succeeded_at = excluded.succeeded_at, failing_since = excluded.failing_since
		WHERE (webhook_standings.round, webhook_standings.position) <= (excluded.round, excluded.position)`
	keepDelivery = `INSERT INTO webhook_deliveries (org_id, webhook_id, version, round, state, attempts, at, took,
			status, error)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (org_id, webhook_id, version, round) DO UPDATE SET state = excluded.state,
			attempts = excluded.attempts, at = excluded.at, took = excluded.took, status = excluded.status,
			error = excluded.error`
	trimDeliveries = `DELETE FROM webhook_deliveries WHERE org_id = $1 AND webhook_id = $2 AND state = $3
		AND (at, version, round) <= (SELECT at, version, round FROM webhook_deliveries
			WHERE org_id = $1 AND webhook_id = $2 AND state = $3
			ORDER BY at DESC, version DESC, round DESC LIMIT 1 OFFSET $4)`
	forgetStanding   = `DELETE FROM webhook_standings WHERE org_id = $1 AND webhook_id = $2`
	forgetDeliveries = `DELETE FROM webhook_deliveries WHERE org_id = $1 AND webhook_id = $2`
)

// Hooks implements [store.Store]. It reads all before any is looked at: who looks may call the store.
func (s *Store) Hooks(ctx context.Context, fn func(roster.Hook) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	hooks, err := s.hooks(ctx)
	if err != nil {
		return readError(ctx, "read the webhooks", err)
	}
	for _, h := range hooks {
		if err := fn(h); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) hooks(ctx context.Context) (hooks []roster.Hook, err error) {
	err = s.query(ctx, func(rows pgx.Rows) error {
		h, err := scanHook(rows)
		hooks = append(hooks, h)
		return err
	}, hooksQuery)
	return hooks, err
}

func scanHook(rows pgx.Rows) (roster.Hook, error) {
	var org roster.ID
	var version roster.Version
	var doc []byte
	var standing store.StandingRow
	if err := rows.Scan(standing.Columns(scanID{&org}, &version, &doc)...); err != nil {
		return roster.Hook{}, err
	}
	return store.HookOf(org, version, doc, &standing)
}

// Standings implements [store.Store].
func (s *Store) Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	all := map[roster.ID]roster.Standing{}
	err := s.query(ctx, func(rows pgx.Rows) error {
		var webhook roster.ID
		var standing store.StandingRow
		err := rows.Scan(standing.Columns(scanID{&webhook})...)
		all[webhook] = standing.Standing(roster.Standing{})
		return err
	}, standingsQuery, uid(org))
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read where the webhooks of %s stand", org), err)
	}
	return all, nil
}

// KeepProgress implements [store.Store]. Each organization has a transaction of its own.
func (s *Store) KeepProgress(ctx context.Context, progress []roster.Progress) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	byOrg := map[roster.ID][]roster.Progress{}
	for _, p := range progress {
		byOrg[p.Org] = append(byOrg[p.Org], p)
	}
	for org, progress := range byOrg {
		err := s.transact(ctx, org, func(t *transaction) error { return t.keepProgress(progress) }, notKnown)
		if err != nil {
			return readError(ctx, "keep the progress of webhooks", err)
		}
	}
	return nil
}

// keepProgress keeps the progress of webhooks of the organization.
func (t *transaction) keepProgress(progress []roster.Progress) error {
	if err := t.lock(); err != nil {
		return err
	}
	var ids []roster.ID
	for i := range progress {
		ids = append(ids, progress[i].Webhook)
	}
	hooks, err := (&state{t}).findAll(roster.TypeWebhook, ids, nil)
	if err != nil {
		return err
	}
	there := map[roster.ID]bool{}
	for _, h := range hooks {
		there[h.Key().ID] = true
	}
	var steps []step
	for i := range progress {
		if there[progress[i].Webhook] {
			steps = append(steps, progressSteps(&progress[i])...)
		}
	}
	return t.send(steps, true)
}

func progressSteps(p *roster.Progress) []step {
	s := &p.Standing
	steps := append([]step{{query: keepStanding, args: []any{
		uid(p.Org), uid(p.Webhook), int64(s.Position), s.Round, s.Attempts, int64(s.NextAt),
		int64(s.Last.At), s.Last.Took.Milliseconds(), s.Last.Status, s.Last.Error, int64(s.SucceededAt),
		int64(s.FailingSince),
	}}}, answerSteps(p.Org, p.Answers)...)
	for _, d := range p.Deliveries {
		steps = append(steps, step{query: keepDelivery, args: []any{
			uid(p.Org), uid(p.Webhook), int64(d.Version), d.Round, string(d.State), d.Attempts,
			int64(d.Last.At), d.Last.Took.Milliseconds(), d.Last.Status, d.Last.Error,
		}})
	}
	if len(p.Deliveries) == 0 {
		return steps
	}
	for _, state := range []roster.DeliveryState{roster.Delivered, roster.Dead} {
		steps = append(steps, step{query: trimDeliveries, args: []any{
			uid(p.Org), uid(p.Webhook), string(state), state.Kept(),
		}})
	}
	return steps
}

// Deliveries implements [store.Store].
func (s *Store) Deliveries(ctx context.Context, org, webhook roster.ID) (list []roster.Delivery, err error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	err = s.query(ctx, func(rows pgx.Rows) error {
		d, err := store.ScanDelivery(rows)
		list = append(list, d)
		return err
	}, deliveriesQuery, uid(org), uid(webhook))
	if err != nil {
		return nil, readError(ctx, fmt.Sprintf("read the deliveries to webhook %s", webhook), err)
	}
	return roster.KeepDeliveries(list, nil), nil
}
