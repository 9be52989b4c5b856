package store

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// NewestSchema returns the version that the last of a driver's migrations leads to, of the files migrations/N_NAME.sql.
func NewestSchema(migrations fs.FS) (newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("the migration %s has no number: %w", name, err)
		}
		newest = max(newest, n)
	}
	return newest, err
}

// IsCurrent fails with [roster.Conflict] where the schema of a store, a file or a database by a name, is not that of
// this program.
func (i *Info) IsCurrent(what, name string) error {
	if err := IsKnown(what, i.Schema, i.Knows); err != nil || i.Schema == i.Knows {
		return err
	}
	return roster.Errorf(roster.Conflict, "the schema of %s is %d, that of this program %d: bring it up to date "+
		"first, with `roster db migrate`", name, i.Schema, i.Knows)
}

// IsKnown fails with [roster.Conflict] where the schema of a file or a database is newer than this program.
func IsKnown(what string, has, knows int64) error {
	if has <= knows {
		return nil
	}
	return roster.Errorf(roster.Conflict, "a newer roster wrote this %s (its schema is %d, this one knows up to %d): "+
		"use the newer one", what, has, knows)
}
