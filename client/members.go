package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"slices"

	"github.com/roster-dev/roster"
)

// Member is a user as a member of a group or a space.
type Member = roster.Member

// member returns a user as a member of the group or the space at a path.
func (c *Client) member(ctx context.Context, of []string, user roster.Ref, options []Option) (*Member, error) {
	m, err := get[Member](ctx, c, append(slices.Clone(of), "members", user.String()), options)
	if err != nil {
		return nil, fmt.Errorf("find %s among the members of %s %s: %w", user, of[0], of[1], err)
	}
	return m, nil
}

// members yields the members of the group or the space at a path.
func (c *Client) members(ctx context.Context, of []string, o ListOptions, options []Option) iter.Seq2[*Member, error] {
	path := append(slices.Clone(of), "members")
	return walk(o, func(o ListOptions) (Page[Member], error) {
		p, err := page[Member](ctx, c, path, o, options)
		if err != nil {
			return p, fmt.Errorf("list the members of %s %s: %w", of[0], of[1], err)
		}
		return p, nil
	})
}

func (c *Client) join(
	ctx context.Context, of []string, user roster.Ref, role string, options []Option,
) (*Member, error) {
	r := request{method: http.MethodPut, path: append(slices.Clone(of), "members", user.String())}
	if role != "" {
		body, err := encode(map[string]string{"role": role})
		if err != nil {
			return nil, err
		}
		r.body, r.contentType = body, "application/json"
	}
	m := new(Member)
	if err := c.call(ctx, r.apply(options), m); err != nil {
		return nil, fmt.Errorf("make %s a member of %s %s: %w", user, of[0], of[1], err)
	}
	return m, nil
}

func (c *Client) leave(ctx context.Context, of []string, user roster.Ref, options []Option) error {
	path := append(slices.Clone(of), "members", user.String())
	if err := remove(ctx, c, path, options); err != nil {
		return fmt.Errorf("end the membership of %s in %s %s: %w", user, of[0], of[1], err)
	}
	return nil
}
