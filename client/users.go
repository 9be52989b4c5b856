package client

import (
	"context"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
)

// Users yields the users from the page of o on, in order. It asks for a page when it needs one, and all pages are of
// the version of the first, whatever changes there are meanwhile. The first error is yielded last, with a nil user: it
// is [roster.Gone] where the server keeps that version no longer, because too much time or too many changes have passed
// between two pages.
func (c *Client) Users(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*roster.User, error] {
	return walk(o, func(o ListOptions) (Page[roster.User], error) { return c.UserPage(ctx, o, options...) })
}

// UserPage returns one page of the users.
func (c *Client) UserPage(ctx context.Context, o ListOptions, options ...Option) (Page[roster.User], error) {
	p, err := page[roster.User](ctx, c, []string{"users"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list users: %w", err)
	}
	return p, nil
}

// User returns a user, Permissions filled, or fails with [roster.NotFound].
func (c *Client) User(ctx context.Context, ref roster.Ref, options ...Option) (*roster.User, error) {
	u, err := get[roster.User](ctx, c, named("users", ref), options)
	if err != nil {
		return nil, fmt.Errorf("get user %s: %w", ref, err)
	}
	return u, nil
}

// CreateUser makes a user and returns it complete. What is zero and has a default gets it, but for AppsAccess and
// TakesLicence, which count as they are.
func (c *Client) CreateUser(ctx context.Context, u *roster.User, options ...Option) (*roster.User, error) {
	made, err := create[roster.User](ctx, c, []string{"users"}, u, options)
	if err != nil {
		return nil, fmt.Errorf("create a user: %w", err)
	}
	return made, nil
}

// UpdateUser changes the members of a user that a JSON merge patch (RFC 7396) names, and returns the user.
func (c *Client) UpdateUser(
	ctx context.Context, ref roster.Ref, patch []byte, options ...Option,
) (*roster.User, error) {
	u, err := update[roster.User](ctx, c, named("users", ref), patch, options)
	if err != nil {
		return nil, fmt.Errorf("update user %s: %w", ref, err)
	}
	return u, nil
}

// DeleteUser deletes a user, or fails with [roster.NotFound].
func (c *Client) DeleteUser(ctx context.Context, ref roster.Ref, options ...Option) error {
	if err := remove(ctx, c, named("users", ref), options); err != nil {
		return fmt.Errorf("delete user %s: %w", ref, err)
	}
	return nil
}

// SuspendUser makes the status of a user suspended: tokens that act as the user do not count until it is restored.
// Suspending a suspended user does nothing.
func (c *Client) SuspendUser(ctx context.Context, ref roster.Ref, options ...Option) (*roster.User, error) {
	u, err := c.stand(ctx, ref, "suspend", options)
	if err != nil {
		return nil, fmt.Errorf("suspend user %s: %w", ref, err)
	}
	return u, nil
}

// RestoreUser takes the suspension of a user back. Restoring a user who is not suspended does nothing.
func (c *Client) RestoreUser(ctx context.Context, ref roster.Ref, options ...Option) (*roster.User, error) {
	u, err := c.stand(ctx, ref, "restore", options)
	if err != nil {
		return nil, fmt.Errorf("restore user %s: %w", ref, err)
	}
	return u, nil
}

func (c *Client) stand(ctx context.Context, ref roster.Ref, verb string, options []Option) (*roster.User, error) {
	path := []string{"users", ref.String() + ":" + verb}
	return create[roster.User](ctx, c, path, nil, options)
}
