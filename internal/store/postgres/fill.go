package postgres

import (
	"context"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

var _ store.Filler = (*Store)(nil)

// Fill implements [store.Filler], in one transaction. The rows of a table are copied in one stream.
func (s *Store) Fill(ctx context.Context, org roster.ID, rows iter.Seq2[store.TableRow, error]) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.gate.Leave()
	err := s.transact(ctx, org, func(t *transaction) error {
		if err := t.lock(); err != nil {
			return err
		}
		if t.version > 0 {
			return store.Taken("id", roster.TypeOrganization)
		}
		if err := t.unlimit(); err != nil {
			return err
		}
		f := filling{transaction: t}
		f.next, f.stop = iter.Pull2(rows)
		defer f.stop()
		return f.fill()
	}, func(t *transaction) (bool, error) { return t.version > 0, nil })
	if err != nil {
		return readError(ctx, fmt.Sprintf("fill organization %s", org), err)
	}
	return nil
}

// unlimit lets the transaction and its statements take however long they take.
func (t *transaction) unlimit() error {
	t.cancel()
	t.quiet, t.cancel = context.WithCancel(context.WithoutCancel(t.ctx))
	return t.set(noTimeout, noIdleTimeout, compressFast)
}

// filling is an organization that is being filled.
type filling struct {
	*transaction

	next   func() (store.TableRow, error, bool)
	stop   func()
	row    store.TableRow // the next one
	more   bool           // whether there is one
	failed error          // of the rows
	tokens []step
}

// advance goes to the next row.
func (f *filling) advance() {
	row, err, more := f.next()
	if err == nil {
		err = f.ctx.Err()
	}
	f.row, f.more, f.failed = row, more && err == nil, err
}

func (f *filling) fill() error {
	for f.advance(); f.more; {
		var err error
		if f.row.Table.Name == store.TableOrganizations {
			err = f.fillOrg()
			f.advance()
		} else {
			err = f.fillTable(f.row.Table)
		}
		if f.failed == nil {
			f.failed = err
		}
		if f.failed != nil {
			return f.failed
		}
	}
	if f.failed != nil {
		return f.failed
	}
	return f.aside(f.quiet, f.tokens)
}

const fillOrg = `UPDATE organizations SET number = $2, slug = $3, name = $4, version = $5, next = $6,
	audited_since = $7, trimmed_to = $8, trimmed_seq = $9, doc = $10,
	touched = (extract(epoch FROM now()) * 1000)::bigint WHERE id = $1`

// fillOrg writes the organization, whose row nobody else has from then on, and makes its names its own.
func (f *filling) fillOrg() error {
	cells := store.CellsOf(f.row.Table, f.row.Row)
	e, err := roster.DecodeEntity(roster.TypeOrganization, []byte(cells.Text("doc")))
	if err != nil {
		return err
	}
	o := e.(*roster.Organization) //nolint:forcetypeassert // by its type
	tag, err := f.conn.Exec(f.quiet, orgHolder, uid(f.org))
	if err == nil && tag.RowsAffected() == 0 {
		return store.Taken("id", roster.TypeOrganization)
	}
	if err != nil {
		return f.note(err)
	}
	u := update{transaction: f.transaction, org: f.org}
	for _, name := range namesOf(o) {
		if err := u.claim(name); err != nil {
			return err
		}
	}
	_, err = f.conn.Exec(f.quiet, fillOrg, uid(f.org), o.Number, o.Slug, o.Name, cells.Number("version"),
		cells.Text("next"), cells.Number("audited_since"), cells.Number("trimmed_to"), cells.Number("trimmed_seq"),
		cells.Text("doc"))
	return f.note(err)
}

// fillTable copies the next rows that are of a table.
func (f *filling) fillTable(t *store.Table) error {
	columns := []string{"org_id"}
	for _, c := range t.Columns() {
		columns = append(columns, c.Name)
	}
	switch t.Name {
	case store.TableEntities:
		columns = append(columns, "number", "email", "identifier", "owner")
	case store.TableChanges:
		columns = append(columns, "attempt")
	}
	_, err := f.conn.CopyFrom(f.quiet, pgx.Identifier{t.Name}, columns, &tableRows{filling: f, table: t.Name})
	if isTaken(err) {
		return &roster.Error{Code: roster.Conflict, Message: "a row of " + t.Name + " is there already", Err: err}
	}
	return f.note(err)
}

// tableRows are the next rows, as long as they are of a table.
type tableRows struct {
	*filling

	table string
	begun bool
}

// Next implements [pgx.CopyFromSource].
func (r *tableRows) Next() bool {
	if r.begun {
		r.advance()
	}
	r.begun = true
	return r.more && r.row.Table.Name == r.table
}

// Values implements [pgx.CopyFromSource].
func (r *tableRows) Values() ([]any, error) {
	args := append([]any{uid(r.org)}, params(r.row.Row)...)
	switch r.table {
	case store.TableEntities:
		cells := store.CellsOf(r.row.Table, r.row.Row)
		e, err := roster.DecodeEntity(roster.Type(cells.Text("type")), []byte(cells.Text("doc")))
		if err != nil {
			return nil, err
		}
		k := e.Keys()
		if e.Key().Type == roster.TypeToken && k.Identifier != "" {
			r.tokens = append(r.tokens, step{query: insertToken, args: []any{keyBytes(k.Identifier), uid(r.org)}})
		}
		args = append(args, orNull(k.Number), keyBytes(k.Email), keyBytes(k.Identifier), k.Owner)
	case store.TableChanges:
		args = append(args, r.attempt)
	}
	return args, nil
}

// Err implements [pgx.CopyFromSource].
func (r *tableRows) Err() error { return r.failed }
