package server

import (
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/roster-dev/roster/internal/dialect"
)

// write sends a response. Short bodies go out with their length, long ones as they are made.
func (x *exchange) write(response dialect.Response) {
	header := x.w.Header()
	for name, values := range response.Header {
		header[name] = values
	}
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	if response.Body == nil {
		x.w.WriteHeader(status)
		return
	}
	header.Set("Content-Type", "application/json")
	if response.ContentType != "" {
		header.Set("Content-Type", response.ContentType)
	}
	header.Set("X-Content-Type-Options", "nosniff")
	out := &bodyWriter{w: x.w, status: status, head: x.r.Method == http.MethodHead}
	if err := response.Body(out); err != nil && !errors.Is(err, errHeadDone) {
		record(x.r).err = err
		if out.started {
			panic(http.ErrAbortHandler) // the client must not take half a list for a whole one
		}
		if status < http.StatusInternalServerError {
			x.write(x.fail(err))
		}
		return
	}
	out.finish()
}

// bodyWriter holds a body back until it is complete or longer than most, so that a short one has a Content-Length
// and goes out in one write, and an error before that can still become a status.
type bodyWriter struct {
	w       http.ResponseWriter
	status  int
	head    bool
	held    []byte
	started bool
}

const mostHeld = 64 << 10

func (b *bodyWriter) Write(p []byte) (int, error) {
	if !b.started && len(b.held)+len(p) <= mostHeld {
		b.held = append(b.held, p...)
		return len(p), nil
	}
	if b.head {
		b.start()
		return 0, errHeadDone
	}
	if !b.started {
		b.start()
		if _, err := b.w.Write(b.held); err != nil {
			return 0, err
		}
	}
	return b.w.Write(p)
}

// errHeadDone ends the making of a long body of which only the head was asked for.
var errHeadDone = errors.New("only the head was asked for")

func (b *bodyWriter) start() {
	b.started = true
	b.w.WriteHeader(b.status)
}

// finish sends a body that was held back in full.
func (b *bodyWriter) finish() {
	if b.started {
		return
	}
	b.w.Header().Set("Content-Length", strconv.Itoa(len(b.held)))
	b.start()
	if !b.head {
		_, _ = b.w.Write(b.held)
	}
}

func stack() []byte { return debug.Stack() }

// openAPI answers with the dialect's OpenAPI document.
func (x *exchange) openAPI() {
	base := x.absoluteURL()
	base.Path = base.Path[:len(base.Path)-len(openAPIPath)]
	base.RawPath, base.RawQuery = "", ""
	doc, err := dialect.OpenAPI(x.dialect, base.String())
	if err != nil {
		x.write(x.fail(err))
		return
	}
	x.write(dialect.Response{Body: dialect.Text(string(doc))})
}
