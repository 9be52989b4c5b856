package dialecttest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// coverage notes which rows of a dialect's tables the golden cases have touched.
type coverage struct {
	dialect *dialect.Dialect
	seen    map[string]bool
}

func newCoverage(d *dialect.Dialect) *coverage {
	return &coverage{dialect: d, seen: map[string]bool{}}
}

// note marks what a request and its response touched. A parameter, and each value of an enumeration, counts only
// where the request succeeded, for only then did it have its effect. A path that no endpoint has is the 404 of them
// all: vendors document one even for a path that always exists.
func (c *coverage) note(r *http.Request, response *http.Response, contract roster.Contract) {
	_, below := c.dialect.CutOrg(r.URL.EscapedPath())
	nowhere := !slices.ContainsFunc(c.dialect.Endpoints, func(e dialect.Endpoint) bool {
		_, ok := e.Match(below)
		return ok
	})
	for i := range c.dialect.Endpoints {
		e := &c.dialect.Endpoints[i]
		params, ok := e.Match(below)
		if !ok && !nowhere || r.Method != e.Method {
			continue
		}
		c.seen[status(e, response.StatusCode, contract)] = true
		c.seen[anywhere(strconv.Itoa(response.StatusCode))] = true
		for _, path := range e.Paths() {
			if matches := (&dialect.Endpoint{Path: path}); response.StatusCode < http.StatusMultipleChoices {
				if _, ok := matches.Match(below); ok {
					c.seen[e.ID+" at "+path] = true
				}
			}
		}
		if response.StatusCode < http.StatusMultipleChoices {
			c.params(e, r, params)
		}
	}
}

func (c *coverage) params(e *dialect.Endpoint, r *http.Request, path map[string]string) {
	query := r.URL.Query()
	for _, p := range e.Params {
		for _, name := range append([]string{p.Name}, p.Aliases...) {
			values := slices.Concat(query[name], query[name+"[]"])
			switch p.In {
			case dialect.Path:
				values = []string{path[name]}
			case dialect.Header:
				values = r.Header.Values(name)
			}
			if len(values) > 0 {
				c.seen[param(e, name)] = true
				c.seen[anywhere(name)] = true
			}
			for v := range strings.SplitSeq(strings.Join(values, ","), ",") {
				c.seen[value(e, p.Name, v)] = true
			}
		}
	}
}

func status(e *dialect.Endpoint, code int, contract roster.Contract) string {
	return fmt.Sprintf("%s answering %d (%s)", e.ID, code, contract)
}

func param(e *dialect.Endpoint, name string) string { return e.ID + " with " + name }

// anywhere is what one case of any endpoint covers for all.
func anywhere(what string) string { return "any endpoint with " + what }

func value(e *dialect.Endpoint, name, v string) string { return e.ID + " with " + name + "=" + v }

// check fails for every row that no case has touched.
func (c *coverage) check(t *testing.T) {
	t.Helper()
	for i := range c.dialect.Endpoints {
		e := &c.dialect.Endpoints[i]
		for _, path := range e.Paths() {
			c.want(t, e.ID+" at "+path)
		}
		for _, r := range e.Returns {
			contract := r.Contract
			if contract == "" {
				contract = roster.Documented
			}
			if r.Everywhere {
				c.want(t, anywhere(strconv.Itoa(r.Status)))
				continue
			}
			c.want(t, status(e, r.Status, contract))
		}
		for i := range e.Params {
			c.checkParam(t, e, &e.Params[i])
		}
	}
}

func (c *coverage) checkParam(t *testing.T, e *dialect.Endpoint, p *dialect.Param) {
	t.Helper()
	if p.Everywhere {
		c.want(t, anywhere(p.Name))
		return
	}
	for _, name := range append([]string{p.Name}, p.Aliases...) {
		c.want(t, param(e, name))
	}
	for _, v := range p.Enum {
		c.want(t, value(e, p.Name, v))
	}
}

func (c *coverage) want(t *testing.T, row string) {
	t.Helper()
	if !c.seen[row] {
		t.Errorf("no golden case has %s", row)
	}
}
