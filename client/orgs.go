package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/roster-dev/roster"
)

// In returns a client of the organization with a slug, for the same token: an instance-wide one, or one of that very
// organization. It knows nothing of what c has written. Any other organization is [roster.NotFound] when it is asked.
func (c *Client) In(slug string) *Client {
	return &Client{
		base: c.base.JoinPath("orgs", slug), token: c.token, http: c.http, attempts: c.attempts, stale: c.stale,
		newKey: c.newKey, jitter: c.jitter,
	}
}

// Organizations yields the organizations that the token can reach by number, as [Client.Users] yields users: all of
// them for an instance-wide token.
func (c *Client) Organizations(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.Organization, error] {
	return walk(o, func(o ListOptions) (Page[roster.Organization], error) {
		return c.OrganizationPage(ctx, o, options...)
	})
}

// OrganizationPage returns one page of the organizations that the token can reach.
func (c *Client) OrganizationPage(
	ctx context.Context, o ListOptions, options ...Option,
) (Page[roster.Organization], error) {
	p, err := page[roster.Organization](ctx, c, []string{"orgs"}, o, options)
	if err != nil {
		return p, fmt.Errorf("list organizations: %w", err)
	}
	return p, nil
}

// DeletedOrganizations yields the organizations that were deleted and can be restored by number, as [Client.Users]
// yields users. It needs an instance-wide token.
func (c *Client) DeletedOrganizations(
	ctx context.Context, o ListOptions, options ...Option,
) iter.Seq2[*roster.Organization, error] {
	return walk(o, func(o ListOptions) (Page[roster.Organization], error) {
		p, err := page[roster.Organization](ctx, c, []string{"deleted-orgs"}, o, options)
		if err != nil {
			return p, fmt.Errorf("list deleted organizations: %w", err)
		}
		return p, nil
	})
}

// CreateOrganization makes an organization from the Slug, Name, BrandName, Contracts and Limits of o, and returns it
// complete. It needs an instance-wide token.
func (c *Client) CreateOrganization(
	ctx context.Context, o *roster.Organization, options ...Option,
) (*roster.Organization, error) {
	made, err := create[roster.Organization](ctx, c, []string{"orgs"}, struct {
		Slug      string                     `json:"slug"`
		Name      string                     `json:"name,omitempty"`
		BrandName string                     `json:"brand_name,omitempty"`
		Contracts map[string]roster.Contract `json:"contracts,omitempty"`
		Limits    map[string]roster.Limit    `json:"limits,omitempty"`
	}{o.Slug, o.Name, o.BrandName, o.Contracts, o.Limits}, options)
	if err != nil {
		return nil, fmt.Errorf("create organization %s: %w", o.Slug, err)
	}
	return made, nil
}

// DeleteOrganization deletes the organization with a slug, which can be restored until it is removed for good. It needs
// an instance-wide token, of a client that is in no organization.
func (c *Client) DeleteOrganization(ctx context.Context, slug string, options ...Option) error {
	err := c.call(ctx, request{
		method: http.MethodDelete, path: []string{"orgs", slug}, query: url.Values{"confirm": {slug}},
	}.apply(options), nil)
	if err != nil {
		return fmt.Errorf("delete organization %s: %w", slug, err)
	}
	return nil
}

// UndeleteOrganization restores the deleted organization with a slug, with all that it has, or fails with
// [roster.NotFound]. It needs an instance-wide token, of a client that is in no organization.
func (c *Client) UndeleteOrganization(
	ctx context.Context, slug string, options ...Option,
) (*roster.Organization, error) {
	var org roster.Organization
	err := c.call(ctx, request{
		method: http.MethodPost, path: []string{"orgs", slug + ":undelete"},
	}.apply(options), &org)
	if err != nil {
		return nil, fmt.Errorf("restore organization %s: %w", slug, err)
	}
	return &org, nil
}
