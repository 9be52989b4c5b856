package server

import (
	"context"
	"net/http"
	"time"

	"github.com/roster-dev/roster"
)

// requestRecord is what the access log says about a request. One goroutine at a time uses it.
type requestRecord struct {
	id        string
	dialect   string
	principal roster.Principal
	err       error
	// The endpoint that was found: how much of the path is below the dialect's root, the pattern and its parameters.
	below   int
	pattern string
	params  map[string]string

	isHead bool
	status int
	bytes  int64
	// waited is how much of the time went by in waiting for something to happen.
	waited time.Duration
}

type recordKey struct{}

// record returns the record that identify has put into every request's context.
func record(r *http.Request) *requestRecord {
	rec, _ := r.Context().Value(recordKey{}).(*requestRecord)
	return rec
}

// identify gives each request an id, and the access log a line when it is done.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		id, err := s.NewID()
		if err != nil {
			s.Log.ErrorContext(r.Context(), "no request id", "error", err)
			writeText(w, http.StatusInternalServerError, "internal error\n")
			return
		}
		rec := &requestRecord{id: id.String(), isHead: r.Method == http.MethodHead}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		w.Header().Set("X-Request-Id", rec.id)
		defer func() {
			took := s.Now().Sub(start)
			if s.metrics != nil {
				s.metrics.note(rec, took-rec.waited)
			}
			s.access(r, rec, took)
		}()
		next.ServeHTTP(&recorder{ResponseWriter: w, record: rec}, r)
	})
}

// recorder notes the status and the bytes of a response, and drops the body where only the head was asked for.
type recorder struct {
	http.ResponseWriter
	record *requestRecord
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
