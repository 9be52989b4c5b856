package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// snapshot is a [store.Snapshot]: a transaction that reads.
type snapshot struct {
	tx  *sql.Tx
	org roster.ID
}

// Close implements [store.Snapshot].
func (s *snapshot) Close(ctx context.Context) error {
	_, err := s.tx.ExecContext(context.WithoutCancel(ctx), `PRAGMA shrink_memory`) // as load does
	if err = errors.Join(err, s.tx.Rollback()); errors.Is(err, sql.ErrTxDone) {    // closed, or its context has ended
		return nil
	}
	return err
}

// Standing implements [store.Snapshot].
func (s *snapshot) Standing(ctx context.Context) (st store.Standing, err error) {
	const query = `SELECT version,
		(SELECT count(*) FROM entities
			WHERE collection = (SELECT id FROM collections WHERE org_id = o.id AND type = 'user')),
		coalesce((SELECT at FROM changes WHERE org_id = o.id AND version = o.version), 0)
		FROM organizations AS o WHERE id = ?`
	const last = `SELECT seq, hash FROM audit_entries WHERE org_id = ? ORDER BY seq DESC LIMIT 1`
	err = s.tx.QueryRowContext(ctx, query, s.org[:]).Scan(&st.Version, &st.Users, &st.ChangedAt)
	if err == nil {
		err = s.tx.QueryRowContext(ctx, last, s.org[:]).Scan(&st.Entries, scanBytes(st.Head[:]))
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return st, s.failed(ctx, err)
	}
	return st, nil
}

func (s *snapshot) failed(ctx context.Context, err error) error {
	return readError(ctx, fmt.Sprintf("read organization %s", s.org), err)
}

// Groups implements [store.Snapshot].
func (s *snapshot) Groups(ctx context.Context, t store.Table) (groups []store.Row, err error) {
	query := `SELECT DISTINCT ` + store.Names(t.Split) + ` FROM ` + t.Name + ` WHERE org_id = ?`
	if t.Name == store.TableEntities {
		query = `SELECT type FROM collections WHERE org_id = ?`
	}
	return s.rows(ctx, t.Split, query, s.org[:])
}

// Page implements [store.Snapshot].
func (s *snapshot) Page(
	ctx context.Context, t store.Table, group, after store.Row, limit int,
) ([]store.Row, error) {
	args := append(make([]any, 0, 8), s.org[:])
	var where string
	switch t.Name {
	case store.TableOrganizations:
		where = `id = ?`
	case store.TableEntities:
		where = `collection = (SELECT id FROM collections WHERE org_id = ? AND type = ?)`
	default:
		where = `org_id = ?`
		for _, c := range t.Split {
			where += ` AND ` + c.Name + ` = ?`
		}
	}
	args = append(args, params(group)...)
	if after != nil {
		where += ` AND (` + store.Names(t.Key) + `) > (?` + strings.Repeat(`, ?`, len(t.Key)-1) + `)`
		args = append(args, params(after)...)
	}
	if len(t.Key) > 0 {
		where += ` ORDER BY ` + store.Names(t.Key)
	}
	columns := t.Columns()
	return s.rows(ctx, columns, `SELECT `+store.Names(columns)+` FROM `+t.Name+` WHERE `+where+` LIMIT ?`,
		append(args, limit)...)
}

// params returns cells as parameters.
func params(row store.Row) []any {
	args := make([]any, len(row))
	for i, cell := range row {
		if id, ok := cell.(roster.ID); ok {
			cell = id[:]
		}
		args[i] = cell
	}
	return args
}

// rows returns the rows of a query for columns.
func (s *snapshot) rows(
	ctx context.Context, columns []store.Column, query string, args ...any,
) (all []store.Row, err error) {
	err = eachRow(ctx, s.tx, func(rows *sql.Rows) error {
		row, dest := make(store.Row, len(columns)), make([]any, len(columns))
		for i, c := range columns {
			dest[i] = scanCell{&row[i], c.Kind}
		}
		err := rows.Scan(dest...)
		all = append(all, row)
		return err
	}, query, args...)
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return all, nil
}

// scanCell reads a cell of a kind.
type scanCell struct {
	cell *any
	kind store.Kind
}

// Scan implements [sql.Scanner].
func (s scanCell) Scan(value any) error {
	*s.cell = nil
	if value == nil {
		return nil
	}
	switch value := value.(type) {
	case int64:
		if s.kind == store.Number {
			*s.cell = value
		}
	case string:
		if s.kind == store.Text {
			*s.cell = value
		}
	case []byte:
		switch s.kind {
		case store.Bytes:
			*s.cell = append([]byte{}, value...)
		case store.Text:
			*s.cell = string(value)
		case store.ID:
			var id roster.ID
			*s.cell = id
			if copy(id[:], value) == len(value) && len(value) == len(id) {
				*s.cell = id
				return nil
			}
			return fmt.Errorf("%x is not an id", value)
		}
	}
	if *s.cell == nil {
		return fmt.Errorf("a %T is not of kind %d", value, s.kind)
	}
	return nil
}

// Strays implements [store.Snapshot]: it holds the columns beside documents to what those say.
func (s *snapshot) Strays(ctx context.Context) (found string, err error) {
	const orgColumns = `SELECT number, slug, name, doc FROM organizations WHERE id = ?`
	const columns = `SELECT c.type, e.org_id = c.org_id AND e.type = c.type, e.id, e.number, e.email, e.identifier,
		e.owner, e.doc FROM collections AS c JOIN entities AS e ON e.collection = c.id
		WHERE c.org_id = ? ORDER BY c.type, e.id`
	var number sql.NullInt64
	var slug sql.NullString
	var name, doc string
	err = s.tx.QueryRowContext(ctx, orgColumns, s.org[:]).Scan(&number, &slug, &name, &doc)
	if err != nil {
		return "", s.failed(ctx, err)
	}
	e, err := roster.DecodeEntity(roster.TypeOrganization, []byte(doc))
	if err != nil {
		return fmt.Sprintf("the document of the organization can't be read: %v", err), nil
	}
	o := e.(*roster.Organization) //nolint:forcetypeassert // by its type
	if o.Number != number.Int64 || o.Slug != slug.String || o.Name != name || o.ID != s.org {
		return "the columns of the organization are not what its document says", nil
	}
	err = eachRow(ctx, s.tx, func(rows *sql.Rows) error {
		found, err = strayRecord(rows)
		if found != "" {
			return store.ErrEnough
		}
		return err
	}, columns, s.org[:])
	if store.UnlessEnough(err) != nil {
		return "", s.failed(ctx, err)
	}
	return found, nil
}

// strayRecord says how the columns of a record differ from its document.
func strayRecord(rows *sql.Rows) (found string, err error) {
	var key roster.Key
	var there roster.Keys
	var number sql.NullInt64
	var email, identifier sql.NullString
	var together bool
	var doc sql.RawBytes
	err = rows.Scan(&key.Type, &together, scanID{&key.ID}, &number, &email, &identifier, &there.Owner, &doc)
	if err != nil {
		return "", err
	}
	there.Number, there.Email, there.Identifier = number.Int64, email.String, identifier.String
	e, err := roster.DecodeEntity(key.Type, doc)
	switch {
	case err != nil:
		return fmt.Sprintf("the document of %s can't be read: %v", key, err), nil
	case e.Key() != key || !together:
		return fmt.Sprintf("%s is kept as another record", key), nil
	case e.Keys() != there:
		return fmt.Sprintf("what %s is looked up by is not what its document says", key), nil
	default:
		return "", nil
	}
}
