package record

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/golden"
)

// exchange is a request, and what was answered.
type exchange struct {
	request *http.Request
	sent    []byte

	status int
	header http.Header
	body   []byte
}

// askedKey is where a request's context has the exchange.
type askedKey struct{}

func withAsked(ctx context.Context, x exchange) context.Context {
	return context.WithValue(ctx, askedKey{}, x)
}

func askedOf(ctx context.Context) (exchange, bool) {
	x, ok := ctx.Value(askedKey{}).(exchange)
	return x, ok
}

// texts returns a case: the name of the file that it belongs to, and its sections.
func (m *mask) texts(x exchange) (file, request, response string) {
	method := x.request.Method
	e, path := m.path(method, x.request.URL.EscapedPath())
	file = "elsewhere"
	if e != nil {
		file = e.ID
	}
	query := m.query(e, x.request.URL.Query())
	if query != "" {
		query = "?" + query
	}
	lines := append([]string{m.method(method) + " " + path + query}, m.asked(e, x)...)
	request = strings.Join(lines, "\n") + "\n"
	if len(x.sent) > 0 {
		body := m.json(m.bodyOf(e), x.sent, m.text, m.data)
		request += "\n" + cmp.Or(string(body), "x") + "\n"
	}
	return file, request, golden.Response(m.dialect, x.status, m.told(x.header), m.answer(e, x))
}

// method keeps the methods that there are.
func (m *mask) method(method string) string {
	if slices.Contains([]string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions,
	}, method) {
		return method
	}
	return "X"
}

// asked returns the lines of the header that a request is recorded with: a credential stands for one of the golden
// cases' world, and of the others only documented values are kept.
func (m *mask) asked(e *dialect.Endpoint, x exchange) []string {
	var lines []string
	signed := x.request.Header.Get("Signature") != ""
	for _, s := range m.dialect.Schemes {
		name, prefix := s.Header, ""
		if s.Kind != dialect.HeaderKey {
			name, prefix = "Authorization", "Bearer "
		}
		line := name + ": " + prefix + credential(e, x.status)
		if (signed || x.request.Header.Get(name) != "") && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if e == nil {
		return lines
	}
	for _, p := range e.Params {
		if value := x.request.Header.Get(p.Name); p.In == dialect.Header && value != "" {
			if !slices.Contains(p.Enum, value) {
				value = "x"
			}
			lines = append(lines, p.Name+": "+value)
		}
	}
	return lines
}

// credential returns the place for a secret of the golden cases' world that is answered in the same way.
func credential(e *dialect.Endpoint, status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "{unknown}"
	case status == http.StatusForbidden:
		return "{none}"
	case e != nil && e.Allow != nil:
		return "{acting}"
	default:
		return "{account}"
	}
}

// told returns the headers of an answer that are recorded.
func (m *mask) told(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range golden.Headers(m.dialect) {
		for _, value := range h.Values(name) {
			switch name {
			case "Content-Type":
				value = m.mediaType(value)
			case "Link":
				value = m.links(value)
			default:
				value = m.header(name, value)
			}
			kept.Add(name, value)
		}
	}
	return kept
}

// header keeps documented numbers, and words that the tables know.
func (m *mask) header(name, value string) string {
	for _, h := range m.dialect.Headers {
		if _, err := strconv.ParseInt(value, 10, 64); h.Integer && strings.EqualFold(h.Name, name) && err == nil {
			return value
		}
	}
	return m.message(dialect.Leaf{}, value)
}

// answer returns the body of an answer as it is recorded.
func (m *mask) answer(e *dialect.Endpoint, x exchange) []byte {
	if len(x.body) == 0 {
		return nil
	}
	text := m.text
	if x.status >= http.StatusBadRequest {
		text = m.message
	}
	if body := m.json(m.returned(e, x), x.body, text, m.member); body != nil {
		return body
	}
	const most = 200
	words := m.words(string(x.body[:min(most, len(x.body))]))
	return []byte(strings.TrimSpace(words))
}

// returned returns what is documented of the body of an answer.
func (m *mask) returned(e *dialect.Endpoint, x exchange) *dialect.Shape {
	var best *dialect.Shape
	value, ok := decode(x.body)
	if !ok || e == nil {
		return anything()
	}
	var fewest []dialect.Drift
	for _, r := range e.Returns {
		if r.Contract != "" && r.Contract != m.contract {
			continue
		}
		if r.Status != x.status || r.Body == nil || reflect.TypeOf(r.Body).Kind() == reflect.String {
			continue
		}
		shape := dialect.NewShape(r.Body, r.Mark)
		if drifts := shape.Drifts(value); best == nil || dialect.Nearer(drifts, fewest) {
			best, fewest = shape, drifts
		}
	}
	if best == nil {
		return anything()
	}
	return best
}

// bodyOf returns what is documented of the body of a request.
func (m *mask) bodyOf(e *dialect.Endpoint) *dialect.Shape {
	if e == nil || e.Body == nil || e.Body.Body == nil {
		return anything()
	}
	return dialect.NewShape(e.Body.Body, dialect.Ours)
}

// anything is the shape of what is not documented.
func anything() *dialect.Shape { return dialect.NewShape((*any)(nil), dialect.Ours) }

func decode(body []byte) (value any, ok bool) {
	if !json.Valid(body) {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	return value, decoder.Decode(&value) == nil
}

// json returns a body of JSON as it is recorded, with texts as text has them and the names of members that are not
// documented as name has them; nil for any other body.
func (m *mask) json(
	shape *dialect.Shape, body []byte, text func(dialect.Leaf, string) string, name func(string, bool) string,
) []byte {
	value, ok := decode(body)
	if !ok {
		return nil
	}
	encoded, err := dialect.Encode(shape.Rewrite(value, func(l dialect.Leaf) any { return m.leaf(l, text) }, name))
	if err != nil {
		return nil
	}
	return encoded
}

// path returns the operation that a request is for, nil for none, and the path as it is recorded.
func (m *mask) path(method, path string) (*dialect.Endpoint, string) {
	for i := range m.dialect.Endpoints {
		e := &m.dialect.Endpoints[i]
		if e.Method != method && (method != http.MethodHead || e.Method != http.MethodGet) {
			continue
		}
		for _, pattern := range e.Paths() {
			values, ok := (&dialect.Endpoint{Path: pattern}).Match(path)
			if !ok {
				continue
			}
			for _, name := range slices.Sorted(maps.Keys(values)) {
				pattern = strings.ReplaceAll(pattern, "{"+name+"}", m.inPath(e, name, values[name]))
			}
			return e, pattern
		}
	}
	return nil, m.unknownPath(path)
}

func (m *mask) inPath(e *dialect.Endpoint, name, value string) string {
	for _, p := range e.Params {
		if p.In == dialect.Path && p.Name == name && p.Own {
			return "{company}"
		}
	}
	return url.PathEscape(m.text(dialect.Leaf{Name: name}, value))
}

// unknownPath keeps the segments that documented paths have.
func (m *mask) unknownPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if s != "" && !m.segments[s] {
			segments[i] = "x"
		}
	}
	return strings.Join(segments, "/")
}
