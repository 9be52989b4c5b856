package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/roster-dev/roster"
)

// Tokens returns all tokens in the order of their creation, those that do not count any more among them. They have no
// Hash.
func (c *Client) Tokens(ctx context.Context) ([]*roster.Token, error) {
	var all []*roster.Token
	query := url.Values{"page_size": {strconv.Itoa(maxPage)}}
	for {
		var page struct {
			Items         []*roster.Token `json:"items"`
			NextPageToken string          `json:"next_page_token"`
		}
		err := c.call(ctx, request{method: http.MethodGet, path: []string{"tokens"}, query: query}, &page)
		if err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		all = append(all, page.Items...)
		if page.NextPageToken == "" {
			return all, nil
		}
		query.Set("page_token", page.NextPageToken)
	}
}

// CreateToken makes a token from the Name, Kind, Permissions, ActsAs, Dialects, ExpiresAt and AllowedIPs of t, and
// returns it with its secret, which nobody can ask for again.
func (c *Client) CreateToken(ctx context.Context, t roster.Token) (made *roster.Token, secret string, err error) {
	body, err := encode(struct {
		Name        string             `json:"name"`
		Kind        roster.TokenKind   `json:"kind,omitempty"`
		Permissions roster.Permissions `json:"permissions,omitempty"`
		ActsAs      roster.ID          `json:"acts_as,omitzero"`
		Dialects    []string           `json:"dialects,omitempty"`
		ExpiresAt   roster.Time        `json:"expires_at,omitzero"`
		AllowedIPs  []string           `json:"allowed_ips,omitempty"`
	}{t.Name, t.Kind, t.Permissions, t.ActsAs, t.Dialects, t.ExpiresAt, t.AllowedIPs})
	if err != nil {
		return nil, "", err
	}
	var answer struct {
		roster.Token

		Secret string `json:"secret"`
	}
	err = c.call(ctx, request{
		method: http.MethodPost, path: []string{"tokens"}, body: body, contentType: "application/json",
	}, &answer)
	if err != nil {
		return nil, "", fmt.Errorf("create a token: %w", err)
	}
	return &answer.Token, answer.Secret, nil
}

// RevokeToken makes a token count no more, or fails with [roster.NotFound]. Revoking it again does nothing.
func (c *Client) RevokeToken(ctx context.Context, id roster.ID) error {
	err := c.call(ctx, request{method: http.MethodDelete, path: []string{"tokens", id.String()}}, nil)
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", id, err)
	}
	return nil
}
