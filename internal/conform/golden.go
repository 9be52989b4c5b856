package conform

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/golden"
)

// golden asks what the dialect's golden cases ask, as far as what they are answered follows neither from the records of
// their world nor from a token that only it has.
func (c *checker) golden(ctx context.Context) error {
	if c.Dialect.Golden == nil {
		return nil
	}
	files, err := fs.Glob(c.Dialect.Golden, "testdata/*.txtar")
	if err != nil {
		return fmt.Errorf("list the golden cases: %w", err)
	}
	for _, file := range files {
		contract := roster.Documented
		if strings.HasPrefix(path.Base(file), "live") {
			contract = roster.Live
		}
		if contract == roster.Live && c.Contract != roster.Live || strings.HasPrefix(path.Base(file), "write") {
			continue // cases that write build on each other
		}
		data, err := fs.ReadFile(c.Dialect.Golden, file)
		if err != nil {
			return fmt.Errorf("read the golden cases: %w", err)
		}
		for _, q := range c.cases(txtar.Parse(data), contract) {
			if q.Endpoint != nil && slices.Contains(c.forbidden, q.ID) {
				continue
			}
			q.where = "the case " + strings.TrimSuffix(path.Base(file), ".txtar") + "/" + q.where
			if _, _, err := c.ask(ctx, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// cases returns the questions of an archive that mean the same to any server.
func (c *checker) cases(archive *txtar.Archive, contract roster.Contract) []question {
	var list []question
	for i, f := range archive.Files {
		name, ok := strings.CutSuffix(f.Name, "/request")
		if !ok || i+1 == len(archive.Files) {
			continue
		}
		status, _, _ := strings.Cut(string(archive.Files[i+1].Data), "\n")
		q, ok := c.question(string(f.Data))
		if !ok {
			continue
		}
		q.where, q.want = name, int(number(status))
		if c.anybody(&q) && c.anywhere(q, contract) {
			list = append(list, q)
		}
	}
	return list
}

// question reads a request of a golden case. ok is false for what is sent in a way of its own.
func (c *checker) question(text string) (q question, ok bool) {
	replace := []string{}
	for name, value := range c.Path {
		if name == c.ownParam() {
			replace = append(replace, "{company}", value)
		}
	}
	if other, err := c.NewID(); err == nil {
		replace = append(replace, "{other_company}", other.String())
	}
	text = strings.NewReplacer(replace...).Replace(text)
	r, err := golden.Request(golden.Cut(text))
	if err != nil || r.Method != http.MethodGet {
		return q, false
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "Roster-") || name == "Signature" || name == "Date" {
			return q, false
		}
	}
	p := &place{path: r.URL.EscapedPath()}
	for i := range c.Dialect.Endpoints {
		if values, ok := c.Dialect.Endpoints[i].Match(p.path); ok {
			p.Endpoint, p.values = &c.Dialect.Endpoints[i], values
		}
	}
	return question{place: p, query: r.URL.RawQuery, header: r.Header}, !strings.Contains(r.URL.Path, "{")
}

// ownParam returns the name of the path parameter that names the organization.
func (c *checker) ownParam() string {
	for i := range c.Dialect.Endpoints {
		for _, p := range c.Dialect.Endpoints[i].Params {
			if p.Own {
				return p.Name
			}
		}
	}
	return ""
}

// anybody reports whether what a case is answered does not follow from whom it is asked by, and puts the credential in
// its place.
func (c *checker) anybody(q *question) bool {
	carried, secret := c.credentials(q.header)
	if secret == "" {
		q.anonymous = true
		return q.want == http.StatusUnauthorized || q.Endpoint != nil && q.Public
	}
	if len(carried) > 1 || !slices.Contains([]int{
		http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusNotAcceptable,
		http.StatusUnprocessableEntity,
	}, q.want) {
		return false
	}
	if c.Token == "" {
		q.header.Del(carried[0])
		return true
	}
	q.anonymous = true
	q.header.Set(carried[0], strings.Replace(q.header.Get(carried[0]), secret, c.Token, 1))
	return true
}

// credentials returns the names of the headers that carry credentials, and the place in them where a secret of the
// golden cases' world stands, such as "{account}"; "" for none.
func (c *checker) credentials(h http.Header) (names []string, secret string) {
	for _, s := range c.Dialect.Schemes {
		name := s.Header
		if s.Kind != dialect.HeaderKey {
			name = "Authorization"
		}
		value := h.Get(name)
		if value == "" || slices.Contains(names, name) {
			continue
		}
		names = append(names, name)
		if from, to := strings.Index(value, "{"), strings.Index(value, "}"); from >= 0 && from < to {
			secret = value[from : to+1]
		}
	}
	return names, secret
}

// anywhere reports whether what a case is answered follows neither from records of their world nor from another
// contract.
func (c *checker) anywhere(q question, contract roster.Contract) bool {
	if q.Endpoint == nil {
		return true
	}
	for _, p := range q.Params {
		if p.In == dialect.Path && !c.names(q, p) {
			return false
		}
	}
	return contract == c.Contract || c.status(q, contract) == c.status(q, c.Contract)
}

// names reports whether the value of a path parameter is as known to this server as to the golden cases' world: it is
// the organization where the case finds it, and else what no record has anywhere.
func (c *checker) names(q question, p dialect.Param) bool {
	if p.Own {
		return (q.values[p.Name] == c.Path[p.Name]) == (q.want != http.StatusNotFound)
	}
	_, err := roster.ParseID(q.values[p.Name])
	_, noNumber := strconv.ParseInt(q.values[p.Name], 10, 64)
	return err != nil && noNumber != nil && q.want != http.StatusOK
}
