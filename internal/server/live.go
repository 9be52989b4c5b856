package server

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"

	"github.com/roster-dev/roster/internal/dialect"
)

// live sends a body that goes on for as long as the client listens. What the client does not take waits in the buffers
// of the connection only: the body makes no more until there is room.
func (x *exchange) live(status int, body dialect.Body) {
	if x.r.Header.Get("Accept-Encoding") != "" { // then what compresses is there, and takes the header out
		x.w.Header().Set(gzhttp.HeaderNoCompression, "1")
	}
	if x.record.hop != nil {
		x.w.Header()[hopHeader] = []string{hopLive}
	}
	x.head(status)
	if x.r.Method == http.MethodHead {
		return
	}
	out := x.newTaker()
	out.flush = true
	if err := body(out); err != nil {
		x.record.err = x.fault(err)
		panic(http.ErrAbortHandler) // the client must not take it for an end that was meant
	}
}
