// Package store is the driver contract of what keeps organizations durably: every organization is a versioned log, and a store
// commits the rows, the next version and the change record of one change together. Package storetest holds every driver to
// this contract. A store must not know any rule about users: it keeps keys unique and versions gapless, nothing else.
package store

import (
	"context"

	"github.com/roster-dev/roster"
)

// Store keeps organizations. All methods are safe for concurrent use. A failure of the store itself is an error without a
// [roster.Code] or with [roster.Unavailable] where trying again can help; a cancelled context is its own error.
type Store interface {
	// Orgs calls fn with every organization, by number, its Version filled, until fn fails, and returns that error.
	Orgs(ctx context.Context, fn func(*roster.Organization) error) error

	// Load calls fn with every record of org, the organization first and then by type in the order of [roster.Types] and by
	// number, at one version, which it returns. It fails with [roster.NotFound] where org does not exist, and with fn's
	// error. Changes committed meanwhile neither wait nor show.
	Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error)

	// Changes returns the changes of org after a version, oldest first, at most limit (> 0) of them. There are none for an
	// organization that does not exist.
	Changes(ctx context.Context, org roster.ID, after roster.Version, limit int) ([]roster.Change, error)

	// Update runs fn against the present state of org and commits what it returns: the ops, the next version and the change
	// record (with At and Actor as fn returns them), all or nothing and durably, and returns the change with its Org and
	// Version. Updates of one organization run one after the other. fn may run more than once and must have no effect of its
	// own; its State is valid only until it returns. When fn fails, or returns no ops, nothing is committed; then Update
	// returns fn's error, or a change without ops at the present version.
	//
	// It fails with [roster.Conflict] where an op breaks a unique key, naming the key in Field: id, number, email, identifier
	// or owner within the organization; number or slug among organizations.
	Update(ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error)) (roster.Change, error)

	// TokenOrg returns the organization that the token with a hash belongs to, or fails with [roster.NotFound].
	TokenOrg(ctx context.Context, hash string) (roster.ID, error)

	// Close waits for what is under way and releases the store. Afterwards every method fails.
	Close() error
}

// ErrClosed is what the methods of a closed store return.
var ErrClosed = &roster.Error{Code: roster.Unavailable, Message: "the store is closed"}
