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
	"strings"

	"github.com/roster-dev/roster"
)

// maxPage is how many records a page can have.
const maxPage = 1000

// ListOptions say which records to list, and what of them. The zero ListOptions asks for all of them by number, tokens
// and invitations in the order of their creation, jobs newest first.
type ListOptions struct {
	// Filter is a filter of the API (AIP-160), such as status = active; "" lets all records through. Members of groups
	// and spaces are filtered as users are.
	Filter string
	// Search is text that is looked for in those members of the records that the API says.
	Search string
	// OrderBy is the order, such as "created_at desc, name"; without it the best match of a search comes first, and
	// records come in the order of the list otherwise.
	OrderBy string
	// Fields are the members to fill, as in id and avatar.type; none means all.
	Fields []string
	// Facets are the fields of which to count the values, as in status.
	Facets []string
	// PageSize is how many records a page has, at most 1,000; 0 means that many.
	PageSize int
	// Page is the number of the page, from 1; 0 means 1.
	Page int
	// PageToken is the NextPageToken of the page before, in the place of Page; "" for none. What chooses and orders
	// the records must be as it was there.
	PageToken string
	// AsOf is when the list is of, as for the option of that name; zero means now.
	AsOf roster.Moment
}

// Page is a page of a list of records.
type Page[T any] struct {
	Items []*T `json:"items"`
	// Total is the number of records on all pages.
	Total int `json:"total"`
	// Version is the version of the organization that the page is true for.
	Version roster.Version `json:"version"`
	// NextPageToken is the PageToken of the next page, which shows the same version; "" on the last one.
	NextPageToken string `json:"next_page_token"`
	// Facets says how many of the records on all pages have each value of the fields that were asked for; "" is for no
	// value.
	Facets map[string]map[string]int `json:"facets"`
}

// query returns the parameters that the options are.
func (o ListOptions) query() url.Values {
	query := url.Values{"page_size": {strconv.Itoa(cmp.Or(o.PageSize, maxPage))}}
	for name, value := range map[string]string{
		"filter": o.Filter, "search": o.Search, "order_by": o.OrderBy, "fields": strings.Join(o.Fields, ","),
		"facets": strings.Join(o.Facets, ","), "page_token": o.PageToken, "as_of": o.AsOf.String(),
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if o.Page != 0 {
		query.Set("page", strconv.Itoa(o.Page))
	}
	return query
}

// page returns one page of the list at a path.
func page[T any](ctx context.Context, c *Client, path []string, o ListOptions, options []Option) (Page[T], error) {
	var p Page[T]
	err := c.call(ctx, request{method: http.MethodGet, path: path, query: o.query()}.apply(options), &p)
	if err != nil {
		return Page[T]{}, err
	}
	return p, nil
}

// Counts returns how many of the records of a list that o chooses have each value of o.Facets; "" is for no value. The
// list is its path in the API: users, or groups, number:7 and members.
func (c *Client) Counts(
	ctx context.Context, list []string, o ListOptions, options ...Option,
) (map[string]map[string]int, error) {
	o.PageSize = 1
	p, err := page[json.RawMessage](ctx, c, list, o, options)
	if err != nil {
		return nil, fmt.Errorf("count %s: %w", strings.Join(list, " "), err)
	}
	return p.Facets, nil
}

// walk yields the records of a list from the page of o on, whose pages next returns.
func walk[T any](o ListOptions, next func(ListOptions) (Page[T], error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for o := o; ; {
			p, err := next(o)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range p.Items {
				if !yield(e, nil) {
					return
				}
			}
			if p.NextPageToken == "" {
				return
			}
			o.Page, o.PageToken, o.Facets = 0, p.NextPageToken, nil
		}
	}
}
