package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/roster-dev/roster"
)

// Invitations yields the invitations in the order of their creation, those that can't be accepted any more among them,
// as [Client.Users] yields users. They have no Hash.
func (c *Client) Invitations(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.Invitation, error] {
	return walk(o, func(o ListOptions) (Page[roster.Invitation], error) { return c.InvitationPage(ctx, o, options...) })
}

// InvitationPage returns one page of the invitations.
func (c *Client) InvitationPage(
	ctx context.Context, o ListOptions, options ...Option,
) (Page[roster.Invitation], error) {
	p, err := page[roster.Invitation](ctx, c, []string{"invitations"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list invitations: %w", err)
	}
	return p, nil
}

// Invitation returns an invitation, or fails with [roster.NotFound].
func (c *Client) Invitation(ctx context.Context, id roster.ID, options ...Option) (*roster.Invitation, error) {
	i, err := get[roster.Invitation](ctx, c, []string{"invitations", id.String()}, options)
	if err != nil {
		return nil, fmt.Errorf("get invitation %s: %w", id, err)
	}
	return i, nil
}

// Invited is an invitation that was just made.
type Invited struct {
	roster.Invitation

	// Secret is what the invitation is accepted with, which nobody can ask for again: "" where the request was sent
	// more than once because an answer was lost, and in a dry run.
	Secret string
}

// Invite makes a user with the status invited, and an invitation of it that can't be accepted any more at expires; 0 is
// in seven days.
func (c *Client) Invite(
	ctx context.Context, u *roster.User, expires roster.Time, options ...Option,
) (*Invited, error) {
	return c.invite(ctx, invitation{User: u, ExpiresAt: expires}, options)
}

// InviteAgain makes an invitation of a user with the status invited, in the place of earlier ones.
func (c *Client) InviteAgain(
	ctx context.Context, ref roster.Ref, expires roster.Time, options ...Option,
) (*Invited, error) {
	return c.invite(ctx, invitation{Ref: ref.String(), ExpiresAt: expires}, options)
}

// invitation says who is invited.
type invitation struct {
	User      *roster.User `json:"user,omitempty"`
	Ref       string       `json:"ref,omitempty"`
	ExpiresAt roster.Time  `json:"expires_at,omitzero"`
}

func (c *Client) invite(ctx context.Context, body invitation, options []Option) (*Invited, error) {
	answer, err := create[made[roster.Invitation]](ctx, c, []string{"invitations"}, body, options)
	if err != nil {
		return nil, fmt.Errorf("invite a user: %w", err)
	}
	return &Invited{answer.record, answer.secret}, nil
}

// ResendInvitation makes another invitation of the same user, with a new secret, in the place of an invitation.
func (c *Client) ResendInvitation(
	ctx context.Context, id roster.ID, expires roster.Time, options ...Option,
) (*Invited, error) {
	r := request{method: http.MethodPost, path: []string{"invitations", id.String() + ":resend"}}
	if expires != 0 {
		r.query = url.Values{"expires_at": {expires.String()}}
	}
	var answer made[roster.Invitation]
	if err := c.call(ctx, r.apply(options), &answer); err != nil {
		return nil, fmt.Errorf("resend invitation %s: %w", id, err)
	}
	return &Invited{answer.record, answer.secret}, nil
}

// UpdateInvitation changes an invitation by a merge patch, which can say when it can't be accepted any more, and
// returns it. It fails with [roster.Conflict] where it was accepted.
func (c *Client) UpdateInvitation(
	ctx context.Context, id roster.ID, patch []byte, options ...Option,
) (*roster.Invitation, error) {
	i, err := update[roster.Invitation](ctx, c, []string{"invitations", id.String()}, patch, options)
	if err != nil {
		return nil, fmt.Errorf("update invitation %s: %w", id, err)
	}
	return i, nil
}

// DeleteInvitation makes the secret of an invitation work no more, or fails with [roster.NotFound].
func (c *Client) DeleteInvitation(ctx context.Context, id roster.ID, options ...Option) error {
	err := remove(ctx, c, []string{"invitations", id.String()}, options)
	if err != nil {
		return fmt.Errorf("delete invitation %s: %w", id, err)
	}
	return nil
}

// AcceptInvitation makes the user active whose invitation has a secret. The token needs no permission for it. A secret
// works once.
func (c *Client) AcceptInvitation(
	ctx context.Context, secret string, options ...Option,
) (*roster.Invitation, error) {
	body := map[string]string{"secret": secret}
	i, err := create[roster.Invitation](ctx, c, []string{"invitations:accept"}, body, options)
	if err != nil {
		return nil, fmt.Errorf("accept an invitation: %w", err)
	}
	return i, nil
}
