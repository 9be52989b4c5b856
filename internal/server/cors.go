package server

import (
	"net/http"
	"slices"
	"strings"
)

// crossOrigin lets pages of the allowed origins read responses and try requests, and answers OPTIONS.
func (s *Server) crossOrigin(next http.Handler) http.Handler {
	exposed := s.exposedHeaders()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.allowOrigin(w, r, exposed)
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("Allow", "GET, HEAD, OPTIONS")
		if r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
			h.Set("Access-Control-Max-Age", "600")
			if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
				h.Set("Access-Control-Allow-Headers", wanted)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func (s *Server) allowOrigin(w http.ResponseWriter, r *http.Request, exposed string) {
	h := w.Header()
	origin := r.Header.Get("Origin")
	if len(s.Origins) == 0 {
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", exposed)
		return
	}
	h.Add("Vary", "Origin")
	if slices.Contains(s.Origins, origin) {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", exposed)
	}
}

// exposedHeaders lists the response headers that scripts may read.
func (s *Server) exposedHeaders() string {
	names := []string{"Link", "Retry-After", "X-Request-Id"}
	for _, d := range s.Dialects {
		for _, h := range d.Headers {
			names = append(names, h.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
