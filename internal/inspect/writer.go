package inspect

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
)

// writer writes an answer and notes what it is. It keeps the last byte back until the exchange is recorded: a client
// that has read all of an answer must not be able to ask for the next one before.
type writer struct {
	http.ResponseWriter

	exchange *exchange
	most     int // bytes to note
	end      func(*exchange)

	last  [1]byte
	holds bool // a byte is in last
	whole bool // the answer was given
	done  bool // end was called
}

// WriteHeader implements [http.ResponseWriter].
func (w *writer) WriteHeader(status int) {
	if status >= http.StatusOK && w.exchange.status == 0 {
		w.exchange.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *writer) Write(b []byte) (int, error) {
	x := w.exchange
	if x.status == 0 {
		x.status = http.StatusOK
	}
	if len(b) == 0 {
		return 0, nil
	}
	x.bytes += int64(len(b))
	room := w.most - len(x.answer)
	x.answer = append(x.answer, b[:min(room, len(b))]...)
	if err := w.release(); err != nil {
		return 0, err
	}
	n := len(b) - 1
	if written, err := w.ResponseWriter.Write(b[:n]); err != nil {
		return written, err
	}
	w.last[0], w.holds = b[n], true
	return len(b), nil
}

func (w *writer) release() error {
	if !w.holds {
		return nil
	}
	w.holds = false
	_, err := w.ResponseWriter.Write(w.last[:])
	return err
}

// FlushError sends what was written, but for the last byte of a body that is complete by its length. It is for
// [http.ResponseController].
func (w *writer) FlushError() error {
	length, err := strconv.ParseInt(w.Header().Get("Content-Length"), 10, 64)
	if err != nil || w.exchange.bytes < length {
		if err := w.release(); err != nil {
			return err
		}
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Hijack hands the connection over, after which there is no answer any more. It is for [http.ResponseController].
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.leave()
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap lets [http.ResponseController] see what there is beneath.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// complete ends an answer that was given.
func (w *writer) complete() {
	if w.exchange.status == 0 {
		w.exchange.status = http.StatusOK
	}
	w.whole = true
	w.leave()
	_ = w.release() // fails where the client has gone
}

// leave ends the exchange, unless it has ended: where complete was not called, the connection is about to be.
func (w *writer) leave() {
	if w.done {
		return
	}
	w.done = true
	w.exchange.broken = !w.whole
	w.exchange.sent = w.Header().Clone()
	w.end(w.exchange)
}

// reader notes the beginning of a request's body as it is read.
type reader struct {
	io.ReadCloser

	exchange *exchange
	most     int
}

// Read implements [io.Reader].
func (r *reader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	x := r.exchange
	x.body = append(x.body, b[:min(n, r.most-len(x.body))]...)
	return n, err
}
