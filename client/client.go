// Package client speaks Roster's own API to a server: the users of an organization, its tokens, its records as JSON
// Lines, and its changes. The token that a [Client] is made with names the organization.
//
// Every failure is a [roster.Error] somewhere in the error's chain. What the server refuses has the server's code,
// message and fields; a server that can't be reached or answers with something else is [roster.Unavailable]. Nothing is
// tried again but by [Client.Follow].
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/roster-dev/roster"
)

// prefix is the path below which a server has its API.
const prefix = "/api/v1"

// Client speaks for one token to one server. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// New returns a client of the server at an absolute http or https URL, with or without the path of the API, and with
// the secret of a token. It sends requests through h, or through [http.DefaultClient] where h is nil. It fails with
// [roster.Invalid] for a URL that is not one, and does not connect yet.
func New(baseURL, token string, h *http.Client) (*Client, error) {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, roster.FieldErrorf("url", "must be a URL such as http://127.0.0.1:8080, not %q", baseURL)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, roster.FieldErrorf("url", "must have neither a user nor a query nor a fragment")
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), prefix) + prefix
	u.RawPath = ""
	if h == nil {
		h = http.DefaultClient
	}
	return &Client{base: u, token: token, http: h}, nil
}

// Organization returns the organization that the token belongs to, its Version filled.
func (c *Client) Organization(ctx context.Context) (*roster.Organization, error) {
	org := new(roster.Organization)
	if err := c.call(ctx, request{method: http.MethodGet, path: []string{"organization"}}, org); err != nil {
		return nil, fmt.Errorf("get the organization: %w", err)
	}
	return org, nil
}

// request is one request to the API.
type request struct {
	method string
	// path is the path below the API's root, its segments not escaped.
	path  []string
	query url.Values
	// body is sent where it is not nil.
	body        []byte
	contentType string
}

// call sends a request and decodes the JSON body of the response into out, unless that is nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	body, err := c.send(ctx, r)
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // it was only read
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return &roster.Error{Code: roster.Unavailable, Message: "the answer of the server can't be read", Err: err}
	}
	return nil
}

// send sends a request and returns the body of a response that says that it succeeded.
func (c *Client) send(ctx context.Context, r request) (io.ReadCloser, error) {
	u := *c.base
	for _, segment := range r.path {
		u.RawPath = u.EscapedPath() + "/" + url.PathEscape(segment)
		u.Path += "/" + segment
	}
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if r.body != nil {
		req.Header.Set("Content-Type", r.contentType)
	}
	response, err := c.http.Do(req)
	if err != nil {
		return nil, &roster.Error{Code: roster.Unavailable, Message: "the server can't be reached", Err: err}
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer response.Body.Close() //nolint:errcheck // it was only read
		return nil, failure(response)
	}
	return response.Body, nil
}

// encode returns the JSON of a value of ours, which has one.
func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return data, nil
}
