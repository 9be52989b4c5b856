package server

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// write sends a response. Short bodies go out with their length, long ones as they are made.
func (x *exchange) write(response dialect.Response) {
	status := cmp.Or(response.Status, http.StatusOK)
	header := x.header(response, status)
	if response.Body == nil {
		x.head(status)
		return
	}
	header["Content-Type"] = []string{cmp.Or(response.ContentType, "application/json")}
	header["X-Content-Type-Options"] = []string{"nosniff"}
	if response.Live {
		x.live(status, response.Body)
		return
	}
	out := &bodyWriter{exchange: x, status: status, held: x.buffer()}
	defer func() { x.buffers.Put(&out.held) }()
	err := response.Body(out)
	switch {
	case errors.Is(err, errHeadDone):
	case err == nil:
		out.finish()
		if status == http.StatusOK && !out.long {
			x.keep(out.held, response)
		}
	case x.started:
		x.record.err = x.fault(err)
		panic(http.ErrAbortHandler) // the client must not take half a list for a whole one
	case status >= http.StatusInternalServerError: // the words for a failure failed
		x.record.err = x.fault(err)
		header.Del("Content-Type")
		x.head(status)
	default:
		for name := range response.Header {
			delete(header, name)
		}
		x.invalidate()
		x.write(x.fail(err))
	}
}

// header returns the header of the response, with what stands in it whatever the body is.
func (x *exchange) header(response dialect.Response, status int) http.Header {
	header := x.w.Header()
	maps.Copy(header, response.Header)
	if version := x.written.Load(); version > 0 {
		x.tellVersion(roster.Version(version))
	}
	if status == http.StatusOK {
		x.validate()
	}
	if response.Tag != "" {
		header["Etag"] = []string{response.Tag}
	}
	return header
}

// kept returns the headers of a response that are the same whenever it is repeated.
func (x *exchange) kept(response dialect.Response) http.Header {
	header := make(http.Header, len(response.Header)+4)
	maps.Copy(header, response.Header)
	for _, name := range [...]string{"Content-Type", "X-Content-Type-Options", "Etag", "Cache-Control"} {
		if values, ok := x.w.Header()[name]; ok {
			header[name] = values
		}
	}
	return header
}

// head hands out the head of the response, which tells browsers how long it took.
func (x *exchange) head(status int) {
	x.started = true
	if x.r.Header["Sec-Fetch-Mode"] != nil {
		took := x.Now().Sub(x.record.began) - x.record.waited
		x.w.Header().Set("Server-Timing", fmt.Sprintf("app;dur=%.3f", took.Seconds()*1000))
	}
	x.w.WriteHeader(status)
}

// bodyWriter holds a body back until it is complete or longer than most, so that a short one has a Content-Length and
// goes out in one write, and an error before that can still become a status.
type bodyWriter struct {
	*exchange

	status int
	held   []byte
	long   bool // held has not all of it
	out    *taker
}

const mostHeld = 64 << 10

func (b *bodyWriter) Write(p []byte) (int, error) {
	if !b.started && len(b.held)+len(p) <= cap(b.held) {
		b.held = append(b.held, p...)
		return len(p), nil
	}
	if !b.started {
		b.long, b.out = true, b.newTaker()
		b.head(b.status)
		if _, err := b.out.Write(b.held); err != nil {
			return 0, err
		}
		if b.r.Method == http.MethodHead {
			return 0, errHeadDone
		}
	}
	return b.out.Write(p)
}

// AvailableBuffer returns an empty buffer for bytes that the next Write gets, as that of [bufio.Writer] does: what is
// held back is then in its place already.
func (b *bodyWriter) AvailableBuffer() []byte {
	if b.started {
		return b.held[:0]
	}
	return b.held[len(b.held):]
}

// buffer returns an empty buffer that can hold a body back.
func (s *Server) buffer() []byte {
	if b, ok := s.buffers.Get().(*[]byte); ok {
		return (*b)[:0]
	}
	return make([]byte, 0, mostHeld)
}

// errHeadDone ends the making of a long body of which only the head was asked for.
var errHeadDone = errors.New("only the head was asked for")

// finish sends a body that was held back in full.
func (b *bodyWriter) finish() {
	if b.started {
		return
	}
	b.w.Header()["Content-Length"] = []string{strconv.Itoa(len(b.held))}
	b.head(b.status)
	_, _ = b.w.Write(b.held)
}

// anyBase stands in a document that is made once for the base URL of whoever asks.
const anyBase = "http://base.invalid"

// openAPI answers with the dialect's OpenAPI document.
func (x *exchange) openAPI() {
	base := x.absoluteURL()
	base.Path = base.Path[:len(base.Path)-len(openAPIPath)]
	base.RawPath, base.RawQuery = "", ""
	doc, err := x.document()
	if err != nil {
		x.write(x.fail(err))
		return
	}
	quoted, err := dialect.Encode(base.String())
	if err != nil {
		x.write(x.fail(fmt.Errorf("encode the base URL: %w", err)))
		return
	}
	x.write(dialect.Response{
		Body: dialect.Text(strings.ReplaceAll(string(doc), anyBase, string(quoted[1:len(quoted)-1]))),
	})
}
