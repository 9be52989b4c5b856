package conform

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// places returns where an operation can be asked: at one place or, where its path takes values of records, at those of
// two records. It returns none where no value is known.
func (c *checker) places(ctx context.Context, e *dialect.Endpoint) ([]*place, error) {
	if c.fills(e) {
		return []*place{c.at(e, c.Path)}, nil
	}
	for i := range e.Params {
		p := &e.Params[i]
		if p.From == nil || c.Path[p.Name] != "" {
			continue
		}
		list := c.operation(p.From.Operation)
		if list == nil || !c.fills(list) {
			return nil, nil
		}
		all, err := c.sweep(ctx, c.at(list, c.Path), nil)
		if err != nil {
			return nil, err
		}
		var at []*place
		for _, s := range all.samples(p.From.Member) {
			values := maps.Clone(c.Path)
			if values == nil {
				values = map[string]string{}
			}
			values[p.Name] = s.value
			one := c.at(e, values)
			if one.record = s.record; !strings.Contains(one.path, "{") {
				at = append(at, one)
			}
		}
		return at, nil
	}
	return nil, nil
}

func (c *checker) operation(id string) *dialect.Endpoint {
	for i := range c.Dialect.Endpoints {
		if c.Dialect.Endpoints[i].ID == id {
			return &c.Dialect.Endpoints[i]
		}
	}
	return nil
}

// records asks for single records: each is as the list has it.
func (c *checker) records(ctx context.Context, at []*place) error {
	for _, p := range at {
		if p.record == nil || p.Laws == nil {
			continue
		}
		a, ok, err := c.ask(ctx, p.ask("a known value in the path", nil))
		if err != nil {
			return err
		}
		one, single := value(a.value, p.Laws.List).(map[string]any)
		if ok && single && !reflect.DeepEqual(any(one), p.record) {
			c.differs(a, dialect.Ours, "a single record", "the record as the list has it", "another")
		}
	}
	return nil
}

// refusals asks without a credential and with one that does not count.
func (c *checker) refusals(ctx context.Context, p *place) error {
	if p.Public {
		return nil
	}
	q := p.ask("no credential", nil)
	q.anonymous, q.want = true, c.refused(roster.Errorf(roster.Unauthenticated, "no credential"))
	if _, _, err := c.ask(ctx, q); err != nil {
		return err
	}
	id, err := c.NewID()
	if err != nil {
		return err
	}
	q.where, q.header = "an unknown token", http.Header{}
	c.carry(q.header, "rst_"+id.String())
	_, _, err = c.ask(ctx, q)
	return err
}

// refused returns the status of a failure.
func (c *checker) refused(err error) int {
	failure := roster.AsError(err)
	return c.Dialect.Fail(dialect.Failure{
		Error: failure, Status: c.Dialect.Status(failure.Code), Contract: c.Contract,
	}).Status
}

// elsewhere asks for other paths to the operation, for values in its path that nobody has, and with a parameter that
// there is not.
func (c *checker) elsewhere(ctx context.Context, p *place) error {
	for _, path := range p.Aliases {
		other := *p
		other.path = fill(path, p.values)
		if err := c.alike(ctx, p.few(nil), other.few(nil), "the path "+path, p.Mark); err != nil {
			return err
		}
	}
	if !p.Strict {
		unknown := p.few(url.Values{"roster_conformance": {"1"}})
		if err := c.alike(ctx, p.few(nil), unknown, "an unknown parameter", dialect.Ours); err != nil {
			return err
		}
	}
	for i := range p.Params {
		if param := &p.Params[i]; param.In == dialect.Path {
			if err := c.nobody(ctx, p, param); err != nil {
				return err
			}
		}
	}
	return nil
}

// nobody asks for a value in the path that nobody has.
func (c *checker) nobody(ctx context.Context, p *place, param *dialect.Param) error {
	id, err := c.NewID()
	if err != nil {
		return err
	}
	values := maps.Clone(p.values)
	if values[param.Name] = id.String(); param.Type == dialect.Integer {
		values[param.Name] = strconv.FormatInt(roster.MaxNumber, 10)
	}
	q := c.at(p.Endpoint, values).ask("an unknown "+param.Name, nil)
	q.want = c.refused(&roster.Error{Code: roster.NotFound, Field: param.Name, Message: "unknown"})
	_, _, err = c.ask(ctx, q)
	return err
}
