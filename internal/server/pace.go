package server

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"
)

// takeTime is the default of Config.TakeTime.
const takeTime = 30 * time.Second

// pieceBytes is how much of a long body a client is to accept in the time that it has for it.
const pieceBytes = 64 << 10

// taker hands a body out in pieces, each of which the client is to accept in time: a slow one is served for as long as
// it takes, and one that is gone is dropped.
type taker struct {
	w       http.ResponseWriter
	control *http.ResponseController
	take    time.Duration
	// flush has every write go out at once.
	flush bool
}

func (x *exchange) newTaker() *taker {
	return &taker{w: x.w, control: http.NewResponseController(x.w), take: cmp.Or(x.TakeTime, takeTime)}
}

// Write implements [io.Writer].
func (t *taker) Write(p []byte) (int, error) {
	written := 0
	for piece := range slices.Chunk(p, pieceBytes) {
		t.within(t.take)
		n, err := t.w.Write(piece)
		written += n
		if err != nil {
			return written, err
		}
	}
	var err error
	if t.flush {
		err = t.control.Flush()
	}
	t.within(writeTimeout) // making the next piece may take longer than accepting it
	return written, err
}

// within sets the deadline for writes, in the place of the one for the whole answer. Where there are none there is
// nobody to cut off.
func (t *taker) within(d time.Duration) { _ = t.control.SetWriteDeadline(time.Now().Add(d)) }

// giver reads a body for as long as the client sends something of it. Whoever sends nothing for a while is cut off.
type giver struct {
	in      io.Reader
	control *http.ResponseController
	ended   bool
}

// newGiver returns the body of a request, at most so many bytes of it.
func (x *exchange) newGiver(most int64) *giver {
	return &giver{in: http.MaxBytesReader(x.w, x.r.Body, most), control: http.NewResponseController(x.w)}
}

// Read implements [io.Reader].
func (g *giver) Read(p []byte) (int, error) {
	g.prolong()
	return g.next(p)
}

// prolong gives the client time for the next piece.
func (g *giver) prolong() {
	if g.ended { // a deadline would be one for noticing that the client has gone
		return
	}
	// They take the place of the deadlines for the whole request. Where there are none there is nobody to cut off.
	_ = errors.Join(g.control.SetReadDeadline(time.Now().Add(readTimeout)),
		g.control.SetWriteDeadline(time.Now().Add(writeTimeout)))
}

// next reads what there is within that time.
func (g *giver) next(p []byte) (int, error) {
	n, err := g.in.Read(p)
	g.ended = g.ended || err != nil
	return n, err
}
