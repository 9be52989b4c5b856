package conform

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// few returns a question with a small page, where that can be had: most questions are not about how many records come.
func (p *place) few(query url.Values) question {
	q := maps.Clone(query)
	if q == nil {
		q = url.Values{}
	}
	if size := p.size(); size != "" && !q.Has(size) {
		q.Set(size, "5")
	}
	return p.ask("", q)
}

// status returns the status that the tables give to a question, as far as parameters decide it.
func (c *checker) status(q question, contract roster.Contract) int {
	own, _ := roster.ParseID(q.ownValue())
	r := &dialect.Request{
		Endpoint: q.Endpoint, Contract: contract, Header: q.header, URL: &url.URL{Path: q.path, RawQuery: q.query},
		Principal: roster.Principal{Org: own, Permissions: roster.Permissions{roster.Everything}},
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if err := r.Decode(q.query, func(name string) string { return q.values[name] }); err != nil {
		return c.refused(err)
	}
	return http.StatusOK
}

// ownValue returns the value in the path that names the organization, "" where none does.
func (p *place) ownValue() string {
	for i := range p.Params {
		if p.Params[i].Own {
			return p.values[p.Params[i].Name]
		}
	}
	return ""
}

// with returns the query that a parameter needs to count.
func (c *checker) with(p *dialect.Param) url.Values {
	if p == nil || len(p.With) == 0 || p.Freed == c.Contract {
		return url.Values{}
	}
	return url.Values{p.With[0]: {"true"}}
}

// param returns a parameter of the query, or nil.
func param(e *dialect.Endpoint, name string) *dialect.Param {
	for i := range e.Params {
		if p := &e.Params[i]; p.In == dialect.Query && p.Name == name {
			return p
		}
	}
	return nil
}

// parameters asks with each parameter's values, good and bad, with what the parameter needs and without.
func (c *checker) parameters(ctx context.Context, at *place) error {
	for i := range at.Params {
		p := &at.Params[i]
		if p.In == dialect.Path {
			continue
		}
		for _, value := range values(p) {
			if err := c.try(ctx, at, p, c.with(p), value); err != nil {
				return err
			}
		}
		if len(p.With) > 0 {
			if err := c.try(ctx, at, p, nil, "?"); err != nil {
				return err
			}
		}
		if err := c.same(ctx, at, p); err != nil {
			return err
		}
	}
	return nil
}

// try asks with one value.
func (c *checker) try(ctx context.Context, at *place, p *dialect.Param, with url.Values, value string) error {
	query := maps.Clone(with)
	if query == nil {
		query = url.Values{}
	}
	header := http.Header{}
	if p.In == dialect.Header {
		header.Set(p.Name, value)
	} else {
		query.Set(p.Name, value)
	}
	q := at.few(query)
	q.header, q.where = header, fmt.Sprintf("%s=%.60s", p.Name, value)
	if len(with) == 0 && len(p.With) > 0 {
		q.where += " without " + strings.Join(p.With, " or ")
	}
	q.want = c.status(q, c.Contract)
	_, _, err := c.ask(ctx, q)
	return err
}

// values returns values that a parameter can hold and some that it can't.
func values(p *dialect.Param) []string {
	list := append([]string{"", p.Example}, p.Enum...)
	add := func(more ...string) { list = append(list, more...) }
	switch {
	case p.Ignored:
		add("?")
	case p.Type == dialect.Integer || p.Type == dialect.Integers:
		add("?", "1.5")
		if p.Min != nil {
			add(strconv.FormatInt(*p.Min, 10), strconv.FormatInt(*p.Min-1, 10))
		}
		if p.Max != nil && *p.Max < roster.MaxNumber {
			add(strconv.FormatInt(*p.Max, 10), strconv.FormatInt(*p.Max+1, 10))
		}
	case p.Type == dialect.Boolean:
		add("true", "false", "1", "0", "?")
	case p.Type == dialect.DateTime || p.Type == dialect.UUID || len(p.Enum) > 0:
		add("?")
	}
	if p.MaxItems > 0 {
		add(items(p.MaxItems), items(p.MaxItems+1))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// items returns a list of n values that any list takes.
func items(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.Itoa(i + 1)
	}
	return strings.Join(list, ",")
}

// same asks in two ways for what is documented to be the same.
func (c *checker) same(ctx context.Context, at *place, p *dialect.Param) error {
	ask := func(name, value string) question {
		query := c.with(p)
		query.Set(name, value)
		return at.few(query)
	}
	value := cmp.Or(p.Example, p.Default, "1")
	for _, alias := range p.Aliases {
		if err := c.alike(ctx, ask(p.Name, value), ask(alias, value), "the name "+alias, p.Mark); err != nil {
			return err
		}
	}
	if p.In != dialect.Query {
		return nil
	}
	if p.Default != "" {
		without, with := at.few(c.with(p)), ask(p.Name, p.Default)
		if p.Name == at.size() {
			first := c.with(p)
			first.Set(at.Window.Start, strconv.FormatInt(at.Window.First, 10)) // some lists are paged by that alone
			without = at.ask("", first)
		}
		if err := c.alike(ctx, without, with, "the default "+p.Name+"="+p.Default, p.Mark); err != nil {
			return err
		}
	}
	if p.Clip && p.Max != nil && *p.Max < roster.MaxNumber {
		most, more := strconv.FormatInt(*p.Max, 10), strconv.FormatInt(*p.Max+1, 10)
		return c.alike(ctx, ask(p.Name, most), ask(p.Name, more), p.Name+"="+more+", which counts as "+most, p.Mark)
	}
	return nil
}

// size returns the name of the parameter with how many records a page has.
func (p *place) size() string {
	if p.Window == nil {
		return ""
	}
	return p.Window.Size
}

// alike asks two questions that are to have the same records in the answer, in the same order.
func (c *checker) alike(ctx context.Context, one, other question, where string, mark dialect.Mark) error {
	one.where, other.where = where, where
	first, ok, err := c.ask(ctx, one)
	if err != nil || !ok {
		return err
	}
	second, ok, err := c.ask(ctx, other)
	if err != nil || !ok || one.Laws == nil {
		return err
	}
	if !slices.Equal(keys(one.Endpoint, first), keys(other.Endpoint, second)) {
		c.differs(second, mark, where, "the records of "+one.line(), "others")
	}
	return nil
}

// notations asks for lists of values in each way in which they can be written, with values that records have.
func (c *checker) notations(ctx context.Context, at *place) error {
	if at.Laws == nil {
		return nil
	}
	for _, f := range at.Laws.Filters {
		p := param(at.Endpoint, f.Param)
		if !p.IsList() || len(p.Enum) > 0 {
			continue
		}
		all, err := c.sweep(ctx, at, c.with(p))
		if err != nil {
			return err
		}
		var list []string
		for _, s := range all.samples(f.Members...) {
			list = append(list, s.value)
		}
		with := func(name string, values ...string) question {
			query := c.with(p)
			query[name] = values
			return at.few(query)
		}
		joined := with(p.Name, strings.Join(list, ","))
		others := []question{with(p.Name, list...), with(p.Name+"[]", list...)}
		if p.JSON && p.Type == dialect.Integers {
			others = append(others, with(p.Name, "["+strings.Join(list, ",")+"]"))
		}
		for _, other := range others {
			if err := c.alike(ctx, joined, other, "a list in "+p.Name, dialect.Ours); err != nil {
				return err
			}
		}
	}
	return nil
}
