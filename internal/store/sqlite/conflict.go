package sqlite

import (
	"database/sql"
	"errors"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// errNoRow says that a statement about one record found none.
var errNoRow = errors.New("no such row")

// mustHit fails with errNoRow where a statement changed nothing.
func mustHit(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return errNoRow
}

// orMissing returns err, or for errNoRow the error about a record that does not exist.
func orMissing(err error, key roster.Key) error {
	if errors.Is(err, errNoRow) {
		return store.Missing(key)
	}
	return err
}

// conflict finds out which key of op's record is taken, as cause says one is. It asks the transaction, which goes on
// after a statement that failed, because only the text of SQLite's error names the columns.
func (u *update) conflict(op roster.Op, cause error) error {
	key := op.Key()
	if op.Before == nil {
		number, err := u.collectionOf(u.quiet, collection{u.change.Org, key.Type})
		if err != nil {
			return err
		}
		found, err := exists(u.quiet, u.byID, number, key.ID[:])
		if err != nil {
			return err
		}
		if found {
			return store.Taken("id", key.Type)
		}
	}
	s := &state{u.quiet, u.writer, u.change.Org, u.change.Version}
	for _, unique := range store.Uniques(op.After) {
		holder, err := s.Find(key.Type, unique.Keys)
		if err != nil {
			return err
		}
		if holder != nil && holder.Key() != key {
			return store.Taken(unique.Field, key.Type)
		}
	}
	return cause
}

// orgConflict is conflict for the keys among organizations.
func (u *update) orgConflict(o *roster.Organization, cause error) error {
	for _, unique := range store.Uniques(o) {
		stmt, value := u.orgByNumber, any(unique.Keys.Number)
		if unique.Keys.Identifier != "" {
			stmt, value = u.orgBySlug, unique.Keys.Identifier
		}
		found, err := exists(u.quiet, stmt, value, o.ID[:])
		if err != nil {
			return err
		}
		if found {
			return store.Taken(unique.Field, roster.TypeOrganization)
		}
	}
	return cause
}
