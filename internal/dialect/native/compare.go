package native

import (
	"bytes"
	"context"
	"net/http"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

func pastEndpoints() []dialect.Endpoint {
	moment := func(name, doc string) dialect.Param {
		return dialect.Param{
			Name: name, Mark: dialect.Ours, Example: "2",
			Doc: doc + ", as its number, or an instant (RFC 3339 with an offset), which means the last version at or " +
				"before it.",
		}
	}
	from := moment("from", "The version to begin with")
	from.Required = true
	return []dialect.Endpoint{
		{
			Method: http.MethodGet, Path: "/changes:compare", ID: "compareVersions", Summary: "Compare two versions",
			Description: "What became of the records from one version to another, as if it had happened at once: one " +
				"op for each record that is not what it was, by type, number and id. What was made and deleted in " +
				"between is not among them. Where from is the later version, the ops lead back. Records are as in " +
				"listChanges.",
			Needs: roster.UsersRead, Volatile: true,
			Params: append([]dialect.Param{
				from, moment("to", "The version to end with, by default the present one"),
				pageParams()[0],
				{
					Name: pageToken, Mark: dialect.Ours, Everywhere: true,
					Doc: "The next_page_token of the page before. All pages are of the same versions, and all other " +
						"parameters but page_size must stay.",
				},
			}, choices()...),
			Window:  &dialect.Window{Token: pageToken, Log: true, Free: []string{"page_size"}},
			Returns: returns(ok(Comparison{}), badRequest, gone, tooMany), Serve: compare,
		},
		{
			Method: http.MethodGet, Path: "/history", ID: "getHistory", Summary: "Say how much of the history is kept",
			Description: "How far back lists, records and changes can be asked for.",
			Needs:       roster.AuditRead, Volatile: true, Params: []dialect.Param{fieldsParam()},
			Returns: returns(ok(History{}), badRequest, tooMany), Serve: serveHistory,
		},
	}
}

// Comparison is a page of what became of the records from one version to another.
type Comparison struct {
	Items  []Op                    `json:"items" required:"yes"`
	Total  int                     `json:"total" required:"yes" doc:"How many there are on all pages."`
	From   roster.Version          `json:"from" required:"yes" doc:"The version that the ops begin with."`
	To     roster.Version          `json:"to" required:"yes" doc:"The version that they lead to."`
	Counts map[roster.Type]OpCount `json:"counts" required:"yes" doc:"How many there are on all pages, by type."`

	NextPageToken string `json:"next_page_token,omitempty" doc:"The page_token of the next page, if any."`
}

// OpCount is how many records of a type came, changed and went.
type OpCount struct {
	Created int `json:"created" required:"yes"`
	Updated int `json:"updated" required:"yes"`
	Deleted int `json:"deleted" required:"yes"`
}

// History says how much of the history is kept.
type History struct {
	OldestVersion roster.Version `json:"oldest_version" required:"yes" doc:"The oldest version that can be shown."`
	OldestAt      roster.Time    `json:"oldest_at" required:"yes" doc:"When it was made."`
	Version       roster.Version `json:"version" required:"yes" doc:"The present version."`
	Changes       int64          `json:"changes" required:"yes" doc:"How many changes are kept."`
	Bytes         int64          `json:"bytes" required:"yes" doc:"How long they are together as they are stored."`
}

func serveHistory(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	info, err := r.Past.Kept(ctx)
	if err != nil {
		return dialect.Response{}, err
	}
	return dialect.Response{Header: noStore(), Body: dialect.JSON(History{
		info.Oldest, info.OldestAt, info.Version, info.Changes, info.Bytes,
	})}, nil
}

func compare(ctx context.Context, r *dialect.Request) (dialect.Response, error) {
	c, err := newComparison(ctx, r)
	if err != nil {
		return dialect.Response{}, err
	}
	f, err := feedOf(r.History, r.Principal, wantedIn(r))
	if err != nil {
		return dialect.Response{}, err
	}
	ops, err := r.Past.Between(ctx, c.From, c.To)
	if err != nil {
		return dialect.Response{}, err
	}
	end := r.Position + int(r.Int("page_size"))
	for _, op := range ops {
		show := f.bare
		onPage := c.Total >= r.Position && c.Total < end
		if onPage {
			show = f.op
		}
		wire, passes, err := show(op)
		if err != nil {
			return dialect.Response{}, err
		}
		if !passes {
			continue
		}
		if onPage {
			c.Items = append(c.Items, wire)
		}
		c.count(wire)
	}
	header := noStore()
	if c.Total > end {
		r.Until = c.To
		c.NextPageToken = r.PageToken(end)
	}
	if links := tokenLinks(r, c.NextPageToken); links != "" {
		header.Set("Link", links)
	}
	return dialect.Response{Header: header, Body: dialect.JSON(c)}, nil
}

// newComparison returns a comparison of the versions that a request names, without ops.
func newComparison(ctx context.Context, r *dialect.Request) (c *Comparison, err error) {
	c = &Comparison{Items: []Op{}, Counts: map[roster.Type]OpCount{}, To: r.Until}
	if c.From, err = versionIn(ctx, r, "from"); err != nil {
		return nil, err
	}
	if r.Given("to") && !r.Given(pageToken) {
		c.To, err = versionIn(ctx, r, "to")
	}
	return c, err
}

// versionIn returns the version that a parameter names.
func versionIn(ctx context.Context, r *dialect.Request, name string) (roster.Version, error) {
	m, err := roster.ParseMoment(r.String(name))
	version := roster.Version(0)
	if err == nil {
		version, err = r.Past.Resolve(ctx, m)
	}
	if err == nil || roster.CodeOf(err) == roster.Internal {
		return version, err
	}
	e := *roster.AsError(err)
	e.Field = name
	return 0, &e
}

func (c *Comparison) count(op Op) {
	c.Total++
	n := c.Counts[op.Type]
	switch op.Op {
	case "create":
		n.Created++
	case "delete":
		n.Deleted++
	default:
		n.Updated++
	}
	c.Counts[op.Type] = n
}

// EncodeOps returns ops as GET /changes:compare shows them to whoever may see everything, each as JSON.
func EncodeOps(ops []roster.Op) ([][]byte, error) {
	f := &feed{by: roster.Operator(), types: roster.Types()}
	var docs [][]byte
	for _, op := range ops {
		wire, passes, err := f.op(op)
		if err != nil {
			return nil, err
		}
		if !passes {
			continue
		}
		doc, err := dialect.Encode(wire)
		if err != nil {
			return nil, err
		}
		docs = append(docs, bytes.TrimSpace(doc))
	}
	return docs, nil
}
