// Package control answers what a test tells an emulation beside what the client under test asks it: a table of routes
// below /_roster, with JSON and, where something is wrong, problem details (RFC 9457) as Roster's own API has them.
//
// Whoever runs the test is trusted, and pages that a browser on the same machine happens to show are not: requests
// under a foreign host name, or from another origin, are refused. It knows no emulation: routes come with what they do.
package control

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Root is the path below which routes are.
const Root = "/_roster"

// maxBody bounds the bodies of requests.
const maxBody = 1 << 20

// Route is one operation.
type Route struct {
	Method string
	// Path is what comes after [Root], with {name} for what [http.Request.PathValue] tells, decoded, such as
	// "/snapshots/{name}:restore". Of several routes that a path fits the first counts.
	Path string
	// Doc says in a sentence what it does.
	Doc string
	// Serve does it and returns the answer: nil for none (204), a [http.Handler] that writes it by itself, and else
	// what is encoded as JSON. It fails with a [roster.Error]. The body that it reads has at most a mebibyte.
	Serve func(*http.Request) (any, error)
}

// Options are what a handler needs besides its routes.
type Options struct {
	// Host is a name that requests may be addressed to besides addresses, localhost and names without a dot, which no
	// page from elsewhere can have: with a port or without; optional.
	Host string
	// Fail makes the answer to a request that failed.
	Fail  func(dialect.Failure) dialect.Response
	NewID func() (roster.ID, error)
	Log   *slog.Logger
	// Else answers for all other paths; optional.
	Else http.Handler
}

// Handler returns a handler of routes. It is safe for concurrent use where they are.
func Handler(o Options, routes []Route) http.Handler {
	return &handler{Options: o, routes: routes}
}

type handler struct {
	Options

	routes []Route
	cross  http.CrossOriginProtection
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.admit(r); err != nil {
		h.fail(w, r, err)
		return
	}
	path, ours := strings.CutPrefix(r.URL.EscapedPath(), Root)
	if ours = ours && (path == "" || path[0] == '/'); !ours && h.Else != nil {
		h.Else.ServeHTTP(w, r)
		return
	}
	route, err := h.find(r, path)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	answer, err := route.Serve(r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	write(w, r, answer)
}

// admit refuses what a page from elsewhere, shown by a browser on this machine, may have sent.
func (h *handler) admit(r *http.Request) error {
	if !h.isOurs(r.Host) {
		return roster.Errorf(roster.Forbidden, "the control API must be asked by an address or as localhost, not %q",
			r.Host)
	}
	origin := r.Header.Get("Origin")
	if origin != "" && origin != "http://"+r.Host || h.cross.Check(r) != nil {
		return roster.Errorf(roster.Forbidden, "the control API can't be used by pages of another origin")
	}
	return nil
}

// isOurs reports whether a host is one that no page from elsewhere can be of.
func (h *handler) isOurs(hostport string) bool {
	host := hostOf(hostport)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return host == "localhost" || host != "" && (!strings.Contains(host, ".") || host == hostOf(h.Host))
}

func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// find returns the route of a request, with the request's path values set.
func (h *handler) find(r *http.Request, path string) (*Route, error) {
	var methods []string
	for i := range h.routes {
		route := &h.routes[i]
		values, ok := (&dialect.Endpoint{Path: route.Path}).Match(strings.TrimSuffix(path, "/"))
		if !ok {
			continue
		}
		if route.Method == r.Method || route.Method == http.MethodGet && r.Method == http.MethodHead {
			for name, value := range values {
				r.SetPathValue(name, value)
			}
			return route, nil
		}
		methods = append(methods, route.Method)
	}
	if len(methods) == 0 {
		return nil, roster.Errorf(roster.NotFound, "there is no such path")
	}
	return nil, roster.Errorf(roster.MethodNotAllowed, "the method %s is not allowed here, only %s", r.Method,
		strings.Join(slices.Compact(methods), ", "))
}

func write(w http.ResponseWriter, r *http.Request, answer any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch answer := answer.(type) {
	case nil:
		w.WriteHeader(http.StatusNoContent)
	case http.Handler:
		answer.ServeHTTP(w, r)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // fails only where the client has gone
	}
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := roster.AsError(err)
	if e.Code == roster.Internal {
		h.Log.ErrorContext(r.Context(), "control", "path", r.URL.Path, "error", err)
	}
	id, _ := h.NewID() // an id of zeros says as much as none
	answer := h.Fail(dialect.Failure{Error: e, Status: dialect.DefaultStatus(e.Code), RequestID: id.String()})
	maps.Copy(w.Header(), answer.Header)
	w.Header().Set("Content-Type", answer.ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(answer.Status)
	_ = answer.Body(w) // fails only where the client has gone
}

// Body returns the body of a request. It fails with [roster.TooLarge] where that is too long.
func Body(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if _, long := errors.AsType[*http.MaxBytesError](err); long {
		return nil, roster.Errorf(roster.TooLarge, "the body must have at most %d bytes", maxBody)
	}
	return body, err
}
