package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
)

// Roles yields the roles by number, as [Client.Users] yields users.
func (c *Client) Roles(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*roster.Role, error] {
	return walk(o, func(o ListOptions) (Page[roster.Role], error) { return c.RolePage(ctx, o, options...) })
}

// RolePage returns one page of the roles.
func (c *Client) RolePage(ctx context.Context, o ListOptions, options ...Option) (Page[roster.Role], error) {
	p, err := page[roster.Role](ctx, c, []string{"roles"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list roles: %w", err)
	}
	return p, nil
}

// Role returns the role with an id, a number or a handle, which is the Identifier of ref, or fails with
// [roster.NotFound].
func (c *Client) Role(ctx context.Context, ref roster.Ref, options ...Option) (*roster.Role, error) {
	r, err := get[roster.Role](ctx, c, roleNamed(ref), options)
	if err != nil {
		return nil, fmt.Errorf("get role %s: %w", ref, err)
	}
	return r, nil
}

// CreateRole makes a role and returns it complete; what is zero and has a default gets it.
func (c *Client) CreateRole(ctx context.Context, r *roster.Role, options ...Option) (*roster.Role, error) {
	made, err := create[roster.Role](ctx, c, []string{"roles"}, r, options)
	if err != nil {
		return nil, fmt.Errorf("create a role: %w", err)
	}
	return made, nil
}

// UpdateRole changes the members of a role that a JSON merge patch (RFC 7396) names, and returns the role.
func (c *Client) UpdateRole(
	ctx context.Context, ref roster.Ref, patch []byte, options ...Option,
) (*roster.Role, error) {
	r, err := update[roster.Role](ctx, c, roleNamed(ref), patch, options)
	if err != nil {
		return nil, fmt.Errorf("update role %s: %w", ref, err)
	}
	return r, nil
}

// DeleteRole deletes a role, or fails with [roster.NotFound]. A built-in role and one that users hold can't be deleted:
// that is a [roster.Conflict].
func (c *Client) DeleteRole(ctx context.Context, ref roster.Ref, options ...Option) error {
	if err := remove(ctx, c, roleNamed(ref), options); err != nil {
		return fmt.Errorf("delete role %s: %w", ref, err)
	}
	return nil
}

// roleNamed returns the path of a role: the API writes its name as a handle.
func roleNamed(ref roster.Ref) []string {
	if ref.Identifier != "" {
		return []string{"roles", "handle:" + ref.Identifier}
	}
	return named("roles", ref)
}
