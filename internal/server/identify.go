package server

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/trace"
)

// requestRecord is what the access log says about a request. One goroutine at a time uses it.
type requestRecord struct {
	id        string
	began     time.Time
	dialect   string
	principal roster.Principal
	err       error
	// The endpoint that was found: how much of the path is below the dialect's root, the pattern and its parameters.
	below    int
	endpoint *dialect.Endpoint
	params   map[string]string

	isHead bool
	status int
	bytes  int64
	// version is the one that the answer is true for, 0 for none.
	version roster.Version
	span    trace.Span
	// waited is how much of the time went by in waiting for something to happen, or for another process.
	waited time.Duration
	// hop is what the process says that has passed the request on, nil where it came from the client; passedTo is the
	// host that it was passed on to.
	hop      *hop
	passedTo string
}

// clientAddr returns the address of the client, as the process saw it that the client has sent the request to.
func (rec *requestRecord) clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	if rec.hop != nil {
		return rec.hop.Client
	}
	return auth.ClientAddr(r, trusted)
}

// recordOf returns the record of a request by what its answer is written to, which may have been wrapped since identify
// has made the record. A context would have the record as well, but with it each request would have to be copied.
func recordOf(w http.ResponseWriter) *requestRecord {
	for {
		switch own := w.(type) {
		case *recorder:
			return &own.record
		case interface{ Unwrap() http.ResponseWriter }:
			w = own.Unwrap()
		default:
			panic("server: the answer to a request that has no id")
		}
	}
}

// identify gives each request an id, and the access log a line when it is done.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.Now()
		out := &recorder{ResponseWriter: w}
		rec := &out.record
		if !s.receive(w, r, rec) {
			return
		}
		rec.began, rec.isHead = began, r.Method == http.MethodHead
		w.Header()["X-Request-Id"] = []string{rec.id}
		r, rec.span = s.trace(r, rec.id)
		defer func() {
			took := s.Now().Sub(began)
			s.traced(r, rec)
			if s.metrics != nil {
				s.metrics.note(rec, took-rec.waited)
			}
			s.access(r, rec, took)
		}()
		next.ServeHTTP(out, r)
	})
}

// receive gives a request its id, which it has where another process has passed it on. It returns false where it has
// refused the request.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, rec *requestRecord) bool {
	if len(r.Header[hopHeader]) > 0 {
		return s.takeHop(w, r, rec)
	}
	id, err := s.NewID()
	if err != nil {
		s.Log.ErrorContext(r.Context(), "no request id", "error", err)
		writeText(w, http.StatusInternalServerError, "internal error\n")
		return false
	}
	rec.id = id.String()
	return true
}

// recorder notes the status and the bytes of a response, and drops the body where only the head was asked for.
type recorder struct {
	http.ResponseWriter
	record requestRecord
}

func (w *recorder) WriteHeader(status int) {
	w.record.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.record.status == 0 {
		w.record.status = http.StatusOK
	}
	if w.record.isHead {
		return len(p), nil
	}
	n, err := w.ResponseWriter.Write(p)
	w.record.bytes += int64(n)
	return n, err
}

// Flush is for the writer that compresses, which looks no further than this one.
func (w *recorder) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // nobody can be told
}

// Unwrap is for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
