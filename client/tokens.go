package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
)

// Tokens yields the tokens in the order of their creation, those that do not count any more among them, as
// [Client.Users] yields users. They have no Hash.
func (c *Client) Tokens(ctx context.Context, o ListOptions, options ...Option) iter.Seq2[*roster.Token, error] {
	return walk(o, func(o ListOptions) (Page[roster.Token], error) { return c.TokenPage(ctx, o, options...) })
}

// TokenPage returns one page of the tokens.
func (c *Client) TokenPage(ctx context.Context, o ListOptions, options ...Option) (Page[roster.Token], error) {
	p, err := page[roster.Token](ctx, c, []string{"tokens"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list tokens: %w", err)
	}
	return p, nil
}

// Token returns a token, or fails with [roster.NotFound].
func (c *Client) Token(ctx context.Context, id roster.ID, options ...Option) (*roster.Token, error) {
	t, err := get[roster.Token](ctx, c, []string{"tokens", id.String()}, options)
	if err != nil {
		return nil, fmt.Errorf("get token %s: %w", id, err)
	}
	return t, nil
}

// CreateToken makes a token from the Name, Kind, Permissions, ActsAs, Dialects, ExpiresAt and AllowedIPs of t, and
// returns it with its secret, which nobody can ask for again: it is "" where the request was sent more than once
// because an answer was lost, and in a dry run.
func (c *Client) CreateToken(
	ctx context.Context, t roster.Token, options ...Option,
) (token *roster.Token, secret string, err error) {
	answer, err := create[made[roster.Token]](ctx, c, []string{"tokens"}, struct {
		Name        string             `json:"name"`
		Kind        roster.TokenKind   `json:"kind,omitempty"`
		Permissions roster.Permissions `json:"permissions,omitempty"`
		ActsAs      roster.ID          `json:"acts_as,omitzero"`
		Dialects    []string           `json:"dialects,omitempty"`
		ExpiresAt   roster.Time        `json:"expires_at,omitzero"`
		AllowedIPs  []string           `json:"allowed_ips,omitempty"`
	}{t.Name, t.Kind, t.Permissions, t.ActsAs, t.Dialects, t.ExpiresAt, t.AllowedIPs}, options)
	if err != nil {
		return nil, "", fmt.Errorf("create a token: %w", err)
	}
	return &answer.record, answer.secret, nil
}

// UpdateToken changes the members of a token that a JSON merge patch (RFC 7396) names, and returns the token.
func (c *Client) UpdateToken(
	ctx context.Context, id roster.ID, patch []byte, options ...Option,
) (*roster.Token, error) {
	t, err := update[roster.Token](ctx, c, []string{"tokens", id.String()}, patch, options)
	if err != nil {
		return nil, fmt.Errorf("update token %s: %w", id, err)
	}
	return t, nil
}

// RevokeToken makes a token count no more, or fails with [roster.NotFound]. Revoking it again does nothing.
func (c *Client) RevokeToken(ctx context.Context, id roster.ID, options ...Option) error {
	if err := remove(ctx, c, []string{"tokens", id.String()}, options); err != nil {
		return fmt.Errorf("revoke token %s: %w", id, err)
	}
	return nil
}

// made is a record that was just made, with its secret.
type made[T any] struct {
	record T
	secret string
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *made[T]) UnmarshalJSON(doc []byte) error {
	var answer struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(doc, &answer); err != nil {
		return err
	}
	m.secret = answer.Secret
	return json.Unmarshal(doc, &m.record)
}
