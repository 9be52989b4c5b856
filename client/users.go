package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/roster-dev/roster"
)

// maxPage is how many users a page can have.
const maxPage = 1000

// ListOptions say which users to list. The zero ListOptions asks for all of them by number.
type ListOptions struct {
	// Search is text that is looked for in the id, identifier, name, e-mail and description.
	Search string
	// Statuses lets users with one of them through; none lets all through.
	Statuses []roster.Status
	// Sort is the order; without it the best match of a search comes first, and users come by number otherwise. Ranks
	// are not supported.
	Sort []roster.Sort
	// Offset is how many users to skip, and Limit how many to return at the most; 0 means all.
	Offset, Limit int
}

// UserPage is a page of a list of users.
type UserPage struct {
	Items []*roster.User `json:"items"`
	// Total is the number of users that match, whatever the Offset and the Limit.
	Total int `json:"total"`
	// Version is the version of the organization that the page is true for.
	Version roster.Version `json:"version"`
}

// Users yields users in order, Permissions filled. It asks for a page of up to 1,000 when it needs one: changes between
// two pages may move a user from one to the other. The first error is yielded last, with a nil user.
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
			got := len(page.Items)
			o.Offset += got
			if got == 0 || o.Offset >= page.Total || o.Limit == got {
				return
			}
			if o.Limit > 0 {
				o.Limit -= got
			}
		}
	}
}

// UserPage returns the first page of a list, of at most 1,000 users.
func (c *Client) UserPage(ctx context.Context, o ListOptions) (UserPage, error) {
	query := url.Values{"limit": {strconv.Itoa(maxPage)}, "offset": {strconv.Itoa(o.Offset)}}
	if o.Limit > 0 {
		query.Set("limit", strconv.Itoa(min(o.Limit, maxPage)))
	}
	if o.Search != "" {
		query.Set("search", o.Search)
	}
	for _, s := range o.Statuses {
		query.Add("status", s.String())
	}
	for _, key := range o.Sort {
		name := key.Field.String()
		if key.Desc {
			name = "-" + name
		}
		query.Add("sort", name)
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
