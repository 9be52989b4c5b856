package store

import (
	"context"
	"time"

	"github.com/roster-dev/roster"
)

// Deliveries is the part of a [Store] that is about the delivery of changes to webhooks. It stands beside the records:
// nothing of it is a change of an organization, and what is kept of a webhook goes when the webhook does.
type Deliveries interface {
	// Hooks calls fn with every webhook of every organization by their ids, until fn fails, and returns that error. fn
	// may call the store.
	Hooks(ctx context.Context, fn func(roster.Hook) error) error

	// Standings returns where the delivery to webhooks of org stands, by id, as far as that was kept. There are none
	// for an organization that does not exist. The map is the caller's.
	Standings(ctx context.Context, org roster.ID) (map[roster.ID]roster.Standing, error)

	// KeepProgress keeps standings, in the place of those before, deliveries, as [roster.KeepDeliveries] does, and
	// answers, in the place of those with the same key; it leaves out webhooks that do not exist, and standings that
	// are before the one that is kept ([roster.Standing.IsBefore]): they come from who was overtaken. Of each
	// organization all is kept, or none where it fails.
	KeepProgress(ctx context.Context, progress []roster.Progress) error

	// Deliveries returns what is kept of the deliveries to a webhook, the last message first, by round and then by
	// version. There are none for a webhook that does not exist. The slice is the caller's.
	Deliveries(ctx context.Context, org, webhook roster.ID) ([]roster.Delivery, error)
}

// Scanner is a row of a database.
type Scanner interface{ Scan(dest ...any) error }

// StandingRow has the columns position, round, attempts, next_at, last_at, last_took, last_status, last_error,
// succeeded_at and failing_since of where the delivery to a webhook stands; all NULL where it has no standing.
type StandingRow struct {
	position, round, attempts, nextAt, at, took, status, succeededAt, failingSince *int64
	text                                                                           *string
}

// Columns returns where to put the columns of a row, of which some stand before those of the standing.
func (s *StandingRow) Columns(before ...any) []any {
	return append(before, &s.position, &s.round, &s.attempts, &s.nextAt, &s.at, &s.took, &s.status, &s.text,
		&s.succeededAt, &s.failingSince)
}

// Standing returns what was read, or where there is no standing that which the delivery begins with.
func (s *StandingRow) Standing(begin roster.Standing) roster.Standing {
	if s.position == nil {
		return begin
	}
	return roster.Standing{
		Position: roster.Version(*s.position), Round: int(*s.round), Attempts: int(*s.attempts),
		NextAt: roster.Time(*s.nextAt),
		Last: roster.Attempt{
			At: roster.Time(*s.at), Took: milliseconds(*s.took), Status: int(*s.status), Error: *s.text,
		},
		SucceededAt: roster.Time(*s.succeededAt), FailingSince: roster.Time(*s.failingSince),
	}
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// HookOf returns the webhook of an organization at a version that has a document, and a standing.
func HookOf(org roster.ID, version roster.Version, doc []byte, s *StandingRow) (roster.Hook, error) {
	e, err := roster.DecodeEntity(roster.TypeWebhook, doc)
	if err != nil {
		return roster.Hook{}, err
	}
	w := e.(*roster.Webhook) //nolint:forcetypeassert // by its type
	return roster.Hook{Org: org, Version: version, Webhook: w, Standing: s.Standing(w.Begin())}, nil
}

// ScanDelivery reads the columns version, round, state, attempts, at, took, status and error.
func ScanDelivery(row Scanner) (d roster.Delivery, err error) {
	var took int64
	err = row.Scan(&d.Version, &d.Round, &d.State, &d.Attempts, &d.Last.At, &took, &d.Last.Status, &d.Last.Error)
	d.Last.Took = milliseconds(took)
	return d, err
}
