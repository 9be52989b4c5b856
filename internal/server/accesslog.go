package server

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// hidden stands in the log for what may say something about a person, or may be a secret that was put in a wrong place.
const hidden = "*"

// access writes the log line of a request that is done. It has no secrets, and no values of free text.
func (s *Server) access(r *http.Request, rec *requestRecord, took time.Duration) {
	level := slog.LevelInfo
	if roster.CodeOf(rec.err) == roster.Internal {
		level = slog.LevelError
	}
	if !s.Log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", rec.id), slog.String("method", r.Method), slog.String("path", rec.shownPath(r.URL)),
		slog.String("query", s.safeQuery(rec.dialect, r.URL)), slog.Int("status", rec.status),
		slog.Int64("bytes", rec.bytes), slog.Duration("took", took),
		slog.String("client", rec.clientAddr(r, s.TrustedProxies).String()),
	}
	if rec.passedTo != "" {
		attrs = append(attrs, slog.String("passed_to", rec.passedTo))
	}
	if rec.hop != nil {
		attrs = append(attrs, slog.String("passed_by", r.RemoteAddr))
	}
	if id := rec.span.TraceID(); id != "" {
		attrs = append(attrs, slog.String("trace_id", id))
	}
	if rec.dialect != "" {
		attrs = append(attrs, slog.String("dialect", rec.dialect))
	}
	if !rec.principal.Org.IsZero() {
		attrs = append(attrs, slog.String("organization", rec.principal.Org.String()),
			slog.String("principal", rec.principal.Name))
	}
	if rec.err != nil {
		attrs = append(attrs, slog.String("code", string(roster.CodeOf(rec.err))))
		if why := reason(rec.err); why != "" {
			attrs = append(attrs, slog.String("error", why))
		}
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

// reason returns what the log says about an error: all of our own failures, and of a refusal what is meant for the
// operator. What is meant for the client often repeats what the client sent.
func reason(err error) string {
	e, ok := errors.AsType[*roster.Error](err)
	switch {
	case !ok || e.Code == roster.Internal || e.Code == roster.Unavailable:
		return err.Error()
	case e.Err != nil:
		return e.Err.Error()
	default:
		return ""
	}
}

// plainPath returns a path in which what is neither a lower-case word nor a number nor an id is hidden.
func plainPath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if !isPlain(segment) {
			segments[i] = hidden
		}
	}
	return strings.Join(segments, "/")
}

// isPlain reports whether a segment of a path is no longer than a UUID and of the characters that paths of endpoints
// are made of. Secrets are longer, and addresses have others.
func isPlain(segment string) bool {
	const most = 36
	return len(segment) <= most && strings.Trim(segment, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

// shownPath returns the path as the log shows it: that of an endpoint with the values of its path parameters only where
// they are numbers or ids.
func (rec *requestRecord) shownPath(u *url.URL) string {
	if rec.endpoint == nil {
		return plainPath(u.EscapedPath())
	}
	shown := rec.endpoint.Path
	for name, value := range rec.params {
		_, err := roster.ParseID(value)
		if _, notNumber := strconv.ParseInt(value, 10, 64); err != nil && notNumber != nil {
			value = hidden
		}
		shown = strings.ReplaceAll(shown, "{"+name+"}", value)
	}
	whole := u.EscapedPath()
	return plainPath(whole[:len(whole)-rec.below]) + shown
}

// safeQuery returns the query with "*" in the place of every name that the dialect does not know, and of every value
// but those of numbers, flags, times, ids and enumerations that are really of that form.
func (s *Server) safeQuery(name string, u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	parts := strings.Split(u.RawQuery, "&")
	for i, part := range parts {
		key, value, _ := strings.Cut(part, "=")
		p := s.mounts[name].param(key)
		switch {
		case p == nil:
			parts[i] = hidden + "=" + hidden
		case !harmless(p, value):
			parts[i] = key + "=" + hidden
		}
	}
	return strings.Join(parts, "&")
}

// param returns the query parameter with a name, or nil. A nil mount has none.
func (m *mount) param(name string) *dialect.Param {
	if m == nil {
		return nil
	}
	name = strings.TrimSuffix(name, "[]")
	for i := range m.dialect.Endpoints {
		for j := range m.dialect.Endpoints[i].Params {
			p := &m.dialect.Endpoints[i].Params[j]
			if p.In == dialect.Query && (p.Name == name || slices.Contains(p.Aliases, name)) {
				return p
			}
		}
	}
	return nil
}

// harmless reports whether a value, as it stands in a query, can be logged.
func harmless(p *dialect.Param, value string) bool {
	switch p.Type {
	case dialect.String:
		return slices.Contains(p.Enum, value)
	case dialect.Strings:
		return false
	case dialect.UUID:
		_, err := roster.ParseID(value)
		return err == nil
	case dialect.Boolean:
		return slices.Contains([]string{"true", "false", "0", "1"}, value)
	default: // numbers, lists of them, and times
		const most = 64
		return len(value) <= most && strings.Trim(value, "0123456789-+:.,TZ") == ""
	}
}
