package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// place is an operation at a path whose parameters have values.
type place struct {
	*dialect.Endpoint

	path   string // escaped, below the base URL
	values map[string]string
	record any // the record of a list that the values are from, if any
}

// at returns an operation's place with values for the parameters in its path.
func (c *checker) at(e *dialect.Endpoint, values map[string]string) *place {
	return &place{Endpoint: e, path: fill(e.Path, values), values: values}
}

func fill(path string, values map[string]string) string {
	for name, value := range values {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path
}

// fills reports whether the options have all that an operation's path needs.
func (c *checker) fills(e *dialect.Endpoint) bool {
	return !strings.Contains(fill(e.Path, c.Path), "{")
}

// question is a request, and what is documented to come of it.
type question struct {
	*place

	// where says what is asked about.
	where string
	query string // encoded
	// header has what is sent besides the credential; anonymous leaves that out.
	header    http.Header
	anonymous bool
	// want is the documented status; 0 for any.
	want int
}

// ask returns a question to the place that is to succeed.
func (p *place) ask(where string, query url.Values) question {
	return question{place: p, where: where, query: query.Encode(), want: http.StatusOK}
}

// line is the request as reports show it.
func (q question) line() string {
	if q.query == "" {
		return "GET " + q.path
	}
	return "GET " + q.path + "?" + q.query
}

// answer is what the server said.
type answer struct {
	question

	status int
	header http.Header
	body   []byte
	isJSON bool
	value  any // the body, where it is JSON
}

const (
	mostTries = 8
	mostWait  = 10 * time.Minute
	mostBytes = 256 << 20

	defaultRate = 10
)

// send sends a request as soon as the limit allows, and again where the server asks to wait. It judges refusals for too
// many requests, and nothing else.
func (c *checker) send(ctx context.Context, q question) (*answer, error) {
	for range mostTries {
		if err := c.wait(ctx); err != nil {
			return nil, err
		}
		a, err := c.once(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.line(), err)
		}
		after, again := a.retryAfter(c.Now())
		if !again {
			return a, nil
		}
		if a.status == http.StatusTooManyRequests {
			c.shape(a)
		}
		if after > mostWait {
			return nil, roster.Errorf(roster.RateLimited, "the server asks to wait for %s", after)
		}
		c.next = c.Now().Add(after)
	}
	return nil, roster.Errorf(roster.RateLimited, "%s was refused %d times in a row", q.line(), mostTries)
}

// wait waits until the next request may be sent.
func (c *checker) wait(ctx context.Context) error {
	if d := c.next.Sub(c.Now()); d > 0 {
		if err := c.Sleep(ctx, d); err != nil {
			return err
		}
	}
	rate := c.Rate
	if rate <= 0 {
		rate = c.Dialect.Limit.Rate
	}
	if rate <= 0 {
		rate = defaultRate
	}
	c.next = c.Now().Add(time.Duration(float64(time.Second) / rate))
	return ctx.Err()
}

func (c *checker) once(ctx context.Context, q question) (*answer, error) {
	r, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	transport := c.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	c.report.Requests++
	response, err := transport.RoundTrip(r)
	if err != nil {
		return nil, &roster.Error{Code: roster.Unavailable, Message: "there is no answer", Err: err}
	}
	defer func() { _ = response.Body.Close() }() // it was read
	body, err := io.ReadAll(io.LimitReader(response.Body, mostBytes))
	if err != nil {
		return nil, &roster.Error{Code: roster.Unavailable, Message: "the answer breaks off", Err: err}
	}
	a := &answer{question: q, status: response.StatusCode, header: response.Header, body: body}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if decoder.Decode(&a.value) == nil {
		_, err = decoder.Token()
		a.isJSON = errors.Is(err, io.EOF) // and nothing comes after it
	}
	return a, nil
}

func (c *checker) request(ctx context.Context, q question) (*http.Request, error) {
	whole := strings.TrimSuffix(c.URL.String(), "/") + q.path
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, whole, http.NoBody)
	if err != nil {
		return nil, &roster.Error{Code: roster.Invalid, Message: "is no URL", Field: "url", Err: err}
	}
	r.URL.RawQuery = q.query
	r.Header.Set("User-Agent", "roster-conformance")
	maps.Copy(r.Header, q.header)
	switch {
	case q.anonymous || q.Endpoint != nil && q.Public:
	case c.Sign != nil:
		return r, c.Sign(r)
	default:
		c.carry(r.Header, c.Token)
	}
	return r, nil
}

// carry puts a token where the dialect's first scheme for tokens has it.
func (c *checker) carry(h http.Header, token string) {
	for _, s := range c.Dialect.Schemes {
		switch s.Kind {
		case dialect.HeaderKey:
			h.Set(s.Header, token)
			return
		case dialect.Bearer:
			h.Set("Authorization", "Bearer "+token)
			return
		}
	}
}

// retryAfter returns how long the server asks to wait before the same request is sent again, a second where it does not
// say, and whether it asks at all.
func (a *answer) retryAfter(now time.Time) (time.Duration, bool) {
	value := a.header.Get("Retry-After")
	if a.status != http.StatusTooManyRequests && (a.status != http.StatusServiceUnavailable || value == "") {
		return 0, false
	}
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(time.Second, time.Duration(seconds)*time.Second), true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Second, at.Sub(now)), true
	}
	return time.Second, true
}
