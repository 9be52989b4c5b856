package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/web"
)

// Handler returns the handler of a listener for everything: dialects by host name and by path prefix, and the probes.
func (s *Server) Handler() http.Handler {
	return s.wrap(http.HandlerFunc(s.route), s.locate)
}

// DialectHandler returns the handler of a listener with one dialect at its root, and the probes.
// It fails with [roster.Invalid] where there is no such dialect.
func (s *Server) DialectHandler(name string) (http.Handler, error) {
	m := s.mounts[name]
	if m == nil {
		return nil, roster.FieldErrorf("dialect", "must be one of %s, not %q", s.names(), name)
	}
	return s.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.probe(w, r) && !s.read(w, r, m.site) {
			m.serve(w, r, r.URL.EscapedPath())
		}
	}), func(r *http.Request) (*mount, string) { return m, r.URL.EscapedPath() }), nil
}

// finder returns the dialect that a request is for and the path below the dialect's root; nil where it is for none.
type finder func(r *http.Request) (m *mount, path string)

// How bodies are compressed: from this many bytes, as less fits into a packet anyway, and at this level of gzip.
const (
	leastEncoded     = 1400
	compressionLevel = 2
)

// wrap puts around a handler what every request goes through.
func (s *Server) wrap(h http.Handler, find finder) http.Handler {
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(leastEncoded), gzhttp.EnableZstd(true), gzhttp.PreferZstd(true),
		gzhttp.CompressionLevel(compressionLevel), gzhttp.SetContentType(false))
	if err != nil {
		panic(err) // the options are constants
	}
	h = s.arrive(h)
	compressed, both := compress(h), []string{"Origin, Accept-Encoding"}
	return s.identify(s.crossOrigin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			compressed.ServeHTTP(w, r)
			return
		}
		w.Header()["Vary"] = both // there is nothing to choose from
		h.ServeHTTP(w, r)
	}), find))
}

func (s *Server) names() string {
	names := make([]string, len(s.Dialects))
	for i, d := range s.Dialects {
		names[i] = d.Name
	}
	return strings.Join(names, ", ")
}

func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	if s.probe(w, r) {
		return
	}
	m, path := s.locate(r)
	site := s.site
	if m != nil && path == r.URL.EscapedPath() {
		site = m.site
	}
	if s.read(w, r, site) {
		return
	}
	if m != nil {
		m.serve(w, r, path)
		return
	}
	if r.URL.EscapedPath() == "/" {
		s.root(w, r)
		return
	}
	writeText(w, http.StatusNotFound, "There is nothing here. GET / lists what there is.\n")
}

// locate is the finder of a listener for everything.
func (s *Server) locate(r *http.Request) (m *mount, below string) {
	path := r.URL.EscapedPath()
	if len(s.Hosts) > 0 {
		if m := s.mounts[s.Hosts[hostName(r.Host)]]; m != nil {
			return m, path
		}
	}
	for _, m := range s.inOrder {
		if rest, ok := strings.CutPrefix(path, m.prefix); ok && (rest == "" || rest[0] == '/') {
			return m, rest
		}
	}
	return nil, ""
}

func hostName(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// root leads browsers to the documentation, and tells others what there is.
func (s *Server) root(w http.ResponseWriter, r *http.Request) {
	if s.Site && s.Docs != nil {
		w.Header().Add("Vary", "Accept")
		if browses(r) {
			http.Redirect(w, r, web.Root, http.StatusFound)
			return
		}
	}
	s.index(w)
}

// index lists what a listener for everything serves.
func (s *Server) index(w http.ResponseWriter) {
	var b strings.Builder
	b.WriteString("Roster: a directory of users that speaks several APIs.\n\n")
	for _, d := range s.Dialects {
		for _, e := range d.Endpoints {
			fmt.Fprintf(&b, "%-6s %s%s\n", e.Method, d.Mount(), e.Path)
		}
		fmt.Fprintf(&b, "%-6s %s%s\n", http.MethodGet, d.Mount(), openAPIPath)
	}
	if s.Site && s.Docs != nil {
		b.WriteString("GET    " + web.Root + "\n")
	}
	b.WriteString("GET    /healthz\nGET    /readyz\n")
	writeText(w, http.StatusOK, b.String())
}

// The paths of probes.
const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// probe answers /healthz and /readyz.
func (s *Server) probe(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case healthPath:
		writeText(w, http.StatusOK, "ok\n")
	case readyPath:
		s.ready(w, r)
	default:
		return false
	}
	return true
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() {
		writeText(w, http.StatusServiceUnavailable, "shutting down\n")
		return
	}
	if s.Ready != nil {
		if err := s.Ready(r.Context()); err != nil {
			s.Log.ErrorContext(r.Context(), "not ready", "error", err)
			writeText(w, http.StatusServiceUnavailable, "not ready\n")
			return
		}
	}
	writeText(w, http.StatusOK, "ready\n")
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	writePlain(w, status, text)
}

// writePlain answers with a text of the content type that is set.
func writePlain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
