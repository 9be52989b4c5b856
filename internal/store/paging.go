package store

import (
	"fmt"

	"github.com/roster-dev/roster"
)

// PageSize is how many records drivers read at once that can't read on while what they have read is worked on.
const PageSize = 1024

// EachOf calls fn with all records of a type but organizations by id, which page returns the next [PageSize] of after
// one, until either fails.
func EachOf(
	t roster.Type, page func(after roster.ID) ([]roster.Entity, error), fn func(roster.Entity) error,
) error {
	var last roster.ID
	for {
		records, err := page(last)
		if err != nil {
			return fmt.Errorf("read every %s: %w", t, err)
		}
		for _, e := range records {
			if err := fn(e); err != nil {
				return err
			}
			last = e.Key().ID
		}
		if len(records) < PageSize {
			return nil
		}
	}
}

// IsCalled reports whether an organization has exactly some keys of those that organizations are found by.
func IsCalled(o *roster.Organization, k roster.Keys) bool {
	return k == roster.Keys{Number: o.Number} || k == roster.Keys{Identifier: o.Slug}
}
