package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster/internal/store"
)

// What is asked about buckets. Times are nanoseconds since 1970 by the server's clock; $3 is how many requests are
// wanted, $4 the bucket's gap and $5 its size. drawn is there to be returned: RETURNING does not see what was before.
const (
	drawBucket = `INSERT INTO buckets AS b (org_id, key, full_at, drawn)
		VALUES ($1, $2, least($3::bigint, $5::bigint) * $4::bigint +
			(extract(epoch FROM now()) * 1000000)::bigint * 1000, least($3::bigint, $5::bigint))
		ON CONFLICT (org_id, key) DO UPDATE SET (full_at, drawn) = (
			SELECT base + n * $4::bigint, n FROM (
				SELECT base, least($3::bigint, (now_ns + $4::bigint * $5::bigint - base) / $4::bigint) AS n FROM (
					SELECT now_ns, least(greatest(b.full_at, now_ns), now_ns + $4::bigint * $5::bigint) AS base FROM (
						SELECT (extract(epoch FROM now()) * 1000000)::bigint * 1000 AS now_ns
					) AS clock
				) AS owed
			) AS possible
		)
		RETURNING drawn, full_at - (extract(epoch FROM now()) * 1000000)::bigint * 1000`
	forgetBuckets = `DELETE FROM buckets WHERE full_at < (extract(epoch FROM now()) * 1000000)::bigint * 1000`

	// hasty has a transaction not wait for the disk. What a failing server loses of it are requests that were counted.
	hasty = `SELECT set_config('synchronous_commit', 'off', true)`
)

var _ store.Buckets = (*Store)(nil)

// Draw implements [store.Buckets].
func (s *Store) Draw(ctx context.Context, b store.Bucket, want int64) (got int64, full time.Duration, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, 0, err
	}
	defer s.gate.Leave()
	var batch pgx.Batch
	batch.Queue(hasty)
	batch.Queue(drawBucket, uid(b.Org), b.Key, want, b.Gap.Nanoseconds(), b.Size).QueryRow(func(row pgx.Row) error {
		return row.Scan(&got, &full)
	})
	err = s.beside(ctx, func(conn *pgx.Conn) error { return conn.SendBatch(ctx, &batch).Close() })
	if err != nil {
		return 0, 0, readError(ctx, "draw from a bucket", err)
	}
	return got, full, nil
}
