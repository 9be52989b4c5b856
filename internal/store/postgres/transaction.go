package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What a transaction about an organization begins with. Both lock its row, so that such transactions come one after the
// other; under READ COMMITTED what is asked after that sees everything that was committed before.
const (
	bumpVersion = `UPDATE organizations SET version = version + 1,
		touched = greatest(touched, (extract(epoch FROM now()) * 1000)::bigint) WHERE id = $1
		RETURNING version - 1, next`
	lockVersion = `SELECT version, next FROM organizations WHERE id = $1 FOR UPDATE`
	lastEntry   = `SELECT seq, hash FROM audit_entries WHERE org_id = $1 ORDER BY seq DESC LIMIT 1`
)

// transaction is a transaction about one organization, which nobody else can write to meanwhile. It is not safe for
// concurrent use.
type transaction struct {
	*Store

	// ctx is that of the call; quiet ends later, since a connection on which a statement is cancelled is lost.
	ctx, quiet context.Context
	cancel     context.CancelFunc // of quiet
	conn       *pgxpool.Conn
	org        roster.ID
	version    roster.Version // before, 0 where the organization does not exist
	next       roster.Numbers // that are free, before
	last       roster.Entry   // of the audit, as far as the next one needs it; only where the version was bumped
	attempt    pgtype.UUID    // names the transaction
	failed     error          // of the last statement that failed
	committing bool           // whether COMMIT was sent
	ended      bool
}

// transact runs fn in a transaction about org, again where that can help, and reports what it failed with. Where the
// connection is lost while it commits, known is asked on a new one whether it has.
func (s *Store) transact(
	ctx context.Context, org roster.ID, fn func(*transaction) error, known func(*transaction) (bool, error),
) error {
	done, err := s.queues.wait(ctx, org)
	if err != nil {
		return err
	}
	defer done()
	return s.again(ctx, func() (retry bool, err error) {
		t, err := s.run(ctx, org, fn)
		if err == nil {
			return false, nil
		}
		if t != nil && t.committing && !isRefused(err) {
			committed, askErr := s.settle(ctx, t, known)
			if committed || askErr != nil {
				return false, askErr
			}
			return true, err // it was not committed
		}
		if isReadOnly(err) {
			s.writers.Reset() // the connections lead to what was the primary
		}
		if t != nil && t.failed != nil && isWorthRetrying(t.failed) {
			return true, err
		}
		return isWorthRetrying(err) || errors.Is(err, errAgain), err
	})
}

// again calls fn until it does not want to be called again, for a while.
func (s *Store) again(ctx context.Context, fn func() (retry bool, err error)) error {
	end := time.Now().Add(s.retryFor)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		retry, err := fn()
		if !retry || time.Now().After(end) {
			return err
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// pause waits for about as long.
func pause(ctx context.Context, about time.Duration) error {
	select {
	case <-time.After(about/2 + rand.N(about)): //nolint:gosec // not a secret
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run runs fn in a transaction, which it commits where fn has not ended it. The transaction it returns is over.
func (s *Store) run(ctx context.Context, org roster.ID, fn func(*transaction) error) (t *transaction, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	conn, err := s.writers.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), transactionTime)
	t = &transaction{Store: s, ctx: ctx, quiet: quiet, cancel: cancel, conn: conn, org: org, attempt: newNonce()}
	defer func() { t.cancel() }()
	defer t.rollback()
	if err := fn(t); err != nil || t.ended {
		return t, t.broken(err)
	}
	return t, t.broken(t.commit())
}

// extend gives the transaction and its statements more time, for what is large.
func (t *transaction) extend() error {
	t.cancel()
	t.quiet, t.cancel = context.WithTimeout(context.WithoutCancel(t.ctx), largeTime)
	return t.set(noTimeout, compressFast)
}

// compressFast has what the rest of the transaction writes and the database compresses be compressed four times as fast
// as usual, and as small, where the server was built for it and its operator has not chosen.
const compressFast = `SELECT set_config('default_toast_compression', 'lz4', true) FROM pg_settings
	WHERE name = 'default_toast_compression' AND source = 'default' AND 'lz4' = ANY(enumvals)`

// set runs statements that change settings for the rest of the transaction.
func (t *transaction) set(queries ...string) error {
	for _, query := range queries {
		if _, err := t.conn.Exec(t.quiet, query); err != nil {
			return t.note(err)
		}
	}
	return nil
}

func (t *transaction) broken(err error) error { return broken(t.conn.Conn(), err) }

// note keeps what a statement failed with.
func (t *transaction) note(err error) error {
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		err = t.broken(err)
		t.failed = err
	}
	return err
}

// bump begins the transaction with the next version.
func (t *transaction) bump() error {
	var b pgx.Batch
	b.Queue(t.begin)
	b.Queue(bumpVersion, uid(t.org)).QueryRow(t.scanVersion)
	b.Queue(lastEntry, uid(t.org)).QueryRow(func(row pgx.Row) error {
		return orNone(row.Scan(&t.last.Seq, scanBytes(t.last.Hash[:])))
	})
	if err := t.note(t.conn.SendBatch(t.quiet, &b).Close()); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

// lock begins the transaction at the present version.
func (t *transaction) lock() error {
	var b pgx.Batch
	b.Queue(t.begin)
	b.Queue(lockVersion, uid(t.org)).QueryRow(t.scanVersion)
	if err := t.note(t.conn.SendBatch(t.quiet, &b).Close()); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return nil
}

func (t *transaction) scanVersion(row pgx.Row) error {
	return orNone(row.Scan(&t.version, scanJSON{&t.next}))
}

// orNone returns err but for there being no rows.
func orNone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return err
}

func (t *transaction) commit() error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	t.committing = true
	tag, err := t.conn.Exec(t.quiet, "COMMIT")
	if err = t.note(err); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return t.committed(tag)
}

