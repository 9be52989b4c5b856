package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Filler = (*Store)(nil)

// Fill implements [store.Filler], in one transaction.
func (s *Store) Fill(ctx context.Context, org roster.ID, rows iter.Seq2[store.TableRow, error]) error {
	return s.change(ctx, fmt.Sprintf("fill organization %s", org), func(w *writer) error {
		f := filling{w, ctx, context.WithoutCancel(ctx), org, map[string]*sql.Stmt{}}
		if err := w.makeRoom(context.WithoutCancel(ctx), bulkOps); err != nil {
			return err
		}
		err := f.fill(rows)
		for _, stmt := range f.inserts {
			err = errors.Join(err, stmt.Close())
		}
		return err
	})
}

// filling is an organization that is being filled. Its statements run under quiet, as those of an update.
type filling struct {
	*writer

	ctx, quiet context.Context
	org        roster.ID
	inserts    map[string]*sql.Stmt // by table
}

func (f *filling) fill(rows iter.Seq2[store.TableRow, error]) error {
	at, err := f.standOf(f.quiet, f.org)
	if err == nil && at.version > 0 {
		err = store.Taken("id", roster.TypeOrganization)
	}
	if err != nil {
		return err
	}
	for row, err := range rows {
		if err == nil {
			err = f.ctx.Err()
		}
		if err == nil {
			err = f.insert(row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insert writes a row, with what follows from it.
func (f *filling) insert(row store.TableRow) error {
	owner := "org_id"
	if row.Table.Name == store.TableOrganizations {
		owner = "id"
	}
	columns, values, err := f.derived(row)
	if err != nil {
		return err
	}
	columns = append(columns, owner, store.Names(row.Table.Columns()))
	values = append(append(values, f.org[:]), params(row.Row)...)
	if err := f.prepare(row.Table.Name, columns, len(values)); err != nil {
		return err
	}
	if _, err = f.inserts[row.Table.Name].ExecContext(f.quiet, values...); isConstraint(err) {
		return &roster.Error{
			Code: roster.Conflict, Message: fmt.Sprintf("a row of %s is there already", row.Table.Name), Err: err,
		}
	}
	return err
}

// derived returns the columns that follow from the document of a row.
func (f *filling) derived(row store.TableRow) (columns []string, values []any, err error) {
	cells := store.CellsOf(row.Table, row.Row)
	switch row.Table.Name {
	case store.TableOrganizations:
		e, err := roster.DecodeEntity(roster.TypeOrganization, []byte(cells.Text("doc")))
		if err != nil {
			return nil, nil, err
		}
		o := e.(*roster.Organization) //nolint:forcetypeassert // by its type
		return []string{"name", "number", "slug"}, []any{o.Name, orNull(o.Number), orNull(o.Slug)}, nil
	case store.TableEntities:
		e, err := roster.DecodeEntity(roster.Type(cells.Text("type")), []byte(cells.Text("doc")))
		if err != nil {
			return nil, nil, err
		}
		collection, err := f.collectionFor(f.quiet, collection{f.org, e.Key().Type})
		k := e.Keys()
		return []string{"collection", "number", "email", "identifier", "owner"},
			[]any{collection, orNull(k.Number), orNull(k.Email), orNull(k.Identifier), k.Owner}, err
	default:
		return nil, nil, nil
	}
}

// prepare sees to it that there is the statement that inserts a row.
func (f *filling) prepare(table string, columns []string, values int) error {
	if f.inserts[table] != nil {
		return nil
	}
	names, places := strings.Join(columns, ", "), "?"+strings.Repeat(", ?", values-1)
	//nolint:gosec // the names are ours
	query := `INSERT INTO ` + table + ` (` + names + `) VALUES (` + places + `)`
	stmt, err := f.conn.PrepareContext(f.quiet, query) //nolint:sqlclosecheck // Fill closes all of them
	if err == nil {
		f.inserts[table] = stmt
	}
	return err
}
