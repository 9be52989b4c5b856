package dialect

import (
	"context"

	"github.com/roster-dev/roster"
)

// Writer changes the organization of a principal as far as the principal may. It is safe for concurrent use.
type Writer interface {
	// Do carries out commands as one change, all or none, and returns the change; it has no ops where nothing was to
	// be done. It fails as [roster.Decide] does, and with [roster.Unavailable] where no change can be committed now.
	Do(ctx context.Context, cmds ...roster.Command) (roster.Change, error)
	// DoAll is Do for who must know what became of each command; where one is refused, the error is a
	// [roster.CommandError].
	DoAll(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error)
	// DoEach carries out commands as one change, without those that are refused, and returns what became of each, in
	// order. An error means that none was carried out.
	DoEach(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error)
	// DryRun returns what DoEach would, and changes nothing.
	DryRun(ctx context.Context, cmds []roster.Command) ([]roster.Outcome, error)
	// TokenUses returns when the tokens of the organization were last used, by id, as exactly as is known; those that
	// never were are not among them.
	TokenUses(ctx context.Context) (map[roster.ID]roster.Time, error)
	// View returns the organization as it is after every write that has returned.
	View(ctx context.Context) (View, error)
}

// MaxBody is how long the body of a request may be where its endpoint sets no limit of its own, in bytes.
const MaxBody = 1 << 20

// RequestBody documents the body that an endpoint takes.
type RequestBody struct {
	Doc string
	// ContentTypes are the media types of the body, the usual one first; "application/json" when empty. They are
	// documented and not checked: a body says for itself whether it can be read.
	ContentTypes []string
	// Body is a value of the wire type that makes the schema; nil where there is no schema for it.
	Body any
	// Example is a JSON value, "" for none.
	Example string
	// Limit is the greatest length in bytes, [MaxBody] when zero. A longer body is [roster.TooLarge].
	Limit int64
	// Stream has the endpoint read the body as it comes, so that memory does not grow with it.
	Stream bool
}

// MaxBytes returns the greatest length of a body.
func (b *RequestBody) MaxBytes() int64 {
	if b.Limit == 0 {
		return MaxBody
	}
	return b.Limit
}

// MediaTypes returns the media types of a body, the usual one first.
func (b *RequestBody) MediaTypes() []string {
	if len(b.ContentTypes) == 0 {
		return []string{"application/json"}
	}
	return b.ContentTypes
}
