package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Batcher = (*Store)(nil)

// Records in the order of Load: those without a number first.
const (
	beginRead       = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`
	loadOrg         = `SELECT version, next, doc FROM organizations WHERE id = $1`
	unnumberedQuery = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND number IS NULL ORDER BY id`
	numberedQuery   = `SELECT doc FROM entities WHERE org_id = $1 AND type = $2 AND number IS NOT NULL ORDER BY number`
)

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	return s.load(ctx, org, fn, func(b *batch) func() error {
		records := b.decode()
		return func() error {
			for _, e := range records {
				if err := fn(e); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// LoadBatches implements [store.Batcher].
func (s *Store) LoadBatches(
	ctx context.Context, org roster.ID, work func(iter.Seq[roster.Entity]) (then func() error),
) (roster.Version, error) {
	first := func(o roster.Entity) error {
		return work(func(yield func(roster.Entity) bool) { yield(o) })()
	}
	return s.load(ctx, org, first, func(b *batch) func() error { return work(b.each) })
}

// load reads the records of org at one version, which it returns: the organization for first and everything else for
// work, whose results it calls in order.
func (s *Store) load(
	ctx context.Context, org roster.ID, first func(roster.Entity) error, work func(*batch) (then func() error),
) (roster.Version, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	conn, o, err := s.snapshot(ctx, org)
	if isStale(err) { // as in onReader
		s.readers.Reset()
		conn, o, err = s.snapshot(ctx, org)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, store.NoOrg(org)
	}
	if err != nil {
		return 0, readError(ctx, fmt.Sprintf("read the organization %s", org), err)
	}
	defer endSnapshot(ctx, conn)
	version := o.Version
	if err := first(o); err != nil {
		return 0, err
	}
	if err := loadRecords(ctx, conn, org, work); err != nil {
		return 0, err
	}
	return version, nil
}

// snapshot begins to read an organization.
func (s *Store) snapshot(ctx context.Context, org roster.ID) (*pgxpool.Conn, *roster.Organization, error) {
	conn, err := s.readers.Acquire(ctx)
	if err != nil {
		return nil, nil, err
	}
	var o *roster.Organization
	var b pgx.Batch
	b.Queue(beginRead)
	b.Queue(noTimeout)
	b.Queue(loadOrg, uid(org)).QueryRow(func(row pgx.Row) (err error) {
		o, err = scanOrg(row)
		return err
	})
	if err := conn.SendBatch(ctx, &b).Close(); err != nil {
		err = broken(conn.Conn(), err)
		endSnapshot(ctx, conn)
		return nil, nil, err
	}
	return conn, o, nil
}

// endSnapshot gives the connection back.
func endSnapshot(ctx context.Context, conn *pgxpool.Conn) {
	defer conn.Release() // which closes one that is still in its transaction
	if ctx.Err() != nil || conn.Conn().IsClosed() {
		return
	}
	_, _ = conn.Exec(ctx, "ROLLBACK")
}

// batch is a run of documents of one type on its way from the database to the caller.
type batch struct {
	typ  roster.Type
	docs []string
	size int // of docs together
	err  error
	done chan struct{} // closed when then or err is there
	then func() error
}

// A batch is full at either of these.
const (
	batchSize     = 1024
	maxBatchBytes = 8 << 20
)

// loadRecords has everything but the organization worked on. Decoding takes several times longer than reading, so that
// batches of documents are worked on side by side and put into their order again.
func loadRecords(
	ctx context.Context, conn *pgxpool.Conn, org roster.ID, work func(*batch) func() error,
) error {
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	todo, ordered := make(chan *batch), make(chan *batch, 2*workers)
	var group errgroup.Group
	group.Go(func() error {
		defer close(todo)
		defer close(ordered)
		return readBatches(ctx, conn, org, func(b *batch) error {
			// To its worker first: who waits for it must not wait in vain.
			for _, to := range []chan<- *batch{todo, ordered} {
				select {
				case to <- b:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		group.Go(func() error {
			for b := range todo {
				b.then = work(b)
				b.docs = nil
				close(b.done)
			}
			return nil
		})
	}
	err := deliver(ordered)
	cancel()
	if readErr := group.Wait(); err == nil && readErr != nil {
		err = readError(outer, fmt.Sprintf("read the records of %s", org), broken(conn.Conn(), readErr))
	}
	return err
}

// deliver calls what the work on batches returned, in their order.
func deliver(batches <-chan *batch) error {
	for b := range batches {
		<-b.done
		if b.err != nil {
			return b.err
		}
		if err := b.then(); err != nil {
			return err
		}
	}
	return nil
}

// decode returns the records of b, or leaves an error in it.
func (b *batch) decode() []roster.Entity {
	records := make([]roster.Entity, len(b.docs))
	for i, doc := range b.docs {
		if records[i], b.err = roster.DecodeEntity(b.typ, []byte(doc)); b.err != nil {
			return nil
		}
	}
	return records
}

// each yields the records of b, users in one place, one after the other. It leaves an error in b.
func (b *batch) each(yield func(roster.Entity) bool) {
	var users roster.UserDecoder
	for _, doc := range b.docs {
		var e roster.Entity
		if b.typ == roster.TypeUser {
			e, b.err = users.Decode(doc)
		} else {
			e, b.err = roster.DecodeEntity(b.typ, []byte(doc))
		}
		if b.err != nil || !yield(e) {
			return
		}
	}
}

// readBatches calls emit with the documents of org in the order of Load. It asks for all of them at once.
func readBatches(ctx context.Context, conn *pgxpool.Conn, org roster.ID, emit func(*batch) error) error {
	types := roster.Types()[1:]
	var b pgx.Batch
	for _, t := range types {
		b.Queue(unnumberedQuery, uid(org), string(t))
		b.Queue(numberedQuery, uid(org), string(t))
	}
	results := conn.SendBatch(ctx, &b)
	for _, t := range types {
		if err := readType(results, t, emit); err != nil {
			_ = conn.Conn().Close(context.WithoutCancel(ctx)) // rather than to read the rest
			_ = results.Close()
			return err
		}
	}
	return results.Close()
}

// readType calls emit with the documents of a type, which are the next two results.
func readType(results pgx.BatchResults, t roster.Type, emit func(*batch) error) error {
	b := newBatch(t, 0)
	for range 2 {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		err = each(rows, func(rows pgx.Rows) error {
			var doc string
			if err := rows.Scan(&doc); err != nil {
				return err
			}
			b.docs, b.size = append(b.docs, doc), b.size+len(doc)
			if len(b.docs) < batchSize && b.size < maxBatchBytes {
				return nil
			}
			full := b
			b = newBatch(t, batchSize)
			return emit(full)
		})
		if err != nil {
			return err
		}
	}
	if len(b.docs) == 0 {
		return nil
	}
	return emit(b)
}

func newBatch(t roster.Type, room int) *batch {
	return &batch{typ: t, docs: make([]string, 0, room), done: make(chan struct{})}
}