func (t *transaction) committed(tag pgconn.CommandTag) error {
	t.ended = true
	if tag.String() != "COMMIT" {
		return &pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "40000", Message: "the transaction was rolled back"}
	}
	return nil
}

// rollback ends the transaction if it has not ended. Where that can't be, its connection is closed.
func (t *transaction) rollback() { t.undo(t.ctx) }

func (t *transaction) undo(ctx context.Context) {
	if t.ended || t.conn.Conn().IsClosed() {
		return
	}
	t.ended = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	if _, err := t.conn.Exec(ctx, "ROLLBACK"); err != nil {
		_ = t.conn.Conn().Close(ctx)
	}
}

// isRefused reports whether the server says that it has not committed. Where it ends the session meanwhile, it may
// have.
func isRefused(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.SeverityUnlocalized == "ERROR" && e.Code != "40003" && e.Code != "57014"
}

// settle finds out whether a transaction was committed whose connection was lost meanwhile. It fails with
// [store.ErrUnknown] where it can't.
func (s *Store) settle(ctx context.Context, lost *transaction, known func(*transaction) (bool, error)) (bool, error) {
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settleFor)
	defer cancel()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 500*time.Millisecond) {
		committed := false
		_, err := s.run(quiet, lost.org, func(t *transaction) (err error) {
			t.attempt = lost.attempt
			// Nobody else has the row: what was under way has ended.
			if err := t.lock(); err != nil {
				return err
			}
			if t.version == 0 {
				err = t.waitForCreation()
			}
			if err == nil {
				committed, err = known(t)
			}
			t.rollback()
			return err
		})
		if err == nil {
			return committed, nil
		}
		if pause(quiet, wait) != nil {
			return false, store.ErrUnknown
		}
	}
}

// waitForCreation waits for a transaction that creates the organization, and reads its version.
func (t *transaction) waitForCreation() error {
	tag, err := t.conn.Exec(t.quiet, orgHolder, uid(t.org))
	if err != nil || tag.RowsAffected() > 0 {
		return t.note(err)
	}
	return t.note(t.scanVersion(t.conn.QueryRow(t.quiet, lockVersion, uid(t.org))))
}

// step is a statement, and what must come of it; or rows that are copied.
type step struct {
	query string
	args  []any
	must  error // fails with this where no row is affected; nil for nothing

	rows    pgx.CopyFromSource // into the columns of the table that query names; nil for a statement
	columns []string
}

// send runs steps in one round trip, or in a few where there are many, and then commits if it is to.
func (t *transaction) send(steps []step, commit bool) error {
	const most = 1000
	for {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		if len(steps) > 0 && steps[0].rows != nil {
			if err := t.copyRows(steps[0]); err != nil {
				return err
			}
			steps = steps[1:]
		}
		n := min(len(steps), most)
		if next := slices.IndexFunc(steps[:n], step.isCopy); next >= 0 {
			n = next
		}
		last := n == len(steps)
		if err := t.sendSome(steps[:n], commit && last); err != nil || last {
			return err
		}
		steps = steps[n:]
	}
}

func (s step) isCopy() bool { return s.rows != nil }

// copyRows copies rows, in a few round trips.
func (t *transaction) copyRows(s step) error {
	_, err := t.conn.CopyFrom(t.quiet, pgx.Identifier{s.query}, s.columns, s.rows)
	return t.note(err)
}

func (t *transaction) sendSome(steps []step, commit bool) (err error) {
	if len(steps) == 0 && !commit {
		return nil
	}
	var b pgx.Batch
	for _, s := range steps {
		b.Queue(s.query, s.args...)
	}
	if commit {
		b.Queue("COMMIT")
		t.committing = true
	}
	results := t.conn.SendBatch(t.quiet, &b)
	var missed error
	for _, s := range steps {
		tag, err := results.Exec()
		if err != nil {
			return errors.Join(t.note(err), ignore(results.Close()))
		}
		if missed == nil && tag.RowsAffected() == 0 {
			missed = s.must
		}
	}
	if commit {
		tag, err := results.Exec()
		if err != nil {
			return errors.Join(t.note(err), ignore(results.Close()))
		}
		err = t.committed(tag)
		return errors.Join(err, ignore(results.Close()))
	}
	if err := t.note(results.Close()); err != nil {
		return err
	}
	return missed
}

// ignore says that an error comes of one that is known already.
func ignore(error) error { return nil }

// rows calls fn with each row of a query.
func (t *transaction) rows(fn func(pgx.Rows) error, query string, args ...any) error {
	rows, err := t.conn.Query(t.quiet, query, args...)
	if err == nil {
		err = each(rows, fn)
	}
	return t.note(err)
}

// each calls fn with each of rows, and closes them.
func each(rows pgx.Rows, fn func(pgx.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
