package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
)

// requestRecord is what the access log says about a request. One goroutine at a time uses it.
type requestRecord struct {
	id        string
	dialect   string
	principal roster.Principal
	err       error
	status    int
	bytes     int64
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
		rec := &requestRecord{id: id.String()}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		w.Header().Set("X-Request-Id", rec.id)
		defer func() { s.access(r, rec, s.Now().Sub(start)) }()
		next.ServeHTTP(&recorder{ResponseWriter: w, record: rec}, r)
	})
}

// recorder notes the status and the bytes of a response.
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
	n, err := w.ResponseWriter.Write(p)
	w.record.bytes += int64(n)
	return n, err
}

// Unwrap is for [http.ResponseController].
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// access writes the log line of a request that is done. It has no secrets, and no values of free text.
func (s *Server) access(r *http.Request, rec *requestRecord, took time.Duration) {
	level, code := slog.LevelInfo, roster.CodeOf(rec.err)
	attrs := []slog.Attr{
		slog.String("request_id", rec.id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.String("query", s.safeQuery(rec.dialect, r.URL)), slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes), slog.Duration("took", took),
		slog.String("client", auth.ClientAddr(r, s.TrustedProxies).String()),
	}
	if rec.dialect != "" {
		attrs = append(attrs, slog.String("dialect", rec.dialect))
	}
	if !rec.principal.Org.IsZero() {
		attrs = append(attrs, slog.String("organization", rec.principal.Org.String()),
			slog.String("principal", rec.principal.Name))
	}
	if rec.err != nil {
		attrs = append(attrs, slog.String("code", string(code)), slog.String("error", rec.err.Error()))
	}
	if code == roster.Internal {
		level = slog.LevelError
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// safeQuery returns the query with "*" in the place of every value that may say something about a person: only
// values of parameters that are numbers, flags, times, ids or enumerations stay.
func (s *Server) safeQuery(name string, u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	var parts []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(part, "=")
		if m := s.mounts[name]; m == nil || !m.harmless(key) {
			value = "*"
		}
		parts = append(parts, key+"="+value)
	}
	return strings.Join(parts, "&")
}

func (m *mount) harmless(key string) bool {
	for i := range m.dialect.Endpoints {
		for _, p := range m.dialect.Endpoints[i].Params {
			if p.Name == key && p.In == dialect.Query {
				return p.Type != dialect.Strings && (p.Type != dialect.String || len(p.Enum) > 0)
			}
		}
	}
	return false
}
