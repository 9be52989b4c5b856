package conform

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster/internal/dialect"
)

// note notes what could not be tried.
func (c *checker) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(c.report.Notes, text) {
		c.report.Notes = append(c.report.Notes, text)
	}
}

// differs reports a difference from what is marked with mark.
func (c *checker) differs(a *answer, mark dialect.Mark, where, want, got string) {
	d := Difference{Against: Contract, Where: where, Want: want, Got: got, Request: a.line(), Requests: 1}
	if mark == dialect.Seed {
		d.Against = Page
	}
	if a.Endpoint != nil {
		d.Operation = a.ID
	}
	for i := range c.report.Differences {
		known := &c.report.Differences[i]
		if known.Operation == d.Operation && known.Where == where && known.Want == want && known.Got == got {
			known.Requests++
			return
		}
	}
	c.report.Differences = append(c.report.Differences, d)
}

// ask sends a request and judges the answer. ok is false where the answer is not what was wanted, so that what is in it
// says nothing about what was asked.
func (c *checker) ask(ctx context.Context, q question) (a *answer, ok bool, err error) {
	if a, err = c.send(ctx, q); err != nil {
		return nil, false, err
	}
	shaped := c.shape(a)
	if a.status == q.want {
		return a, shaped, nil
	}
	if a.status == http.StatusForbidden && q.want == http.StatusOK && len(c.rows(a.Endpoint, a.status)) > 0 {
		c.note("%s was not tried: %s is answered with the status 403, the credential may not do that",
			q.where, q.line())
		return a, false, nil
	}
	mark := dialect.Ours
	if rows := c.rows(a.Endpoint, q.want); len(rows) > 0 {
		mark = rows[0].Mark
	}
	c.differs(a, mark, q.where, "status "+strconv.Itoa(q.want), "status "+strconv.Itoa(a.status))
	return a, false, nil
}

// rows returns what is documented for a status of an operation or, where there is none, of any.
func (c *checker) rows(e *dialect.Endpoint, status int) []dialect.Return {
	var rows []dialect.Return
	for i := range c.Dialect.Endpoints {
		if e != nil && e.ID != c.Dialect.Endpoints[i].ID {
			continue
		}
		for _, r := range c.Dialect.Endpoints[i].Returns {
			if r.Status == status && (r.Contract == "" || r.Contract == c.Contract) {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// shape holds an answer to what is documented for its status, and reports whether its body has that shape.
func (c *checker) shape(a *answer) bool {
	rows := c.rows(a.Endpoint, a.status)
	if len(rows) == 0 {
		if a.status == a.want && a.Endpoint != nil {
			c.differs(a, dialect.Ours, "status", "a documented one", strconv.Itoa(a.status))
		}
		return a.status == a.want
	}
	c.headers(a)
	var best []dialect.Drift
	for i, row := range rows {
		if drifts := c.drifts(a, row); i == 0 || dialect.Nearer(drifts, best) {
			best = drifts
		}
	}
	for _, d := range best {
		c.differs(a, d.Mark, strings.TrimSuffix("body of "+strconv.Itoa(a.status)+": "+d.Path, ": "), d.Want, d.Got)
	}
	return !dialect.Another(best)
}

// shapeKey is what a shape follows from.
type shapeKey struct {
	body reflect.Type
	mark dialect.Mark
}

// drifts returns what of an answer is not as a row documents. Its own form stands under the path "".
func (c *checker) drifts(a *answer, row dialect.Return) []dialect.Drift {
	one := func(want, got string) []dialect.Drift {
		return []dialect.Drift{{Want: want, Got: got, Mark: row.Mark}}
	}
	if row.Body == nil && row.ContentType == "" {
		if len(a.body) > 0 {
			return one("no body", "a body")
		}
		return nil
	}
	want := cmp.Or(row.ContentType, "application/json")
	if got := a.header.Get("Content-Type"); media(got) != media(want) {
		return one(want, cmp.Or(got, "no Content-Type"))
	}
	if !strings.Contains(media(want), "json") {
		return a.text(row)
	}
	if !a.isJSON {
		return one("JSON", "something else")
	}
	key := shapeKey{reflect.TypeOf(row.Body), row.Mark}
	if c.shapes[key] == nil {
		c.shapes[key] = dialect.NewShape(row.Body, row.Mark)
	}
	return c.shapes[key].Drifts(a.value)
}

// text holds a body that is a text to the one that is documented.
func (a *answer) text(row dialect.Return) []dialect.Drift {
	var want string
	if json.Unmarshal([]byte(row.Example), &want) != nil || strings.TrimSpace(string(a.body)) == want {
		return nil
	}
	return []dialect.Drift{{Want: strconv.Quote(want), Got: "another text", Mark: row.Mark}}
}

// media returns a media type without its parameters, which are a matter of encoding.
func media(contentType string) string {
	t, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return contentType
	}
	return t
}

// headers holds an answer to the headers that are documented for its status.
func (c *checker) headers(a *answer) {
	for _, h := range c.Dialect.Headers {
		if len(h.Statuses) > 0 && !slices.Contains(h.Statuses, a.status) {
			continue
		}
		value, where := a.header.Get(h.Name), "header "+h.Name+" of "+strconv.Itoa(a.status)
		_, err := strconv.ParseInt(value, 10, 64)
		switch {
		case value == "" && (h.Sometimes || a.Endpoint != nil && a.Public): // the public have no limit to tell of
		case value == "":
			c.differs(a, h.Mark, where, "a value", "no such header")
		case h.Integer && err != nil:
			c.differs(a, h.Mark, where, "an integer", "something else")
		}
	}
}
