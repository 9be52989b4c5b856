package conform

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// wanted is a value of a filter, and what the members of records are held against.
type wanted struct {
	value, member string
	// from is the key of a record that is to be found, "" where that is not known.
	from string
}

// filters holds what parameters leave of a list to what the whole list has.
func (c *checker) filters(ctx context.Context, at *place) error {
	if at.Laws == nil {
		return nil
	}
	for _, f := range at.Laws.Filters {
		if err := c.none(ctx, at, f); err != nil {
			return err
		}
		if f.Contract != "" && f.Contract != c.Contract {
			continue
		}
		p := param(at.Endpoint, f.Param)
		all, err := c.sweep(ctx, at, c.with(p))
		if err != nil {
			return err
		}
		list := wants(p, f, all)
		if len(list) == 0 {
			c.note("%s: %s was not tried, since no record has a value to ask for", at.ID, f.Param)
		}
		for _, w := range list {
			if err := c.filter(ctx, at, f, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// wants returns the values to ask with.
func wants(p *dialect.Param, f dialect.Filter, all *sweep) []wanted {
	var list []wanted
	if f.Values != nil {
		for _, value := range slices.Sorted(maps.Keys(f.Values)) {
			list = append(list, wanted{value: value, member: f.Values[value]})
		}
		return list
	}
	given := p.Enum
	if p.Type == dialect.Boolean {
		given = []string{"true", "false"}
	}
	for _, value := range given {
		list = append(list, wanted{value: value, member: value})
	}
	if given != nil {
		return list
	}
	for _, s := range all.samples(f.Members...) {
		list = append(list, wanted{s.value, s.value, s.key})
	}
	return list
}

// filter asks with one value.
func (c *checker) filter(ctx context.Context, at *place, f dialect.Filter, w wanted) error {
	p := param(at.Endpoint, f.Param)
	query := c.with(p)
	all, err := c.sweep(ctx, at, query)
	if err != nil {
		return err
	}
	query.Set(f.Param, w.value)
	found, err := c.sweep(ctx, at, query)
	if err != nil || found.last.status != http.StatusOK {
		return err
	}
	where := "the filter " + f.Param
	if f.Values != nil || len(p.Enum) > 0 {
		where += "=" + w.value
	}
	extra := slices.ContainsFunc(found.records, func(r any) bool { return !fits(f, r, w.member) })
	if extra && f.Is != dialect.Finds {
		c.differs(found.last, p.Mark, where, "records that fit", "others as well")
	}
	if missing(f, w, all, found) {
		c.differs(found.last, p.Mark, where, "all records that fit", "not all of them")
	}
	return nil
}

// missing reports whether records that fit are not found.
func missing(f dialect.Filter, w wanted, all, found *sweep) bool {
	if !found.whole || f.Partly {
		return false
	}
	for i, r := range all.records {
		due := all.keys[i] == w.from || all.whole && f.Is != dialect.Finds && fits(f, r, w.member)
		if due && !found.known[all.keys[i]] {
			return true
		}
	}
	return false
}

// none asks with a value that nobody has.
func (c *checker) none(ctx context.Context, at *place, f dialect.Filter) error {
	p := param(at.Endpoint, f.Param)
	id, err := c.NewID()
	if err != nil {
		return err
	}
	var value string
	switch {
	case len(p.Enum) > 0:
		return nil
	case p.Type == dialect.UUID:
		value = id.String()
	case p.Type == dialect.String || p.Type == dialect.Strings:
		value = "zqxj" + strings.ReplaceAll(id.String(), "-", "") + "@example.invalid"
	default:
		return nil
	}
	query := c.with(p)
	query.Set(f.Param, value)
	q := at.few(query)
	q.where = "the filter " + f.Param
	a, ok, err := c.ask(ctx, q)
	if err == nil && ok && len(recordsOf(at.Endpoint, a)) > 0 {
		c.differs(a, p.Mark, q.where, "no records for a value that nobody has", "records")
	}
	return err
}

// fits reports whether a record has a member that fits a value.
func fits(f dialect.Filter, record any, value string) bool {
	for _, path := range f.Members {
		if slices.ContainsFunc(texts(record, path), func(text string) bool { return relates(f.Is, text, value) }) {
			return true
		}
	}
	return false
}

func relates(is dialect.Relation, text, value string) bool {
	switch is {
	case dialect.Contains:
		return strings.Contains(roster.FoldSearch(text), roster.FoldSearch(value))
	case dialect.AtLeast:
		return compare(text, value) >= 0
	case dialect.AtMost:
		return compare(text, value) <= 0
	case dialect.AnyBit:
		return number(text)&number(value) != 0
	case dialect.NoBit:
		return number(text)&number(value) == 0
	default:
		return roster.Fold(text) == roster.Fold(value)
	}
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// compare orders numbers by size, instants by time and anything else as texts are ordered.
func compare(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	from, errA := time.Parse(time.RFC3339, a)
	to, errB := time.Parse(time.RFC3339, b)
	if errA == nil && errB == nil {
		return from.Compare(to)
	}
	return strings.Compare(roster.Fold(a), roster.Fold(b))
}
