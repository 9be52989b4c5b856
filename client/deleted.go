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

// UndeletedGroup is a group that was restored.
type UndeletedGroup struct {
	Group *roster.Group `json:"group"`
	// Gone is who was a member and is not there any more; nil for nobody.
	Gone *GoneMembers `json:"gone"`
}

// UndeletedSpace is a space that was restored.
type UndeletedSpace struct {
	Space *roster.Space `json:"space"`
	// Gone is who was a member and is not there any more; nil for nobody.
	Gone *GoneMembers `json:"gone"`
}

// UndeletedRole is a role that was restored.
type UndeletedRole struct {
	Role *roster.Role `json:"role"`
}

// GoneMembers are the members that a group or a space can't be given back.
type GoneMembers struct {
	Members []roster.DeletedMember `json:"members"`
}

// Gone is what a user can't be given back: a role, groups and spaces that are not there any more.
type Gone struct {
	Role         string               `json:"role,omitempty"`
	Groups       []int64              `json:"groups,omitempty"`
	Spaces       []roster.SpaceAccess `json:"spaces,omitempty"`
	DefaultSpace int64                `json:"default_space,omitempty"`
}

// DeletedUsers yields the deleted users that can be restored, by number, as [Client.Users] yields users. Of the options
// of a list Search, OrderBy (deleted_at or purge_at, desc after it for descending) and those about pages count.
func (c *Client) DeletedUsers(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.DeletedUser, error] {
	return listDeleted[roster.DeletedUser](ctx, c, "users", o, options)
}

// DeletedUser returns the deleted user with an id or a number, or fails with [roster.NotFound].
func (c *Client) DeletedUser(ctx context.Context, ref roster.Ref, options ...Option) (*roster.DeletedUser, error) {
	return getDeleted[roster.DeletedUser](ctx, c, "users", ref, options)
}

// DeletedGroups yields the deleted groups that can be restored, by number, as [Client.Users] yields users. Of the
// options of a list OrderBy (deleted_at or purge_at, desc after it for descending) and those about pages count.
func (c *Client) DeletedGroups(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.DeletedGroup, error] {
	return listDeleted[roster.DeletedGroup](ctx, c, "groups", o, options)
}

// DeletedGroup returns the deleted group with an id or a number, or fails with [roster.NotFound].
func (c *Client) DeletedGroup(ctx context.Context, ref roster.Ref, options ...Option) (*roster.DeletedGroup, error) {
	return getDeleted[roster.DeletedGroup](ctx, c, "groups", ref, options)
}

// DeletedSpaces yields the deleted spaces that can be restored, by number, as [Client.Users] yields users. Of the
// options of a list OrderBy (deleted_at or purge_at, desc after it for descending) and those about pages count.
func (c *Client) DeletedSpaces(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.DeletedSpace, error] {
	return listDeleted[roster.DeletedSpace](ctx, c, "spaces", o, options)
}

// DeletedSpace returns the deleted space with an id or a number, or fails with [roster.NotFound].
func (c *Client) DeletedSpace(ctx context.Context, ref roster.Ref, options ...Option) (*roster.DeletedSpace, error) {
	return getDeleted[roster.DeletedSpace](ctx, c, "spaces", ref, options)
}

// DeletedRoles yields the deleted roles that can be restored, by number, as [Client.Users] yields users. Of the
// options of a list OrderBy (deleted_at or purge_at, desc after it for descending) and those about pages count.
func (c *Client) DeletedRoles(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.DeletedRole, error] {
	return listDeleted[roster.DeletedRole](ctx, c, "roles", o, options)
}

// DeletedRole returns the deleted role with an id or a number, or fails with [roster.NotFound].
func (c *Client) DeletedRole(ctx context.Context, ref roster.Ref, options ...Option) (*roster.DeletedRole, error) {
	return getDeleted[roster.DeletedRole](ctx, c, "roles", ref, options)
}

// listDeleted yields the deleted records of a list.
func listDeleted[T any](
	ctx context.Context, c *Client, of string, o ListOptions, options []Option,
) iter.Seq2[*T, error] {
	return walk(o, func(o ListOptions) (Page[T], error) {
		p, err := page[T](ctx, c, []string{"deleted-" + of}, o, options)
		if err != nil {
			return p, fmt.Errorf("list deleted %s: %w", of, err)
		}
		return p, nil
	})
}

// getDeleted returns a deleted record of a list.
func getDeleted[T any](ctx context.Context, c *Client, of string, ref roster.Ref, options []Option) (*T, error) {
	e, err := get[T](ctx, c, named("deleted-"+of, ref), options)
	if err != nil {
		return nil, fmt.Errorf("get %s of the deleted %s: %w", ref, of, err)
	}
	return e, nil
}

// undelete restores a deleted record of a list.
func undelete[T any](ctx context.Context, c *Client, of string, ref roster.Ref, options []Option) (*T, error) {
	e, err := create[T](ctx, c, []string{of, ref.String() + ":undelete"}, nil, options)
	if err != nil {
		return nil, fmt.Errorf("restore %s of the deleted %s: %w", ref, of, err)
	}
	return e, nil
}

// UndeleteUser restores a deleted user as it was, but for what is gone. It fails with [roster.Conflict] where somebody
// has its e-mail or identifier by now, and where the e-mail or identifier in ref is that of several deleted users.
func (c *Client) UndeleteUser(ctx context.Context, ref roster.Ref, options ...Option) (*Undeleted, error) {
	return undelete[Undeleted](ctx, c, "users", ref, options)
}

// UndeleteGroup restores a deleted group, and makes those members again who are still there.
func (c *Client) UndeleteGroup(ctx context.Context, ref roster.Ref, options ...Option) (*UndeletedGroup, error) {
	return undelete[UndeletedGroup](ctx, c, "groups", ref, options)
}

// UndeleteSpace restores a deleted space, and makes those members again who are still there.
func (c *Client) UndeleteSpace(ctx context.Context, ref roster.Ref, options ...Option) (*UndeletedSpace, error) {
	return undelete[UndeletedSpace](ctx, c, "spaces", ref, options)
}

// UndeleteRole restores a deleted role, which nobody holds then. It fails with [roster.Conflict] where another one has
// its handle by now, and where the handle in ref is that of several deleted roles.
func (c *Client) UndeleteRole(ctx context.Context, ref roster.Ref, options ...Option) (*UndeletedRole, error) {
	return undelete[UndeletedRole](ctx, c, "roles", ref, options)
}

// EraseUser removes a user, deleted or not, for good, also from the history and the audit. It can't be undone.
func (c *Client) EraseUser(ctx context.Context, ref roster.Ref, options ...Option) error {
	r := request{method: http.MethodPost, path: []string{"users", ref.String() + ":erase"}}
	if err := c.call(ctx, r.apply(options), nil); err != nil {
		return fmt.Errorf("erase user %s: %w", ref, err)
	}
	return nil
}
