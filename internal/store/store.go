// Package store is the driver contract of what keeps organizations durably: every organization is a versioned log,
// and a store commits the rows, the next version and the change record of one change together. Package storetest
// holds every driver to this contract. A store must not know any rule about users: it keeps keys unique and
// versions gapless, nothing else.
//
// What drivers over a database do alike stands here, too: how records are loaded, a person is looked for and erased, a
// history is trimmed. Such a driver says what is asked and how rows are read. The one in memory reads the contract for
// itself, so that the suite has two readings of it.
package store

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// Store keeps organizations. All methods are safe for concurrent use. A failure of the store itself is an error
// without a [roster.Code] or with [roster.Unavailable] where trying again can help; a cancelled context is its own
// error, and then nothing was committed. Records that a store hands out are shared and must not be modified.
type Store interface {
	// Orgs calls fn with every organization, by number and then by id, its Version filled, until fn fails, and
	// returns that error. fn may call the store.
	Orgs(ctx context.Context, fn func(*roster.Organization) error) error

	// Load calls fn with every record of org, the organization (its Version filled) first and then by type in the
	// order of [roster.Types] and within a type by number and then by id, at one version, which it returns. It
	// fails with [roster.NotFound] where org does not exist, and with fn's error. Changes committed meanwhile
	// neither wait nor show. fn is never called concurrently and may call the store.
	Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error)

	// Changes returns the changes of org after a version, oldest first, at most limit (> 0) of them. There are none
	// for an organization that does not exist, and those that were trimmed are not among them. The Version of an
	// organization inside an op means nothing.
	Changes(ctx context.Context, org roster.ID, after roster.Version, limit int) ([]roster.Change, error)

	// Record returns a record of org as it is now, nil where there is none. Records are of any type but that of
	// organizations.
	Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (roster.Entity, error)

	// Update runs fn against the present state of org and commits what it returns: the ops, the next version and
	// the change record (with At and Actor as fn returns them), all or nothing and durably, and returns the change
	// with its Org and Version. Updates of one organization run one after the other. fn may run more than once,
	// must have no effect of its own and must not call the store; its State is valid only until it returns, and
	// only for one goroutine. When fn fails, or returns no ops, nothing is committed; then Update returns fn's
	// error, or a change without ops at the present version.
	//
	// A change has at most one op for each record; Before is the record as State returns it. Ops may stand in any
	// order: a key that one of them gives up is free for the others. The first change of an organization must
	// create its record. A change that deletes the organization's record removes the organization with all its
	// records, its history, its audit, its answers and its jobs.
	//
	// It fails with [roster.Conflict] where an op breaks a unique key, naming the key in Field: id, number, email,
	// identifier or owner within a type of the organization; number or slug among organizations. It fails with
	// [roster.NotFound] where an op updates or deletes a record that does not exist, or where org does not exist and
	// the change does not create it.
	Update(ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error)) (roster.Change, error)

	// UserOrgs returns the organizations that have a user with an id, in the order of their ids. There may be
	// several, since ids are unique within an organization only, or none.
	UserOrgs(ctx context.Context, user roster.ID) ([]roster.ID, error)

	Besides

	// Close waits for what is under way and releases the store. Afterwards every method, Close too, fails with
	// [ErrClosed].
	Close() error
}

// Besides is the part of a [Store] that is not about records and changes.
type Besides interface {
	Tokens
	Journal
	Jobs
	Deliveries
	Eraser
}

// Tokens is the part of a [Store] that is about tokens.
type Tokens interface {
	// TokenOrg returns the organization that the token with a hash belongs to, or fails with [roster.NotFound]. Where
	// several organizations hold the token it is the one with the smallest id.
	TokenOrg(ctx context.Context, hash string) (roster.ID, error)

	// TouchTokens notes when tokens were last used, each where that is later than what is noted; it leaves out tokens
	// that do not exist. Of each organization all is kept, or none where it fails. It is no change of an organization:
	// versions, records and history stay as they are.
	TouchTokens(ctx context.Context, uses []roster.TokenUse) error

	// TokenUses returns when the tokens of org were last used, by id, as far as that is noted. There are none for an
	// organization that does not exist, and what is noted of a token goes when the token does. The map is the caller's.
	TokenUses(ctx context.Context, org roster.ID) (map[roster.ID]roster.Time, error)
}

// Journal is the part of a [Store] that is about what was written by whom, and about requests that are repeated.
type Journal interface {
	Past

	// Entries calls fn with the audit entries that q asks for, newest first, at one version, until fn fails, and
	// returns that error; ops are those of the entry's range, nil where the query does not ask for them. fn may call
	// the store. There are none for an organization that does not exist.
	Entries(
		ctx context.Context, org roster.ID, q roster.EntryQuery, fn func(e roster.Entry, ops []roster.Op) error,
	) error

	// CountEntries returns how many entries a query asks for, whatever its Before and Limit.
	CountEntries(ctx context.Context, org roster.ID, q roster.EntryQuery) (int, error)

	// Log returns what is kept of an organization, as it is at the present version and to the byte, to be ranged over
	// before ctx ends. It fails with [roster.NotFound] where org does not exist.
	Log(ctx context.Context, org roster.ID) (audit.Log, error)

	// Answer returns what was answered to the request with a key, whenever that was, or fails with [roster.NotFound].
	Answer(ctx context.Context, org roster.ID, key roster.Digest) (roster.Answer, error)

	// ForgetAnswers forgets the answers of all organizations from before a time. It is no change of an organization.
	ForgetAnswers(ctx context.Context, before roster.Time) error
}

// Answered is what the State that Update hands out is besides: it knows the answers that the organization has.
type Answered interface {
	// Answer returns what was answered to the request with a key, whenever that was; nil where there is none.
	Answer(key roster.Digest) (*roster.Answer, error)
}

// Finder is what the State that Update hands out may be besides: a way to look many records up at once, where asking
// for one after the other is dear.
type Finder interface {
	// FindAll returns the records of a type that have one of the ids or one of the keys, each of which has exactly one
	// key set, in no order and maybe some more than once. What is not among them does not exist.
	FindAll(t roster.Type, ids []roster.ID, keys []roster.Keys) ([]roster.Entity, error)
}

// ErrClosed is what the methods of a closed store return.
var ErrClosed = &roster.Error{Code: roster.Unavailable, Message: "the store is closed"}

// ErrUnknown is what Update may fail with where it could not find out whether its change was committed, for a store
// that is reached over a network. Who has a view of the organization must load it again.
var ErrUnknown = &roster.Error{
	Code:    roster.Unavailable,
	Message: "the database was lost while it wrote, and may have: repeat the request with the same idempotency key",
}
