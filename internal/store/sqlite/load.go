package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	if err := s.gate.Enter(); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return 0, readError(ctx, "begin to read", err)
	}
	defer tx.Rollback()
	const query = `SELECT version, doc FROM organizations WHERE id = ?`
	o, err := scanOrg(tx.QueryRowContext(ctx, query, org[:]))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, store.NoOrg(org)
	}
	if err != nil {
		return 0, readError(ctx, fmt.Sprintf("read the organization %s", org), err)
	}
	if err := fn(o); err != nil {
		return 0, err
	}
	if err := loadRecords(ctx, tx, org, fn); err != nil {
		return 0, err
	}
	return o.Version, nil
}

// batch is a run of documents of one type on its way from the database to the caller.
type batch struct {
	typ     roster.Type
	docs    []byte // one after the other
	ends    []int  // where each of them ends
	records []roster.Entity
	err     error
	decoded chan struct{} // closed when records or err is there
}

// A batch is full at either of these.
const (
	batchSize     = 512
	maxBatchBytes = 1 << 20
)

// loadRecords calls fn with everything but the organization. Decoding takes several times longer than reading, so that
// batches of documents are decoded side by side and put into their order again.
func loadRecords(ctx context.Context, tx *sql.Tx, org roster.ID, fn func(roster.Entity) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	todo, ordered := make(chan *batch), make(chan *batch, 2*workers)
	var group errgroup.Group
	group.Go(func() error {
		defer close(todo)
		defer close(ordered)
		return readBatches(ctx, tx, org, func(b *batch) error {
			// To its decoder first: who waits for it must not wait in vain.
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
				b.decode()
			}
			return nil
		})
	}
	err := deliver(ordered, fn)
	cancel()
	if readErr := group.Wait(); err == nil && readErr != nil {
		err = readError(ctx, fmt.Sprintf("read the records of %s", org), readErr)
	}
	return err
}

// deliver calls fn with the records of batches in their order.
func deliver(batches <-chan *batch, fn func(roster.Entity) error) error {
	for b := range batches {
		<-b.decoded
		if b.err != nil {
			return b.err
		}
		for _, e := range b.records {
			if err := fn(e); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *batch) decode() {
	defer close(b.decoded)
	b.records = make([]roster.Entity, len(b.ends))
	start := 0
	for i, end := range b.ends {
		if b.records[i], b.err = roster.DecodeEntity(b.typ, b.docs[start:end]); b.err != nil {
			return
		}
		start = end
	}
}

func (b *batch) add(doc []byte) {
	b.docs = append(b.docs, doc...)
	b.ends = append(b.ends, len(b.docs))
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

func readType(ctx context.Context, tx *sql.Tx, org roster.ID, t roster.Type, emit func(*batch) error) (err error) {
	rows, err := tx.QueryContext(ctx, recordsQuery, org[:], string(t))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	newBatch := func(size int) *batch {
		docs, ends := make([]byte, 0, size), make([]int, 0, batchSize)
		return &batch{typ: t, docs: docs, ends: ends, decoded: make(chan struct{})}
	}
	b := newBatch(0)
	for rows.Next() {
		var doc sql.RawBytes
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		if b.add(doc); len(b.ends) == batchSize || len(b.docs) >= maxBatchBytes {
			if err := emit(b); err != nil {
				return err
			}
			b = newBatch(len(b.docs) + len(b.docs)/8) // the next one is likely to be as large
		}
	}
	if err := rows.Err(); err != nil || len(b.ends) == 0 {
		return err
	}
	return emit(b)
}
