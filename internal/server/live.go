package server

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"github.com/roster-dev/roster/internal/dialect"
)

// takeTime is the default of Config.TakeTime.
const takeTime = 30 * time.Second

// live sends a body that goes on for as long as the client listens. What the client does not take waits in the buffers
// of the connection only: the body makes no more until there is room.
func (x *exchange) live(status int, body dialect.Body) {
	if x.r.Header.Get("Accept-Encoding") != "" { // then what compresses is there, and takes the header out
		x.w.Header().Set(gzhttp.HeaderNoCompression, "1")
	}
	x.head(status)
	if x.r.Method == http.MethodHead {
		return
	}
	out := &liveWriter{
		w: x.w, control: http.NewResponseController(x.w), take: cmp.Or(x.TakeTime, takeTime),
	}
	if err := body(out); err != nil {
		record(x.r).err = x.fault(err)
		panic(http.ErrAbortHandler) // the client must not take it for an end that was meant
	}
}

// pieceBytes is how much of a body that goes on a client is to accept in the time that it has.
const pieceBytes = 64 << 10

// liveWriter hands every write out at once.
type liveWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	take    time.Duration
}

func (l *liveWriter) Write(p []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(p, pieceBytes) {
		// It takes the place of the deadline for the whole answer. Where there are none there is nobody to cut off.
		_ = l.control.SetWriteDeadline(time.Now().Add(l.take))
		n, err := l.w.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, l.control.Flush()
}
