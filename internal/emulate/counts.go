package emulate

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/roster-dev/roster/internal/dialect"
)

// Count is how many requests of a kind there were.
type Count struct {
	Dialect string `json:"dialect"`
	Method  string `json:"method"`
	// Path is that of the dialect's table, with {name} for path parameters, or that of the request where no operation
	// has it: of those, one by one, there are at most a hundred.
	Path string `json:"path"`
	// Status is 0 where the connection was ended without an answer.
	Status   int `json:"status"`
	Requests int `json:"requests"`
}

// Summary returns what was asked for, in the order of the APIs, then of paths, methods and statuses.
func (i *Instance) Summary() []Count {
	var all []Count
	for _, api := range i.APIs {
		all = append(all, api.counts.list()...)
	}
	return all
}

// counts counts requests. The zero counts has none.
type counts struct {
	mu    sync.Mutex
	kinds map[Count]int // by what they are, Requests left out; guarded by mu
}

// unknownPaths is how many paths that there are not are told apart.
const unknownPaths = 100

func (c *counts) add(kind Count, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kinds == nil {
		c.kinds = map[Count]int{}
	}
	if _, counted := c.kinds[kind]; !counted && !known && len(c.kinds) >= unknownPaths {
		kind.Path = "(others)"
	}
	c.kinds[kind]++
}

func (c *counts) list() []Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Count
	for kind, n := range maps.All(c.kinds) {
		kind.Requests = n
		list = append(list, kind)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Status, b.Status))
	})
	return list
}

// counting returns a handler that counts what another one answers.
func (a *API) counting(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w}
		defer func() {
			path, known := a.route(r)
			a.counts.add(Count{Dialect: a.Dialect, Method: r.Method, Path: path, Status: s.status}, known)
		}()
		h.ServeHTTP(s, r)
		s.status = cmp.Or(s.status, http.StatusOK)
	})
}

// route returns the path of the operation that a request is for, or its own and false where there is none.
func (a *API) route(r *http.Request) (string, bool) {
	if e := a.endpoint(r); e != nil {
		return e.Path, true
	}
	return r.URL.EscapedPath(), false
}

// endpoint returns the operation that a request is for, or nil.
func (a *API) endpoint(r *http.Request) *dialect.Endpoint {
	path, method := r.URL.EscapedPath(), r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for i := range a.dialect.Endpoints {
		e := &a.dialect.Endpoints[i]
		if _, ok := e.Match(path); ok && e.Method == method {
			return e
		}
	}
	return nil
}

// statusWriter notes the status of an answer, once there is one.
type statusWriter struct {
	http.ResponseWriter

	status int
}

// WriteHeader implements [http.ResponseWriter].
func (s *statusWriter) WriteHeader(status int) {
	if status >= http.StatusOK {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (s *statusWriter) Write(b []byte) (int, error) {
	s.status = cmp.Or(s.status, http.StatusOK)
	return s.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] see what there is beneath.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
