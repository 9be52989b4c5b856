package inspect

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Request is a request and its answer, without secrets.
type Request struct {
	// Number is the place of the request among all, from 1, in the order in which they were answered.
	Number  int64  `json:"number"`
	Dialect string `json:"dialect"`
	// Client says whose credential the request has.
	Client string    `json:"client"`
	At     time.Time `json:"at"`
	// Milliseconds is how long the answer took.
	Milliseconds float64 `json:"milliseconds"`
	Method       string  `json:"method"`
	URL          string  `json:"url"`
	// Operation is the path in the dialect's table; "" where there is none.
	Operation string      `json:"operation,omitempty"`
	Header    http.Header `json:"header"`
	// Body is the beginning of what was read of the request's body.
	Body     string   `json:"body,omitempty"`
	Response Response `json:"response"`
	// Faults are the faults that happened to it, and Findings the rules that it breaks.
	Faults   []string `json:"faults,omitempty"`
	Findings []string `json:"findings,omitempty"`
}

// Response is an answer, without secrets.
type Response struct {
	// Status is 0 where the connection was ended without an answer.
	Status int         `json:"status"`
	Header http.Header `json:"header,omitempty"`
	// Body is the beginning of the body, without its encoding.
	Body string `json:"body,omitempty"`
	// Bytes is how many there were of the body, as it was encoded. Broken is true where the connection was ended before
	// the answer was complete.
	Bytes  int64 `json:"bytes"`
	Broken bool  `json:"broken,omitempty"`
}

// exchange is a request and its answer as they are.
type exchange struct {
	number       int64
	era          int // of the inspector at the beginning
	api          *API
	endpoint     *dialect.Endpoint
	began, ended time.Time
	ctx          context.Context //nolint:containedctx // dropped at the end of the request that it belongs to
	method, uri  string
	url          *url.URL
	from         string // the client's address
	header       http.Header
	body         []byte // its beginning
	length       int64  // of the body, -1 where it is not known

	status int
	sent   http.Header
	answer []byte // the body's beginning
	bytes  int64
	broken bool // the answer was not completed
	gone   bool // the client had gone before it was

	faults      []string
	damage      Damage
	paged, more bool // paged where more is known

	credential dialect.Credential
	scheme     *dialect.Scheme // nil for no credential
	token      *roster.Token   // nil where there is none
	client     *client
	rules      []string // that it breaks
}

// findToken returns the token whose secret the request shows, or nil.
func (x *exchange) findToken() *roster.Token {
	if x.credential.Secret == "" || x.api.Token == nil {
		return nil
	}
	return x.api.Token(x.ctx, x.credential.Secret)
}

// operation returns the path in the table, or that of the request without secrets.
func (x *exchange) operation() string {
	if x.endpoint != nil {
		return x.endpoint.Path
	}
	return newMask(x).uri(x.url.EscapedPath())
}

// succeeded reports whether the client has the answer that it asked for.
func (x *exchange) succeeded() bool {
	return x.status >= http.StatusOK && x.status < http.StatusBadRequest && !x.lost()
}

// lost reports whether the client has no answer that is meant for it.
func (x *exchange) lost() bool { return x.broken || x.gone || x.damage == NoAnswer }

// refused reports whether the server, and no fault, answered with one of some statuses.
func (x *exchange) refused(statuses ...int) bool {
	return x.damage != NoAnswer && slices.Contains(statuses, x.status)
}

// light returns what findings tell of it, without the bodies.
func (x *exchange) light() *exchange {
	l := *x
	l.body, l.answer, l.sent = nil, nil, nil
	return &l
}

// size is about how much memory it takes up.
func (x *exchange) size() int {
	const rest = 1 << 10
	n := rest + len(x.uri) + cap(x.body) + cap(x.answer)
	for _, header := range [...]http.Header{x.header, x.sent} {
		for name, values := range header {
			for _, v := range values {
				n += len(name) + len(v)
			}
		}
	}
	return n
}

// shown returns what may be seen of it, with at most so many bytes of each body.
func (x *exchange) shown(most int) Request {
	m := newMask(x)
	r := Request{
		Number: x.number, Dialect: x.api.Dialect.Name, Client: x.client.name, At: x.began.UTC(), Method: x.method,
		Milliseconds: float64(x.ended.Sub(x.began).Microseconds()) / 1000,
		URL:          m.uri(x.uri), Header: m.headers(x.header), Body: m.body(x.body, len(x.body) >= most),
		Faults: x.faults, Findings: x.rules,
		Response: Response{Status: x.status, Header: m.headers(x.sent), Bytes: x.bytes, Broken: x.broken},
	}
	if x.endpoint != nil {
		r.Operation = x.endpoint.Path
	}
	plain := decoded(x.answer, x.sent.Get("Content-Encoding"), most)
	r.Response.Body = m.body(plain, int64(len(x.answer)) < x.bytes || len(plain) >= most)
	return r
}

// decoded returns the beginning of what a body was before it was encoded; none for an encoding that is not known.
func decoded(body []byte, encoding string, most int) []byte {
	var r io.Reader
	switch encoding {
	case "":
		return body
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		r = z
	case "zstd":
		z, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil
		}
		defer z.Close()
		r = z
	default:
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(r, int64(most))) // which fails where the beginning ends
	return plain
}

// named returns the words of a name without case and without what stands between them.
func named(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_.[]", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// values yields every value of a header, by its name.
func values(h http.Header) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			for _, v := range h[name] {
				if !yield(name, v) {
					return
				}
			}
		}
	}
}
