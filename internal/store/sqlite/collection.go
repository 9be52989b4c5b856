package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
)

// collection is the records of one type in one organization. In indexes a number stands for it.
type collection struct {
	org roster.ID
	typ roster.Type
}

func (w *writer) collectionStatements() []statement {
	return []statement{
		{&w.collection, `SELECT id FROM collections WHERE org_id = ? AND type = ?`},
		{&w.insertCollection, `INSERT INTO collections (org_id, type) VALUES (?, ?)`},
		{&w.deleteCollections, `DELETE FROM collections WHERE org_id = ?`},
	}
}

// collectionOf returns the number of a collection, or 0, which none has, where there is nothing of it yet.
func (w *writer) collectionOf(ctx context.Context, c collection) (number int64, err error) {
	if number, known := w.collections[c]; known {
		return number, nil
	}
	err = w.collection.QueryRowContext(ctx, c.org[:], string(c.typ)).Scan(&number)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look up what there is of type %s: %w", c.typ, err)
	}
	w.know(c, number)
	return number, nil
}

// know remembers the number of a collection.
func (w *writer) know(c collection, number int64) {
	const most = 100_000
	if len(w.collections) >= most {
		clear(w.collections)
	}
	w.collections[c] = number
}

// collectionFor returns the number of a collection, which gets one if need be.
func (w *writer) collectionFor(ctx context.Context, c collection) (int64, error) {
	number, err := w.collectionOf(ctx, c)
	if number != 0 || err != nil {
		return number, err
	}
	made, err := w.insertCollection.ExecContext(ctx, c.org[:], string(c.typ))
	if err == nil {
		number, err = made.LastInsertId()
	}
	if err != nil {
		return 0, fmt.Errorf("begin to keep records of type %s: %w", c.typ, err)
	}
	w.know(c, number)
	return number, nil
}
