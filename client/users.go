package client

import (
	"cmp"
	"context"
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

// ListOptions say which users to list, and what of them. The zero ListOptions asks for all of them by number.
type ListOptions struct {
	// Filter is a filter of the API (AIP-160), such as status = active; "" lets all users through.
	Filter string
	// Search is text that is looked for in the id, identifier, name, e-mail and description.
	Search string
	// OrderBy is the order, such as "created_at desc, name"; without it the best match of a search comes first, and
	// users come by number otherwise.
	OrderBy string
	// Fields are the members to fill, as in id and avatar.type; none means all.
	Fields []string
	// Facets are the fields of which to count the values, as in status.
	Facets []string
	// PageSize is how many users a page has, at most 1,000; 0 means that many.
	PageSize int
	// Page is the number of the page, from 1; 0 means 1.
	Page int
	// PageToken is the NextPageToken of the page before, in the place of Page; "" for none. What chooses and orders
	// the users must be as it was there.
	PageToken string
}

// UserPage is a page of a list of users.
type UserPage struct {
	Items []*roster.User `json:"items"`
	// Total is the number of users on all pages.
	Total int `json:"total"`
	// Version is the version of the organization that the page is true for.
	Version roster.Version `json:"version"`
	// NextPageToken is the PageToken of the next page, which shows the same version; "" on the last one.
	NextPageToken string `json:"next_page_token"`
	// Facets says how many of the users on all pages have each value of the fields that were asked for; "" is for no
	// value.
	Facets map[string]map[string]int `json:"facets"`
}

// Users yields the users from the page of o on, in order. It asks for a page when it needs one, and all pages are of
// the version of the first, whatever changes there are meanwhile. The first error is yielded last, with a nil user: it
// is [roster.Gone] where the server keeps that version no longer, because too much time or too many changes have passed
// between two pages.
func (c *Client) Users(ctx context.Context, o ListOptions) iter.Seq2[*roster.User, error] {
	return func(yield func(*roster.User, error) bool) {
		for {
			page, err := c.UserPage(ctx, o)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, u := range page.Items {
				if !yield(u, nil) {
					return
				}
			}
			if page.NextPageToken == "" {
				return
			}
			o.Page, o.PageToken, o.Facets = 0, page.NextPageToken, nil
		}
	}
}

// UserPage returns one page of a list.
func (c *Client) UserPage(ctx context.Context, o ListOptions) (UserPage, error) {
	query := url.Values{"page_size": {strconv.Itoa(cmp.Or(o.PageSize, maxPage))}}
	for name, value := range map[string]string{
		"filter": o.Filter, "search": o.Search, "order_by": o.OrderBy, "fields": strings.Join(o.Fields, ","),
		"facets": strings.Join(o.Facets, ","), "page_token": o.PageToken,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if o.Page != 0 {
		query.Set("page", strconv.Itoa(o.Page))
	}
	var page UserPage
	err := c.call(ctx, request{method: http.MethodGet, path: []string{"users"}, query: query}, &page)
	if err != nil {
		return UserPage{}, fmt.Errorf("list users: %w", err)
	}
	return page, nil
}

// User returns a user, Permissions filled, or fails with [roster.NotFound].
func (c *Client) User(ctx context.Context, ref roster.Ref) (*roster.User, error) {
	u := new(roster.User)
	err := c.call(ctx, request{method: http.MethodGet, path: []string{"users", ref.String()}}, u)
	if err != nil {
		return nil, fmt.Errorf("get user %s: %w", ref, err)
	}
	return u, nil
}

// CreateUser makes a user and returns it complete. What is zero and has a default gets it, but for AppsAccess and
// TakesLicence, which count as they are.
func (c *Client) CreateUser(ctx context.Context, u *roster.User) (*roster.User, error) {
	body, err := encode(u)
	if err != nil {
		return nil, err
	}
	made := new(roster.User)
	err = c.call(ctx, request{
		method: http.MethodPost, path: []string{"users"}, body: body, contentType: "application/json",
	}, made)
	if err != nil {
		return nil, fmt.Errorf("create a user: %w", err)
	}
	return made, nil
}

// UpdateUser changes the members of a user that a JSON merge patch (RFC 7396) names, and returns the user.
func (c *Client) UpdateUser(ctx context.Context, ref roster.Ref, patch []byte) (*roster.User, error) {
	u := new(roster.User)
	err := c.call(ctx, request{
		method: http.MethodPatch, path: []string{"users", ref.String()},
		body: patch, contentType: "application/merge-patch+json",
	}, u)
	if err != nil {
		return nil, fmt.Errorf("update user %s: %w", ref, err)
	}
	return u, nil
}

// DeleteUser deletes a user, or fails with [roster.NotFound].
func (c *Client) DeleteUser(ctx context.Context, ref roster.Ref) error {
	if err := c.call(ctx, request{method: http.MethodDelete, path: []string{"users", ref.String()}}, nil); err != nil {
		return fmt.Errorf("delete user %s: %w", ref, err)
	}
	return nil
}
