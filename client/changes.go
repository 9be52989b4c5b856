package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

// ChangeOptions say which changes are wanted. The zero ChangeOptions want all that the token may see, from the first
// on.
type ChangeOptions struct {
	// Since is the version after which to begin, such as that of a list that was read before.
	Since roster.Version
	// Types are the types of records that count; none means all that the token may read. With Types or Filter, versions
	// in which nothing passes are left out.
	Types []roster.Type
	// Filter chooses users: see the server's documentation. Other types are not filtered.
	Filter string
	// Diff asks for the members that an update changes instead of the whole record before and after.
	Diff bool
}

// Change is what happened in one version of the organization, all at once.
type Change struct {
	Version roster.Version `json:"version"`
	At      roster.Time    `json:"at"`
	// Actor is the token or the user who did it; none for the operator, and without the permission metadata:read.
	Actor roster.ID `json:"actor,omitzero"`
	// Ops has at most one op for each record. Apply them together: only after all of them are keys unique again.
	Ops []Op `json:"ops"`
}

// Op is what a change did to one record.
type Op struct {
	// Op is create, update or delete.
	Op   string      `json:"op"`
	Type roster.Type `json:"type"`
	ID   roster.ID   `json:"id"`
	// Filter is entered or left where a user who is there all the time begins or ceases to match the filter.
	Filter string `json:"filter,omitempty"`
	// Before and After are the record in its canonical form, as far as the token may see it; see [Op.Record]. A user's
	// permissions and an organization's version are not in it.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	// Diff has, by their names, the members that an update changed where ChangeOptions.Diff asks for that.
	Diff map[string]Difference `json:"diff,omitempty"`
}

// Difference is what became of a member. From is nil where the record did not have it, To where it has it no more.
type Difference struct {
	From json.RawMessage `json:"from,omitempty"`
	To   json.RawMessage `json:"to,omitempty"`
}

// Record returns the record that the op leaves behind, nil after a deletion, with a Diff, and for a type that this
// package does not know.
func (o Op) Record() (roster.Entity, error) {
	if o.After == nil || roster.NewEntity(o.Type) == nil {
		return nil, nil //nolint:nilnil // there is no record
	}
	return roster.DecodeEntity(o.Type, o.After)
}

// ChangePage is what happened up to a version.
type ChangePage struct {
	Items []Change `json:"items"`
	// Version is the Since of the next page. It is that of this one where nothing has happened since.
	Version roster.Version `json:"version"`
}

// ChangePage returns what happened after o.Since, as far as it fits into one answer. Where nothing has, it waits for up
// to wait, at most a minute, in whole seconds. It fails with [roster.Gone] because of a [roster.TrimmedError] where the
// server does not keep all changes since then: then read the lists again and go on from their version.
func (c *Client) ChangePage(ctx context.Context, o ChangeOptions, wait time.Duration) (ChangePage, error) {
	return c.changePage(ctx, o, wait, false)
}

// changePage is ChangePage; once keeps it from trying again.
func (c *Client) changePage(
	ctx context.Context, o ChangeOptions, wait time.Duration, once bool,
) (ChangePage, error) {
	query := url.Values{
		"since": {strconv.FormatInt(int64(o.Since), 10)}, "wait": {strconv.Itoa(int(wait.Seconds())) + "s"},
	}
	o.choose(query)
	var page ChangePage
	err := c.call(ctx, request{method: http.MethodGet, path: []string{"changes"}, query: query, once: once}, &page)
	if err != nil {
		return ChangePage{}, fmt.Errorf("read the changes after version %d: %w", o.Since, err)
	}
	return page, nil
}

// choose sets the parameters that choose what is told of changes.
func (o ChangeOptions) choose(query url.Values) {
	for _, t := range o.Types {
		query.Add("types", string(t))
	}
	if o.Filter != "" {
		query.Set("filter", o.Filter)
	}
	if o.Diff {
		query.Set("diff", "true")
	}
}

// Changes yields the changes after o.Since in order, up to the last one that there is. It ends with the first error,
// which it yields with the zero Change; the errors are those of [Client.ChangePage].
func (c *Client) Changes(ctx context.Context, o ChangeOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for {
			page, err := c.ChangePage(ctx, o, 0)
			if err != nil {
				yield(Change{}, err)
				return
			}
			if !yieldAll(page.Items, yield) || page.Version == o.Since {
				return
			}
			o.Since = page.Version
		}
	}
}

func yieldAll(changes []Change, yield func(Change, error) bool) bool {
	for _, change := range changes {
		if !yield(change, nil) {
			return false
		}
	}
	return true
}

// The waits of Follow: for a change, and before it tries again, which doubles each time.
const (
	followWait   = 30 * time.Second
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// Follow yields the changes after o.Since in order, each exactly once, and goes on as they happen. It ends when the
// loop does, with ctx, whose error it then yields, and with the first error that trying again can't mend, such as those
// of [Client.ChangePage] and [roster.Unauthenticated]. Once the server has answered, Follow outlasts its absence: it
// tries again after a random part of a second, then of twice as long each time, up to half a minute, but no sooner than
// the server asks for, and goes on where it was.
//
// Whoever stores the Version of the last change that was dealt with can go on from there in another process.
func (c *Client) Follow(ctx context.Context, o ChangeOptions) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		pause := time.Duration(0) // none before the first answer
		for {
			page, err := c.changePage(ctx, o, c.patience(), true)
			switch {
			case ctx.Err() != nil:
				yield(Change{}, ctx.Err())
				return
			case err == nil:
				o.Since, pause = page.Version, firstPause
				if !yieldAll(page.Items, yield) {
					return
				}
			case pause == 0 || !passing(err):
				yield(Change{}, err)
				return
			default:
				wait, _ := c.pause(err, pause)
				_ = rest(ctx, wait) // the next request fails where ctx has ended
				pause = min(2*pause, longestPause)
			}
		}
	}
}

// passing reports whether a request that failed may succeed later.
func passing(err error) bool {
	switch roster.CodeOf(err) {
	case roster.Unavailable, roster.RateLimited, roster.Internal:
		return true
	default:
		return false
	}
}

// patience returns how long to wait for a change, well within the time that the HTTP client gives a request.
func (c *Client) patience() time.Duration {
	return min(followWait, cmp.Or(c.http.Timeout, 2*followWait)/2)
}
