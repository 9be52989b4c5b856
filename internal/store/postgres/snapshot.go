package postgres

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// snapshot is a [store.Snapshot]: a transaction that reads.
type snapshot struct {
	conn *pgxpool.Conn
	org  roster.ID
}

// Close implements [store.Snapshot].
func (s *snapshot) Close(ctx context.Context) error {
	if s.conn != nil {
		endSnapshot(ctx, s.conn)
		s.conn = nil
	}
	return nil
}

func (s *snapshot) failed(ctx context.Context, err error) error {
	return readError(ctx, fmt.Sprintf("read organization %s", s.org), broken(s.conn.Conn(), err))
}

// What a snapshot is asked besides its rows. The first columns of strayRecords are those of a record's key.
const (
	standingQuery = `SELECT version,
		(SELECT count(*) FROM entities WHERE org_id = $1 AND type = 'user'),
		coalesce((SELECT at FROM changes WHERE org_id = $1 AND version = o.version), 0)
		FROM organizations AS o WHERE id = $1`
	orgColumns   = `SELECT number, slug, name, doc FROM organizations WHERE id = $1`
	strayRecords = `SELECT type, id, number, email, identifier, owner, doc FROM entities WHERE org_id = $1`
	hasRoute     = `SELECT EXISTS (SELECT 1 FROM token_routes WHERE hash = $1 AND org_id = $2)`
)

// Standing implements [store.Snapshot].
func (s *snapshot) Standing(ctx context.Context) (st store.Standing, err error) {
	err = s.conn.QueryRow(ctx, standingQuery, uid(s.org)).Scan(&st.Version, &st.Users, &st.ChangedAt)
	if err == nil {
		err = orNone(s.conn.QueryRow(ctx, lastEntry, uid(s.org)).Scan(&st.Entries, scanBytes(st.Head[:])))
	}
	if err != nil {
		return st, s.failed(ctx, err)
	}
	return st, nil
}

// Groups implements [store.Snapshot].
func (s *snapshot) Groups(ctx context.Context, t store.Table) ([]store.Row, error) {
	return s.rows(ctx, `SELECT DISTINCT `+store.Names(t.Split)+` FROM `+t.Name+` WHERE org_id = $1`, uid(s.org))
}

// Page implements [store.Snapshot].
func (s *snapshot) Page(
	ctx context.Context, t store.Table, group, after store.Row, limit int,
) ([]store.Row, error) {
	args := []any{uid(s.org)}
	param := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	where := `org_id = $1`
	if t.Name == store.TableOrganizations {
		where = `id = $1`
	}
	for i, value := range params(group) {
		where += ` AND ` + t.Split[i].Name + ` = ` + param(value)
	}
	if after != nil {
		var places []string
		for _, value := range params(after) {
			places = append(places, param(value))
		}
		where += ` AND (` + store.Names(t.Key) + `) > (` + strings.Join(places, ", ") + `)`
	}
	if len(t.Key) > 0 {
		where += ` ORDER BY ` + store.Names(t.Key)
	}
	query := `SELECT ` + store.Names(t.Columns()) + ` FROM ` + t.Name + ` WHERE ` + where + ` LIMIT ` + param(limit)
	return s.rows(ctx, query, args...)
}

// params returns cells as parameters.
func params(row store.Row) []any {
	args := make([]any, len(row))
	for i, cell := range row {
		if id, ok := cell.(roster.ID); ok {
			cell = uid(id)
		}
		args[i] = cell
	}
	return args
}

// rows returns the rows of a query.
func (s *snapshot) rows(ctx context.Context, query string, args ...any) (all []store.Row, err error) {
	rows, err := s.conn.Query(ctx, query, args...)
	if err == nil {
		err = each(rows, func(rows pgx.Rows) error {
			row, err := rows.Values()
			for i, cell := range row {
				if id, ok := cell.([16]byte); ok {
					row[i] = roster.ID(id)
				}
			}
			all = append(all, row)
			return err
		})
	}
	if err != nil {
		return nil, s.failed(ctx, err)
	}
	return all, nil
}

// Strays implements [store.Snapshot]: it holds the columns beside documents to what those say, and the routes to
// leading to the organization. That there are others is no fault.
func (s *snapshot) Strays(ctx context.Context) (string, error) {
	found, err := s.strayOrg(ctx)
	if err != nil || found != "" {
		return found, err
	}
	var hashes [][]byte
	rows, err := s.conn.Query(ctx, strayRecords, uid(s.org))
	if err == nil {
		err = each(rows, func(rows pgx.Rows) error {
			found, err = strayRecord(rows, &hashes)
			if found != "" {
				return store.ErrEnough
			}
			return err
		})
	}
	if store.UnlessEnough(err) != nil {
		return "", s.failed(ctx, err)
	}
	for _, hash := range hashes {
		var there bool
		if err := s.conn.QueryRow(ctx, hasRoute, hash, uid(s.org)).Scan(&there); err != nil {
			return "", s.failed(ctx, err)
		}
		if found == "" && !there {
			found = fmt.Sprintf("no route leads to the token with the hash %s", hash)
		}
	}
	return found, nil
}

// strayOrg does what Strays does for the organization itself.
func (s *snapshot) strayOrg(ctx context.Context) (string, error) {
	var o roster.Organization
	var doc []byte
	err := s.conn.QueryRow(ctx, orgColumns, uid(s.org)).Scan(&o.Number, &o.Slug, &o.Name, &doc)
	if err != nil {
		return "", s.failed(ctx, err)
	}
	e, err := roster.DecodeEntity(roster.TypeOrganization, doc)
	if err != nil {
		return fmt.Sprintf("the document of the organization can't be read: %v", err), nil
	}
	says := e.(*roster.Organization) //nolint:forcetypeassert // by its type
	if says.Number != o.Number || says.Slug != o.Slug || says.Name != o.Name || says.ID != s.org {
		return "the columns of the organization are not what its document says", nil
	}
	for _, name := range namesOf(says) {
		var leads roster.ID
		err := orNone(s.conn.QueryRow(ctx, readName, name.key()).Scan(scanID{&leads}))
		if err != nil {
			return "", s.failed(ctx, err)
		}
		if leads != s.org {
			return fmt.Sprintf("the route of the %s %s does not lead to the organization", name.field, name.text), nil
		}
	}
	return "", nil
}

// strayRecord says how the columns of a record differ from its document. It adds the hash of a token.
func strayRecord(rows pgx.Rows, hashes *[][]byte) (string, error) {
	var key roster.Key
	var number pgtype.Int8
	var email, identifier, doc []byte
	var owner bool
	err := rows.Scan(&key.Type, scanID{&key.ID}, &number, &email, &identifier, &owner, (*pgtype.DriverBytes)(&doc))
	if err != nil {
		return "", err
	}
	e, err := roster.DecodeEntity(key.Type, doc)
	if err != nil {
		return fmt.Sprintf("the document of %s can't be read: %v", key, err), nil
	}
	k := e.Keys()
	switch {
	case e.Key() != key:
		return fmt.Sprintf("%s is kept as another record", key), nil
	case k.Number != number.Int64 || k.Owner != owner || !bytes.Equal(keyBytes(k.Email), email) ||
		!bytes.Equal(keyBytes(k.Identifier), identifier):
		return fmt.Sprintf("what %s is looked up by is not what its document says", key), nil
	}
	if key.Type == roster.TypeToken && identifier != nil {
		*hashes = append(*hashes, identifier)
	}
	return "", nil
}
