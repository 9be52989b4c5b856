// Package client speaks Roster's own API to a server: the records of an organization, its changes and its audit. The
// token that a [Client] is made with names the organization; with an instance-wide token [Client.In] does.
//
// Every failure is a [roster.Error] somewhere in the error's chain. What the server refuses has the server's code,
// message and fields, and with [roster.PreconditionFailed] the record as it is; a server that can't be reached or
// answers with something else is [roster.Unavailable].
//
// What fails in passing is tried again: see [Attempts]. Every write carries an idempotency key, the same each time, so
// that it is done once however often it is sent. A read is not older than what the client wrote before: see
// [StaleReads].
package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
)

// prefix is the path below which a server has its API.
const prefix = "/api/v1"

// Client speaks for one token to one server. It is safe for concurrent use.
type Client struct {
	base  *url.URL
	token string
	http  *http.Client

	attempts int
	stale    bool
	// newKey makes idempotency keys, and jitter shortens a pause.
	newKey func() string
	jitter func(most time.Duration) time.Duration
	// answered is set once the server has answered as Roster's API does.
	answered atomic.Bool
	// written is the latest version that a write of this client has led to.
	written atomic.Int64
}

// Setting makes a [Client] other than it usually is.
type Setting func(*Client)

// Attempts says how often a request is sent at the most, 1 for never again; it is 4 without the setting. A request is
// sent again when the server says that it is busy (with the statuses 429 and 503), and, if the server has answered the
// client before, when it can't be reached or a proxy answers in its place. The pause before that is a random part of
// half a second, twice as much each time, and no shorter than the server asks for in Retry-After; where that is more
// than half a minute, the request fails instead, because of a [RetryError].
func Attempts(n int) Setting { return func(c *Client) { c.attempts = max(1, n) } }

// StaleReads lets a read show less than what the client has written, for clients of several servers that would rather
// not wait for each other. Without it each read names the version of the client's last write.
func StaleReads() Setting { return func(c *Client) { c.stale = true } }

// New returns a client of the server at an absolute http or https URL, with or without the path of the API, and with
// the secret of a token. It sends requests through h, or through [http.DefaultClient] where h is nil. It fails with
// [roster.Invalid] for a URL that is not one, and does not connect yet.
func New(baseURL, token string, h *http.Client, settings ...Setting) (*Client, error) {
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
	c := &Client{base: u, token: token, http: h, attempts: usualAttempts, newKey: rand.Text, jitter: partOf}
	for _, set := range settings {
		set(c)
	}
	return c, nil
}

// Organization returns the organization that the token belongs to, its Version filled.
func (c *Client) Organization(ctx context.Context, options ...Option) (*roster.Organization, error) {
	org, err := get[roster.Organization](ctx, c, []string{"organization"}, options)
	if err != nil {
		return nil, fmt.Errorf("get the organization: %w", err)
	}
	return org, nil
}

// UpdateOrganization changes the members of the organization that a JSON merge patch (RFC 7396) names, and returns it.
func (c *Client) UpdateOrganization(
	ctx context.Context, patch []byte, options ...Option,
) (*roster.Organization, error) {
	org, err := update[roster.Organization](ctx, c, []string{"organization"}, patch, options)
	if err != nil {
		return nil, fmt.Errorf("update the organization: %w", err)
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
	// stream is sent in the place of body where it is not nil; such a request must be sent once.
	stream io.Reader
	header http.Header
	// info is where to put what the answer says besides its body; nil for nowhere.
	info *Info
	// once keeps the request from being sent again.
	once bool
	// err is why the request can't be made.
	err error
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

// encode returns the JSON of a value of ours, which has one.
func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return data, nil
}
