package server

import (
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// How requests are passed on. The other process is near, and closes connections that nobody uses later than this one
// does, so that no request meets one that is being closed.
const (
	hopDialTime  = time.Second
	hopIdleTime  = 30 * time.Second
	hopIdleConns = 128 // to each of the others
	// hopPause is for how long nobody tries a process that could not be reached.
	hopPause = time.Second
)

// hops is what became of a request between two processes.
type hops int

const (
	hopsPassed   hops = iota // passed on, and answered by the other
	hopsAlone                // answered here, since the other could not be reached
	hopsFailed               // sent, but not answered
	hopsReceived             // answered here for another
	hopsRefused              // refused, since nothing proves that it is from another
	hopsKinds
)

// String returns the name of an outcome in the metrics.
func (h hops) String() string {
	return [...]string{"passed", "alone", "failed", "received", "refused"}[h]
}

// sender passes requests on. It is safe for concurrent use.
type sender struct {
	transport *http.Transport
	counts    [hopsKinds]atomic.Uint64

	mu   sync.Mutex
	down map[string]time.Time // when to try a host again that could not be reached; guarded by mu
}

func newSender() *sender {
	dialer := &net.Dialer{Timeout: hopDialTime}
	return &sender{
		down: map[string]time.Time{},
		transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: hopDialTime, IdleConnTimeout: hopIdleTime,
			MaxIdleConnsPerHost: hopIdleConns, DisableCompression: true, MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// count counts a request. A nil sender does not.
func (s *sender) count(h hops) {
	if s != nil {
		s.counts[h].Add(1)
	}
}

// close closes the connections that nobody uses. A nil sender has none.
func (s *sender) close() {
	if s != nil {
		s.transport.CloseIdleConnections()
	}
}

// tries reports whether to try a host now. Of one that could not be reached the first to ask after the pause finds out
// whether it is back.
func (s *sender) tries(host string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	until, down := s.down[host]
	if down && now.Before(until) {
		return false
	}
	if down {
		s.down[host] = now.Add(hopPause)
	}
	return true
}

// works notes that a host was reached.
func (s *sender) works(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.down, host)
}

// fails notes that a host was not reached.
func (s *sender) fails(host string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down[host] = now.Add(hopPause)
}

// passedBody is a long body while it is passed on. What sends it may still read, and closes it, after all is over.
type passedBody struct {
	giver *giver

	mu   sync.Mutex
	read bool  // whether anything was asked of it; guarded by mu
	over bool  // guarded by mu
	lack error // why the client did not send all of it; guarded by mu
}

func newPassedBody(x *exchange) *passedBody {
	return &passedBody{giver: x.newGiver(math.MaxInt64)} // the other process knows how long it may be
}

// errOver is what a body returns that nobody is to read any more.
var errOver = errors.New("the request is over")

// Read implements [io.Reader].
func (b *passedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	if b.over {
		b.mu.Unlock()
		return 0, errOver
	}
	b.read = true
	b.giver.prolong()
	b.mu.Unlock()
	n, err := b.giver.next(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.lack = err
	}
	return n, err
}

// lacks returns why the client did not send all of the body, nil where it did or has not been asked to.
func (b *passedBody) lacks() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lack
}

// Close implements [io.Closer]. The body belongs to the request that came in.
func (b *passedBody) Close() error { return nil }

// detach has nobody read any more of the body, and reports whether nothing was.
func (b *passedBody) detach() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	return !b.read
}
