package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
)

// Spaces yields the spaces by number, as [Client.Users] yields users.
func (c *Client) Spaces(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*roster.Space, error] {
	return walk(o, func(o ListOptions) (Page[roster.Space], error) { return c.SpacePage(ctx, o, options...) })
}

// SpacePage returns one page of the spaces.
func (c *Client) SpacePage(ctx context.Context, o ListOptions, options ...Option) (Page[roster.Space], error) {
	p, err := page[roster.Space](ctx, c, []string{"spaces"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list spaces: %w", err)
	}
	return p, nil
}

// Space returns the space with an id or a number, or fails with [roster.NotFound].
func (c *Client) Space(ctx context.Context, ref roster.Ref, options ...Option) (*roster.Space, error) {
	s, err := get[roster.Space](ctx, c, named("spaces", ref), options)
	if err != nil {
		return nil, fmt.Errorf("get space %s: %w", ref, err)
	}
	return s, nil
}

// CreateSpace makes a space and returns it complete; what is zero and has a default gets it.
func (c *Client) CreateSpace(ctx context.Context, s *roster.Space, options ...Option) (*roster.Space, error) {
	made, err := create[roster.Space](ctx, c, []string{"spaces"}, s, options)
	if err != nil {
		return nil, fmt.Errorf("create a space: %w", err)
	}
	return made, nil
}

// UpdateSpace changes the members of a space that a JSON merge patch (RFC 7396) names, and returns the space.
func (c *Client) UpdateSpace(
	ctx context.Context, ref roster.Ref, patch []byte, options ...Option,
) (*roster.Space, error) {
	s, err := update[roster.Space](ctx, c, named("spaces", ref), patch, options)
	if err != nil {
		return nil, fmt.Errorf("update space %s: %w", ref, err)
	}
	return s, nil
}

// DeleteSpace deletes a space, which is taken from its users, too, or fails with [roster.NotFound].
func (c *Client) DeleteSpace(ctx context.Context, ref roster.Ref, options ...Option) error {
	if err := remove(ctx, c, named("spaces", ref), options); err != nil {
		return fmt.Errorf("delete space %s: %w", ref, err)
	}
	return nil
}

// SpaceMembers yields the members of a space by number, as [Client.Users] yields users.
func (c *Client) SpaceMembers(
	ctx context.Context, space roster.Ref, o ListOptions, options ...Option,
) iter.Seq2[*Member, error] {
	return c.members(ctx, named("spaces", space), o, options)
}

// SpaceMember returns a user as a member of a space, or fails with [roster.NotFound].
func (c *Client) SpaceMember(ctx context.Context, space, user roster.Ref, options ...Option) (*Member, error) {
	return c.member(ctx, named("spaces", space), user, options)
}

// PutSpaceMember makes a user a member of a space with a role, which is reader, writer or manager, or gives a member
// another role.
func (c *Client) PutSpaceMember(
	ctx context.Context, space, user roster.Ref, role string, options ...Option,
) (*Member, error) {
	return c.join(ctx, named("spaces", space), user, role, options)
}

// RemoveSpaceMember ends a membership, or fails with [roster.NotFound] where there is none.
func (c *Client) RemoveSpaceMember(ctx context.Context, space, user roster.Ref, options ...Option) error {
	return c.leave(ctx, named("spaces", space), user, options)
}
