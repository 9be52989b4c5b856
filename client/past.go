package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/roster-dev/roster"
)

// Comparison is a page of what became of the records from one version to another.
type Comparison struct {
	// Items has at most one op for each record, by type, number and id.
	Items []Op `json:"items"`
	// Total is how many ops there are on all pages, and Counts how many by type.
	Total  int                     `json:"total"`
	Counts map[roster.Type]OpCount `json:"counts"`
	// From is the version that the ops begin with, To the one that they lead to.
	From roster.Version `json:"from"`
	To   roster.Version `json:"to"`
	// NextPageToken is that of the next page; "" on the last one.
	NextPageToken string `json:"next_page_token,omitempty"`
}

// OpCount is how many records of a type came, changed and went.
type OpCount struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Deleted int `json:"deleted"`
}

// Compare returns all that became of the records from one moment to another, as if it had happened at once; the zero
// moment is the present one. The ops lead back where from is the later one. Of o, Since means nothing. It fails as
// reads with [AsOf] do.
func (c *Client) Compare(
	ctx context.Context, from, to roster.Moment, o ChangeOptions, options ...Option,
) (*Comparison, error) {
	query := url.Values{"page_size": {fmt.Sprint(maxPage)}, "from": {from.String()}}
	o.choose(query)
	if to != (roster.Moment{}) {
		query.Set("to", to.String())
	}
	var all *Comparison
	for {
		page := new(Comparison)
		r := request{method: http.MethodGet, path: []string{"changes:compare"}, query: query}
		if err := c.call(ctx, r.apply(options), page); err != nil {
			return nil, fmt.Errorf("compare %s with %s: %w", from, to, err)
		}
		if all == nil {
			all = page
		} else {
			all.Items = append(all.Items, page.Items...)
		}
		if page.NextPageToken == "" {
			all.NextPageToken = ""
			return all, nil
		}
		query.Set("page_token", page.NextPageToken)
	}
}

// History says how much of the history a server keeps.
func (c *Client) History(ctx context.Context, options ...Option) (roster.HistoryInfo, error) {
	var h struct {
		OldestVersion  roster.Version `json:"oldest_version"`
		OldestAt       roster.Time    `json:"oldest_at"`
		Version        roster.Version `json:"version"`
		Changes, Bytes int64
	}
	err := c.call(ctx, request{method: http.MethodGet, path: []string{"history"}}.apply(options), &h)
	if err != nil {
		return roster.HistoryInfo{}, fmt.Errorf("get the history: %w", err)
	}
	return roster.HistoryInfo{
		Oldest: h.OldestVersion, OldestAt: h.OldestAt, Version: h.Version, Changes: h.Changes, Bytes: h.Bytes,
	}, nil
}
