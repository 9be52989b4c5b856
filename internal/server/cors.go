package server

import (
	"net/http"
	"slices"
	"strings"
)

// crossOrigin lets pages of the allowed origins read responses and try requests, and answers OPTIONS with the
// methods of the path.
func (s *Server) crossOrigin(next http.Handler, find finder) http.Handler {
	exposed, origin := s.exposedHeaders(), []string{"Origin"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Vary"] = origin
		s.allowOrigin(w, r, exposed)
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		h, methods := w.Header(), allowHeader(methodsOf(find(r)))
		h.Set("Allow", methods)
		if r.Header.Get("Access-Control-Request-Method") != "" {
			h.Set("Access-Control-Allow-Methods", methods)
			h.Set("Access-Control-Max-Age", "600")
			if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
				h.Set("Access-Control-Allow-Headers", wanted)
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// methodsOf returns the methods of the endpoints at a path of a dialect, GET and HEAD where there are none:
// probes, lists and documents.
func methodsOf(m *mount, path string) []string {
	if m != nil {
		_, path = m.cutOrg(path)
		if methods := m.methods(path); len(methods) > 0 {
			return methods
		}
	}
	return []string{http.MethodGet, http.MethodHead}
}

// methods returns the methods of the endpoints at a path below the dialect's root.
func (m *mount) methods(path string) []string {
	var methods []string
	if path == openAPIPath {
		methods = append(methods, http.MethodGet, http.MethodHead)
	}
	for i := range m.dialect.Endpoints {
		e := &m.dialect.Endpoints[i]
		if _, ok := e.Match(path); !ok {
			continue
		}
		methods = append(methods, e.Method)
		if e.Method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	return methods
}

// allowHeader returns the value of an Allow header: the methods in the order of their names, and OPTIONS.
func allowHeader(methods []string) string {
	slices.Sort(methods)
	return strings.Join(append(slices.Compact(methods), http.MethodOptions), ", ")
}

func (s *Server) allowOrigin(w http.ResponseWriter, r *http.Request, exposed string) {
	h := w.Header()
	origin := r.Header.Get("Origin")
	switch {
	case origin == "": // not a browser, or a page of ours
		return
	case len(s.Origins) == 0:
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(s.Origins, origin):
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return
	}
	h.Set("Access-Control-Expose-Headers", exposed)
}

// exposedHeaders lists the response headers that scripts may read.
func (s *Server) exposedHeaders() string {
	names := []string{"ETag", "Link", "Retry-After", "X-Request-Id"}
	for _, d := range s.Dialects {
		for _, h := range d.Headers {
			names = append(names, h.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}
