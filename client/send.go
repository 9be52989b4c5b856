package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
)

const (
	usualAttempts = 4
	// firstWait is what the first pause is a part of, and longestWait the longest one that a request waits.
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
)

// RetryError is in the chain of an error of a server that has said when to try again.
type RetryError struct {
	// After is how long to wait, counted from the answer.
	After time.Duration
	Err   error
}

// Error returns the text of the error.
func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *RetryError) Unwrap() error { return e.Err }

// partOf returns a random part of a time, which keeps clients from coming back all at once.
func partOf(most time.Duration) time.Duration { return rand.N(most + 1) } //nolint:gosec // it is no secret

// send sends a request, again where that may help, and returns the body of a response that says that it succeeded.
func (c *Client) send(ctx context.Context, r request) (io.ReadCloser, error) {
	if r.err != nil {
		return nil, r.err
	}
	c.prepare(&r)
	for attempt := 1; ; attempt++ {
		body, err := c.attempt(ctx, r)
		if err == nil || ctx.Err() != nil || r.once || attempt >= c.attempts || !c.passes(err) {
			return body, err
		}
		pause, bearable := c.pause(err, firstWait<<(attempt-1))
		if !bearable || rest(ctx, pause) != nil {
			return nil, err
		}
	}
}

// prepare adds the headers that are the same for each attempt.
func (c *Client) prepare(r *request) {
	header := http.Header{"Authorization": {"Bearer " + c.token}}
	if r.body != nil || r.stream != nil {
		header.Set("Content-Type", r.contentType)
	}
	maps.Copy(header, r.header)
	written := c.written.Load()
	switch {
	case r.method != http.MethodGet:
		if header.Get(idempotencyKey) == "" {
			header.Set(idempotencyKey, `"`+c.newKey()+`"`)
		}
	case written == 0 || c.stale || r.query.Has("page_token") || r.query.Has("as_of"):
		// what is shown then is of a version that the request names
	case header.Get(versionAtLeast) == "":
		header.Set(versionAtLeast, strconv.FormatInt(written, 10))
	}
	r.header = header
}

// pause returns how long to wait before a request that failed is sent again, and whether that is not too long.
func (c *Client) pause(err error, most time.Duration) (pause time.Duration, bearable bool) {
	pause = c.jitter(most)
	if busy, ok := errors.AsType[*RetryError](err); ok {
		pause = max(busy.After, pause)
	}
	return pause, pause <= longestWait
}

// passes reports whether a request that failed may succeed soon. A server that was never there most likely has another
// address.
func (c *Client) passes(err error) bool {
	switch roster.CodeOf(err) {
	case roster.RateLimited:
		return true
	case roster.Unavailable:
		return c.answered.Load()
	default:
		return false
	}
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, r request) (io.ReadCloser, error) {
	u := *c.base
	for _, segment := range r.path {
		u.RawPath = u.EscapedPath() + "/" + url.PathEscape(segment)
		u.Path += "/" + segment
	}
	u.RawQuery = r.query.Encode()
	body := r.stream
	if body == nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Header = r.header.Clone()
	response, err := c.http.Do(req)
	if err != nil {
		return nil, &roster.Error{Code: roster.Unavailable, Message: "the server can't be reached", Err: err}
	}
	r.tell(response.Header)
	if response.StatusCode < 200 || response.StatusCode > 299 {
		defer response.Body.Close() //nolint:errcheck // it was only read
		return nil, c.failure(r, response)
	}
	c.answered.Store(true)
	if r.method != http.MethodGet {
		c.wrote(versionOf(response.Header))
	}
	return response.Body, nil
}

// wrote remembers the version that a write has led to.
func (c *Client) wrote(version roster.Version) {
	for {
		before := c.written.Load()
		if int64(version) <= before || c.written.CompareAndSwap(before, int64(version)) {
			return
		}
	}
}

// versionOf returns the version that an answer is true for, 0 where it does not say.
func versionOf(header http.Header) roster.Version {
	version, err := strconv.ParseInt(header.Get("Roster-Version"), 10, 64)
	if err != nil {
		return 0
	}
	return roster.Version(version)
}

// rest waits for some time or the end of ctx, whose error it then returns.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
