package native

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

const (
	eventStream = "text/event-stream"
	lastEventID = "Last-Event-ID"

	// maxItems is how many changes one answer can have, and maxWait how long it can be waited for.
	maxItems = 1000
	maxWait  = time.Minute
)

func changeEndpoints() []dialect.Endpoint {
	const what = " It needs the permission users:read, and for tokens tokens:write besides. Records are as " +
		"elsewhere, but without what is computed: the version of the organization, and the permissions of users, " +
		"which are own_permissions and those of their groups."
	since := dialect.Param{
		Name: "since", Type: dialect.Integer, Min: dialect.N(0), Max: dialect.N(roster.MaxNumber), Mark: dialect.Ours,
		Doc: "The version after which to begin, such as that of a list; by default the present one, so that there is " +
			"nothing yet. A version in the future is refused.", Example: "1",
	}
	return []dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/changes", ID: "listChanges", Summary: "List changes",
			Description: "What happened to the organization after a version, in order and without a gap." + what,
			Needs:       roster.UsersRead, Volatile: true, // it may wait, and permissions are looked at again
			Params: append([]dialect.Param{
				since,
				{
					Name: "limit", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(maxItems), Default: "100",
					Doc:  "How many changes to return at the most; fewer may come although there are more.",
					Mark: dialect.Ours,
				},
				{
					Name: "wait", Pattern: "^[0-9]+s$", Default: "0s", Example: "30s", Mark: dialect.Ours,
					Doc: "How long to wait for a change where there is none yet, in whole seconds, at most 60s.",
				},
			}, choices()...),
			Returns: returns(ok(ChangeList{}), badRequest, gone, tooMany), Serve: serveChanges,
		},
		{
			Method: http.MethodGet, Path: "/changes/stream", ID: "streamChanges", Summary: "Follow changes",
			Description: "What happens to the organization after a version as server-sent events, one for each " +
				"change: id is the version, data what an item of listChanges is. An event without data only says " +
				"up to where nothing passed. An event named problem is the last one and has the problem." + what,
			Needs: roster.UsersRead, Volatile: true,
			Params: append([]dialect.Param{
				since,
				{
					Name: lastEventID, In: dialect.Header, Type: dialect.Integer, Min: dialect.N(0),
					Max: dialect.N(roster.MaxNumber), Mark: dialect.Ours,
					Doc: "The version of the last event that arrived; it goes before since.",
				},
			}, choices()...),
			Returns: returns(dialect.Return{
				Status: http.StatusOK, Doc: "Server-sent events", ContentType: eventStream, Mark: dialect.Ours,
			}, badRequest, gone, tooMany),
			Serve: streamChanges,
		},
	}
}

// choices are the parameters that choose what is told of changes.
func choices() []dialect.Param {
	types := make([]string, 0, len(roster.Types()))
	for _, t := range roster.Types() {
		types = append(types, string(t))
	}
	return []dialect.Param{
		{
			Name: "types", Type: dialect.Strings, Enum: types, Mark: dialect.Ours, Example: "user,group",
			Doc: "Only what happened to records of these types; by default of all that the token may read. " +
				"Versions in which nothing happened to them are left out.",
		},
		{
			Name: "filter", Mark: dialect.Ours, Example: "status = active",
			Doc: "Only what happened to users who match a filter, as if the organization had no others: one who " +
				"comes to match is created, one who ceases to is deleted. Other types are not filtered. " +
				"Versions in which nothing passes are left out. permissions and ago() can't be followed.",
		},
		{
			Name: "diff", Type: dialect.Boolean, Default: "false", Mark: dialect.Ours,
			Doc: "Tell of an update only the members that it changed, and nothing of what was before a deletion.",
		},
	}
}

// ChangeList is what happened after a version.
type ChangeList struct {
	Items   []Change       `json:"items" required:"yes" doc:"The changes in order."`
	Version roster.Version `json:"version" required:"yes" doc:"Where to go on: nothing up to here is left to tell."`
}

// Change is one version of the organization: all its ops happened at once.
type Change struct {
	Version roster.Version `json:"version" required:"yes"`
	At      roster.Time    `json:"at" required:"yes"`
	Actor   roster.ID      `json:"actor,omitzero" doc:"The token or user; shown with the permission metadata:read."`
	Ops     []Op           `json:"ops" required:"yes" doc:"What the token may see of what happened, all at once."`
}

// Op is what a change did to one record. Filter tells a user who is there all the time, and begins or ceases to match
// the filter, from one who is made or deleted.
type Op struct {
	Op string `json:"op" required:"yes" enum:"create,update,delete"`
	//nolint:lll // a tag can't be split
	Type   roster.Type           `json:"type" required:"yes" enum:"organization,role,group,space,user,token,invitation,webhook,deleted_user,deleted_group,deleted_space,deleted_role"`
	ID     roster.ID             `json:"id" required:"yes"`
	Erased bool                  `json:"erased,omitempty" doc:"The record was erased since, and is not told any more."`
	Filter string                `json:"filter,omitempty" enum:"entered,left" doc:"Began or ceased to match."`
	Before json.RawMessage       `json:"before,omitempty" type:"object" doc:"The record before."`
	After  json.RawMessage       `json:"after,omitempty" type:"object" doc:"The record afterwards."`
	Diff   map[string]Difference `json:"diff,omitempty" doc:"The members that an update changed."`
}

// Difference is what became of a member.
type Difference struct {
	From json.RawMessage `json:"from,omitempty" doc:"The value before; absent where there was none."`
	To   json.RawMessage `json:"to,omitempty" doc:"The value afterwards, likewise."`
}

// waiting reads the parameter wait.
func waiting(text string) (time.Duration, error) {
	wait, err := time.ParseDuration(text)
	seconds, inSeconds := strings.CutSuffix(text, "s")
	if err != nil || !inSeconds || strings.Trim(seconds, "0123456789") != "" || wait > maxWait {
		return 0, roster.FieldErrorf("wait", "must be whole seconds from 0s to %.0fs, such as 30s", maxWait.Seconds())
	}
	return wait, nil
}

func serveChanges(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	wait, err := waiting(r.String("wait"))
	if err != nil {
		return dialect.Response{}, err
	}
	f, since, err := newFeed(r, "since")
	if err != nil {
		return dialect.Response{}, err
	}
	limit := int(r.Int("limit"))
	page, err := f.page(ctx, since, limit)
	for err == nil && len(page.items) == 0 && wait > 0 && !r.History.Ending() {
		if _, wait, err = r.History.Wait(ctx, page.version, wait); err == nil {
			page, err = f.page(ctx, page.version, limit)
		}
	}
	if err != nil {
		return dialect.Response{}, err
	}
	var body bytes.Buffer
	body.WriteString(`{"items":[`)
	for i, item := range page.items {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(item.doc)
	}
	fmt.Fprintf(&body, `],"version":%d}`, page.version)
	return dialect.Response{Header: http.Header{"Cache-Control": {"no-store"}}, Body: dialect.Text(body.String())}, nil
}
