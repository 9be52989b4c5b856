package server

import (
	"net/http"

	"github.com/roster-dev/roster/internal/trace"
)

// trace begins the span of a request, and returns the request within it. Probes, which say nothing, have none.
func (s *Server) trace(r *http.Request, id string) (*http.Request, trace.Span) {
	if s.Tracer == nil || r.URL.Path == healthPath || r.URL.Path == readyPath {
		return r, trace.Span{}
	}
	ctx, span := trace.Receive(r.Context(), s.Tracer, r.Method, r.Header)
	span.Text("roster.request_id", id)
	return r.WithContext(ctx), span
}

// traced ends the span of a request that is done.
func (s *Server) traced(r *http.Request, rec *requestRecord) {
	if !rec.span.IsOn() {
		return
	}
	rec.span.Text("http.request.method", r.Method)
	rec.span.Int("http.response.status_code", int64(rec.status))
	rec.span.Org(rec.principal.Org)
	if rec.dialect != "" {
		rec.span.Text("roster.dialect", rec.dialect)
	}
	if rec.endpoint != nil {
		rec.span.Name(routeOf(rec.endpoint))
		rec.span.Text("http.route", rec.endpoint.Path)
	}
	if rec.version != 0 {
		rec.span.Int("roster.version", int64(rec.version))
	}
	rec.span.End(rec.err)
}
