package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/roster-dev/roster"
)

// Undeleted is a user who was restored.
type Undeleted struct {
	User *roster.User `json:"user"`
	// Gone is what the user had that is not there any more; nil for nothing.
	Gone *Gone `json:"gone"`
}

// Gone is what a user can't be given back: a role, groups and spaces that are not there any more.
type Gone struct {
	Role         string               `json:"role,omitempty"`
	Groups       []int64              `json:"groups,omitempty"`
	Spaces       []roster.SpaceAccess `json:"spaces,omitempty"`
	DefaultSpace int64                `json:"default_space,omitempty"`
}

// DeletedUsers yields the deleted users who can be restored, by number, as [Client.Users] yields users. Of the options
// of a list Search, OrderBy (deleted_at or purge_at, desc after it for descending) and those about pages count.
func (c *Client) DeletedUsers(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.DeletedUser, error] {
	return walk(o, func(o ListOptions) (Page[roster.DeletedUser], error) {
		p, err := page[roster.DeletedUser](ctx, c, []string{"deleted-users"}, o, options)
		if err != nil {
			return p, fmt.Errorf("list deleted users: %w", err)
		}
		return p, nil
	})
}

// DeletedUser returns the deleted user with an id or a number, or fails with [roster.NotFound].
func (c *Client) DeletedUser(ctx context.Context, ref roster.Ref, options ...Option) (*roster.DeletedUser, error) {
	u, err := get[roster.DeletedUser](ctx, c, named("deleted-users", ref), options)
	if err != nil {
		return nil, fmt.Errorf("get deleted user %s: %w", ref, err)
	}
	return u, nil
}

// UndeleteUser restores a deleted user as it was, but for what is gone. It fails with [roster.Conflict] where somebody
// has its e-mail or identifier by now, and where the e-mail or identifier in ref is that of several deleted users.
func (c *Client) UndeleteUser(ctx context.Context, ref roster.Ref, options ...Option) (*Undeleted, error) {
	u, err := create[Undeleted](ctx, c, []string{"users", ref.String() + ":undelete"}, nil, options)
	if err != nil {
		return nil, fmt.Errorf("restore deleted user %s: %w", ref, err)
	}
	return u, nil
}

// EraseUser removes a user, deleted or not, for good, also from the history and the audit. It can't be undone.
func (c *Client) EraseUser(ctx context.Context, ref roster.Ref, options ...Option) error {
	r := request{method: http.MethodPost, path: []string{"users", ref.String() + ":erase"}}
	if err := c.call(ctx, r.apply(options), nil); err != nil {
		return fmt.Errorf("erase user %s: %w", ref, err)
	}
	return nil
}
