package record

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster/internal/dialect"
)

// query returns a query as it is recorded, its parameters in the order of their names.
func (m *mask) query(e *dialect.Endpoint, query url.Values) string {
	kept := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		p := m.param(e, name)
		if p == nil {
			kept.Add("unknown", "x")
			continue
		}
		for _, value := range query[name] {
			kept.Add(name, m.values(p, value))
		}
	}
	return kept.Encode()
}

// param returns the parameter that a name in the query stands for, or nil.
func (m *mask) param(e *dialect.Endpoint, name string) *dialect.Param {
	if e == nil {
		return nil
	}
	for i := range e.Params {
		p := &e.Params[i]
		bare := name
		if p.IsList() {
			bare = strings.TrimSuffix(name, "[]")
		}
		if p.In == dialect.Query && (p.Name == bare || slices.Contains(p.Aliases, bare)) {
			return p
		}
	}
	return nil
}

// values replaces the value of a parameter, or each item of a list.
func (m *mask) values(p *dialect.Param, text string) string {
	if !p.IsList() {
		return m.value(p, text)
	}
	before, after := "", ""
	if p.JSON && strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		before, after, text = "[", "]", text[1:len(text)-1]
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = m.value(p, strings.TrimSpace(items[i]))
	}
	return before + strings.Join(items, ",") + after
}

// value keeps what is documented, small numbers and flags, and replaces everything else.
func (m *mask) value(p *dialect.Param, text string) string {
	const small = 6
	_, notNumber := strconv.ParseInt(text, 10, 64)
	_, notFlag := strconv.ParseBool(text)
	switch {
	case text == "" || slices.Contains(p.Enum, text):
		return text
	case p.Type == dialect.Boolean && notFlag == nil:
		return text
	case p.Type == dialect.Integer || p.Type == dialect.Integers:
		if notNumber != nil {
			return "x"
		}
		if len(text) <= small && !isID(p.Name) {
			return text
		}
		return m.integer(text)
	case p.Type == dialect.Boolean || len(p.Enum) > 0:
		return "x"
	}
	return m.text(dialect.Leaf{Name: p.Name}, text)
}
