package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Batcher = (*Store)(nil)

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	return s.load(ctx, org, store.Each(fn))
}

// LoadBatches implements [store.Batcher].
func (s *Store) LoadBatches(
	ctx context.Context, org roster.ID, work func(iter.Seq[roster.Entity]) (then func() error),
) (roster.Version, error) {
	return s.load(ctx, org, store.EachBatch(work))
}

// load reads the records of org at one version, which it returns.
func (s *Store) load(ctx context.Context, org roster.ID, l store.Loading) (roster.Version, error) {
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
	if err := l.First(o); err != nil {
		return 0, err
	}
	err = l.Rest(ctx, func(reading context.Context, add func(roster.Type, string) error) error {
		if err := readDocuments(reading, tx, org, add); err != nil {
			return readError(ctx, fmt.Sprintf("read the records of %s", org), err)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	// All connections share the memory for pages. What this one has read will not be asked for again, but fills it, so
	// that the writer could keep no page from one change to the next.
	if _, err := tx.ExecContext(ctx, `PRAGMA shrink_memory`); err != nil {
		return 0, readError(ctx, "let go of what was read", err)
	}
	return version, nil
}

// readDocuments calls add with the documents of org in the order of Load: those without a number come first.
func readDocuments(ctx context.Context, tx *sql.Tx, org roster.ID, add func(roster.Type, string) error) error {
	for _, t := range roster.Types()[1:] {
		for _, query := range []string{unnumberedQuery, numberedQuery} {
			var doc string
			err := eachRow(ctx, tx, func(rows *sql.Rows) error {
				if err := rows.Scan(&doc); err != nil {
					return err
				}
				return add(t, doc)
			}, query, org[:], string(t))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
