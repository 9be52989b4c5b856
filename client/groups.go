package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
)

// Groups yields the groups by number, as [Client.Users] yields users.
func (c *Client) Groups(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*roster.Group, error] {
	return walk(o, func(o ListOptions) (Page[roster.Group], error) { return c.GroupPage(ctx, o, options...) })
}

// GroupPage returns one page of the groups.
func (c *Client) GroupPage(ctx context.Context, o ListOptions, options ...Option) (Page[roster.Group], error) {
	p, err := page[roster.Group](ctx, c, []string{"groups"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list groups: %w", err)
	}
	return p, nil
}

// Group returns the group with an id or a number, or fails with [roster.NotFound].
func (c *Client) Group(ctx context.Context, ref roster.Ref, options ...Option) (*roster.Group, error) {
	g, err := get[roster.Group](ctx, c, named("groups", ref), options)
	if err != nil {
		return nil, fmt.Errorf("get group %s: %w", ref, err)
	}
	return g, nil
}

// CreateGroup makes a group and returns it complete; what is zero and has a default gets it.
func (c *Client) CreateGroup(ctx context.Context, g *roster.Group, options ...Option) (*roster.Group, error) {
	made, err := create[roster.Group](ctx, c, []string{"groups"}, g, options)
	if err != nil {
		return nil, fmt.Errorf("create a group: %w", err)
	}
	return made, nil
}

// UpdateGroup changes the members of a group that a JSON merge patch (RFC 7396) names, and returns the group.
func (c *Client) UpdateGroup(
	ctx context.Context, ref roster.Ref, patch []byte, options ...Option,
) (*roster.Group, error) {
	g, err := update[roster.Group](ctx, c, named("groups", ref), patch, options)
	if err != nil {
		return nil, fmt.Errorf("update group %s: %w", ref, err)
	}
	return g, nil
}

// DeleteGroup deletes a group, which is taken from its users, too, or fails with [roster.NotFound].
func (c *Client) DeleteGroup(ctx context.Context, ref roster.Ref, options ...Option) error {
	if err := remove(ctx, c, named("groups", ref), options); err != nil {
		return fmt.Errorf("delete group %s: %w", ref, err)
	}
	return nil
}

// GroupMembers yields the members of a group by number, as [Client.Users] yields users.
func (c *Client) GroupMembers(
	ctx context.Context, group roster.Ref, o ListOptions, options ...Option,
) iter.Seq2[*Member, error] {
	return c.members(ctx, named("groups", group), o, options)
}

// GroupMember returns a user as a member of a group, or fails with [roster.NotFound].
func (c *Client) GroupMember(ctx context.Context, group, user roster.Ref, options ...Option) (*Member, error) {
	return c.member(ctx, named("groups", group), user, options)
}

// AddGroupMember makes a user a member of a group. For one who is that already it does nothing.
func (c *Client) AddGroupMember(ctx context.Context, group, user roster.Ref, options ...Option) (*Member, error) {
	return c.join(ctx, named("groups", group), user, "", options)
}

// RemoveGroupMember ends a membership, or fails with [roster.NotFound] where there is none.
func (c *Client) RemoveGroupMember(ctx context.Context, group, user roster.Ref, options ...Option) error {
	return c.leave(ctx, named("groups", group), user, options)
}
