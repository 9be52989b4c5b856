package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Batcher = (*Store)(nil)

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
	if err := s.gate.Enter(); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, readError(ctx, "begin to read", err)
	}
	defer tx.Rollback()
	o, err := scanOrg(tx.QueryRowContext(ctx, orgQuery, org[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.NoOrg(org)
	}
	if err != nil {
		return 0, readError(ctx, fmt.Sprintf("read the organization %s", org), err)
	}
	version := o.Version
	if err := first(o); err != nil {
		return 0, err
	}
	if err := loadRecords(ctx, tx, org, work); err != nil {
		return 0, err
	}
	// All connections share the memory for pages. What this one has read will not be asked for again, but fills it, so
	// that the writer could keep no page from one change to the next.
	if _, err := tx.ExecContext(ctx, `PRAGMA shrink_memory`); err != nil {
		return 0, readError(ctx, "let go of what was read", err)
	}
	return version, nil
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
func loadRecords(ctx context.Context, tx *sql.Tx, org roster.ID, work func(*batch) func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	todo, ordered := make(chan *batch), make(chan *batch, 2*workers)
	var group errgroup.Group
	group.Go(func() error {
		defer close(todo)
		defer close(ordered)
		return readBatches(ctx, tx, org, func(b *batch) error {
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
		err = readError(ctx, fmt.Sprintf("read the records of %s", org), readErr)
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

// Scan implements [sql.Scanner]: it adds a document without copying it.
func (b *batch) Scan(value any) error {
	var doc string
	switch value := value.(type) {
	case string:
		doc = value
	case []byte:
		doc = string(value)
	default:
		return fmt.Errorf("%T is not a document", value)
	}
	b.docs, b.size = append(b.docs, doc), b.size+len(doc)
	return nil
}

// readBatches calls emit with the documents of org in the order of Load.
func readBatches(ctx context.Context, tx *sql.Tx, org roster.ID, emit func(*batch) error) error {
	for _, t := range roster.Types()[1:] {
		if err := readType(ctx, tx, org, t, emit); err != nil {
			return err
		}
	}
	return nil
}

// readType calls emit with the documents of a type: those without a number come first.
func readType(ctx context.Context, tx *sql.Tx, org roster.ID, t roster.Type, emit func(*batch) error) error {
	b := newBatch(t, 0)
	for _, query := range []string{unnumberedQuery, numberedQuery} {
		err := readDocs(ctx, tx, query, collection{org, t}, func(rows *sql.Rows) error {
			if err := rows.Scan(b); err != nil {
				return err
			}
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

// readDocs calls scan with each row of a query about the records of a collection.
func readDocs(
	ctx context.Context, tx *sql.Tx, query string, c collection, scan func(*sql.Rows) error,
) (err error) {
	rows, err := tx.QueryContext(ctx, query, c.org[:], string(c.typ))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
