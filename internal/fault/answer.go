package fault

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// answers reports whether a kind of fault decides what is answered.
func (k Kind) answers() bool {
	switch k {
	case Status, Truncate, Malform, HTML, Reset, Drip:
		return true
	default:
		return false
	}
}

// answer answers a request as a fault says.
func (x *exchange) answer(w http.ResponseWriter, r *http.Request, f Fault) {
	switch {
	case f.Kind == Status:
		x.refuse(w, f)
	case f.Kind == HTML:
		writeHTML(w, f)
	case f.Kind == Reset && f.Bytes == 0:
		reset(w)
	case r.Method == http.MethodHead:
		x.next.ServeHTTP(w, r) // which has no body
	default:
		x.damage(w, r, f)
	}
}

// refuse answers in the vendor's form.
func (x *exchange) refuse(w http.ResponseWriter, f Fault) {
	wait, header := time.Duration(f.RetryAfter), w.Header()
	d := x.api.Dialect
	answer := d.Fail(dialect.Failure{
		Error:  roster.Errorf(code(f.Status), "%s", strings.ToLower(http.StatusText(f.Status))),
		Status: f.Status, Contract: x.api.Contract, RequestID: "fault", RetryAfter: wait,
	})
	maps.Copy(header, answer.Header)
	if f.Status == http.StatusTooManyRequests && d.LimitHeaders != nil {
		d.LimitHeaders(header, dialect.Rate{
			Limit: d.Limit, Used: d.Limit.Burst, ResetAt: x.Clock.Now().Add(wait), RetryAfter: wait,
		})
	}
	if f.RetryAfter > 0 {
		header.Set("Retry-After", dialect.Failure{RetryAfter: wait}.RetrySeconds())
	}
	if answer.Body == nil {
		w.WriteHeader(f.Status)
		return
	}
	header.Set("Content-Type", "application/json")
	if answer.ContentType != "" {
		header.Set("Content-Type", answer.ContentType)
	}
	w.WriteHeader(f.Status)
	_ = answer.Body(w) // fails where the client has gone
}

// code returns the code that a status is closest to.
func code(status int) roster.Code {
	for _, c := range roster.Codes() {
		if dialect.DefaultStatus(c) == status {
			return c
		}
	}
	if status > http.StatusInternalServerError {
		return roster.Unavailable
	}
	return roster.Invalid
}

func writeHTML(w http.ResponseWriter, f Fault) {
	status, title := f.Status, http.StatusText(f.Status)
	if status == 0 {
		status, title = http.StatusOK, "Maintenance"
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<!DOCTYPE html>\n<html><head><title>%s</title></head>"+
		"<body><h1>%[1]s</h1></body></html>\n", title)
}

// reset has the client's connection end with an RST, whatever was sent. The answer has no status for who counts them.
func reset(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // else it is closed as others are
		}
		_ = conn.Close()
	}
	panic(http.ErrAbortHandler) // which also ends a connection that can't be taken over
}

// damage holds back what is answered and sends it as the fault says.
func (x *exchange) damage(w http.ResponseWriter, r *http.Request, f Fault) {
	plain := *r
	plain.Header = r.Header.Clone()
	plain.Header.Del("Accept-Encoding")
	whole := &held{header: http.Header{}, status: http.StatusOK}
	x.next.ServeHTTP(whole, &plain)

	body := whole.body.Bytes()
	maps.Copy(w.Header(), whole.header)
	if len(body) == 0 {
		w.WriteHeader(whole.status)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if f.Kind == Malform {
		body[len(body)/2] = 0
	}
	w.WriteHeader(whole.status)
	switch f.Kind {
	case Drip:
		x.drip(w, r, body, f)
	case Truncate, Reset:
		cut := min(f.Bytes, len(body)-1)
		if f.Bytes == 0 {
			cut = len(body) / 2 //nolint:mnd // the middle
		}
		_, _ = w.Write(body[:cut])
		_ = http.NewResponseController(w).Flush()
		if f.Kind == Reset {
			reset(w)
		}
		panic(http.ErrAbortHandler)
	default:
		_, _ = w.Write(body)
	}
}

// pieceBytes is how large the pieces of a dripping body are where the rule does not say.
const pieceBytes = 16

// drip sends a body piece by piece, with a wait before each but the first.
func (x *exchange) drip(w http.ResponseWriter, r *http.Request, body []byte, f Fault) {
	size := f.Bytes
	if size == 0 {
		size = pieceBytes
	}
	control := http.NewResponseController(w)
	for at := 0; at < len(body); at += size {
		if at > 0 && x.Sleep(r.Context(), f.Delay()) != nil {
			panic(http.ErrAbortHandler) // the client has gone
		}
		_, _ = w.Write(body[at:min(at+size, len(body))])
		_ = control.Flush()
	}
}

// held is an answer that is held back.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header implements [http.ResponseWriter].
func (h *held) Header() http.Header { return h.header }

// WriteHeader implements [http.ResponseWriter].
func (h *held) WriteHeader(status int) {
	if status >= http.StatusOK {
		h.status = status
	}
}

// Write implements [http.ResponseWriter].
func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }
