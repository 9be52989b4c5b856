package conform

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/roster-dev/roster/internal/dialect"
)

// sweep is what is known of a list.
type sweep struct {
	records []any
	keys    []string
	known   map[string]bool // the keys
	// whole is true where there are no more records.
	whole bool
	// last is the answer with the last of them.
	last *answer
}

// sample is a value that a record has.
type sample struct {
	value, key string
	record     any
}

// samples returns up to two different values that members have, of records as far apart as may be. Values that can't be
// part of a list, or that mean nothing, are left out.
func (s *sweep) samples(members ...string) []sample {
	var found []sample
	for i := range s.records {
		at := i / 2 // from both ends by turns
		if i%2 == 1 {
			at = len(s.records) - 1 - i/2
		}
		for _, text := range texts(s.records[at], members[0]) {
			known := slices.ContainsFunc(found, func(other sample) bool { return other.value == text })
			if plain := strings.Trim(text, " 0"); plain == "" || strings.Contains(text, ",") || known {
				continue
			}
			const enough = 2
			if found = append(found, sample{text, s.keys[at], s.records[at]}); len(found) == enough {
				return found
			}
		}
	}
	return found
}

// value returns the member of a JSON value at a path, nil where there is none; "" is the value itself.
func value(v any, path string) any {
	if path == "" {
		return v
	}
	name, rest, _ := strings.Cut(path, ".")
	object, _ := v.(map[string]any)
	return value(object[name], rest)
}

// texts returns the values of the members at a path, in which [] stands for each element of an array. Members that are
// null or not there have none.
func texts(v any, path string) []string {
	if path == "" {
		if v == nil {
			return nil
		}
		return []string{fmt.Sprint(v)}
	}
	name, rest, _ := strings.Cut(path, ".")
	name, isList := strings.CutSuffix(name, "[]")
	v = value(v, name)
	if !isList {
		return texts(v, rest)
	}
	var all []string
	list, _ := v.([]any)
	for _, element := range list {
		all = append(all, texts(element, rest)...)
	}
	return all
}

// recordsOf returns the records in an answer, nil where it has no list.
func recordsOf(e *dialect.Endpoint, a *answer) []any {
	list, _ := value(a.value, e.Laws.List).([]any)
	return list
}

// keys returns the keys of the records in an answer.
func keys(e *dialect.Endpoint, a *answer) []string {
	var list []string
	for _, r := range recordsOf(e, a) {
		list = append(list, strings.Join(texts(r, e.Laws.Key), ","))
	}
	return list
}

// pages reports whether a list comes in pages with a query.
func (c *checker) pages(at *place, query url.Values) bool {
	if at.Laws == nil || at.size() == "" {
		return false
	}
	p := param(at.Endpoint, at.Window.Size)
	return len(p.With) == 0 || p.Freed == c.Contract || slices.ContainsFunc(p.With, func(flag string) bool {
		return query.Get(flag) == "true"
	})
}

// sweep reads a list with a query, in pages as large as may be, up to the options' limit. It is read once.
func (c *checker) sweep(ctx context.Context, at *place, query url.Values) (*sweep, error) {
	name := at.path + "?" + query.Encode()
	if known := c.lists[name]; known != nil {
		return known, nil
	}
	var s *sweep
	var err error
	if c.pages(at, query) {
		s, err = c.walk(ctx, at, query, c.largest(at), c.Most)
	} else {
		s, err = c.unpaged(ctx, at, query)
	}
	if err != nil {
		return nil, err
	}
	if c.lists[name] = s; s.last.status == http.StatusOK && !s.whole {
		c.note("%s has more than %d records: what is said of all of them was not tried", s.last.line(), c.Most)
	}
	return s, nil
}

// largest returns the largest size of a page that is of use.
func (c *checker) largest(at *place) int64 {
	if p := param(at.Endpoint, at.Window.Size); p.Max != nil {
		return min(*p.Max, int64(c.Most))
	}
	return int64(c.Most)
}

// whole reads a list as it comes without parameters.
func (c *checker) whole(ctx context.Context, at *place) error {
	if at.Laws == nil {
		return nil
	}
	_, err := c.sweep(ctx, at, nil)
	return err
}

func (c *checker) unpaged(ctx context.Context, at *place, query url.Values) (*sweep, error) {
	a, ok, err := c.ask(ctx, at.ask("the whole list", query))
	if err != nil {
		return nil, err
	}
	s := &sweep{last: a, whole: ok, known: map[string]bool{}}
	if ok && at.Laws != nil {
		c.take(s, at, a)
	}
	return s, nil
}

// take adds the records of an answer, and reports those that there are already.
func (c *checker) take(s *sweep, at *place, a *answer) (fresh bool) {
	for i, key := range keys(at.Endpoint, a) {
		if s.known[key] {
			c.differs(a, dialect.Ours, "the list", "each record once", "records that came before")
			continue
		}
		s.known[key], fresh = true, true
		s.keys, s.records = append(s.keys, key), append(s.records, recordsOf(at.Endpoint, a)[i])
	}
	return fresh
}

// walk reads a list page by page, up to most records.
func (c *checker) walk(ctx context.Context, at *place, query url.Values, size int64, most int) (*sweep, error) {
	s := &sweep{known: map[string]bool{}}
	start := at.Window.First
	for {
		a, ok, err := c.page(ctx, at, query, size, start)
		if err != nil {
			return nil, err
		}
		if s.last = a; !ok {
			return s, nil
		}
		got := len(recordsOf(at.Endpoint, a))
		fresh := c.take(s, at, a)
		if got > int(size) {
			c.differs(a, param(at.Endpoint, at.Window.Size).Mark, "paging", "at most as many records as asked", "more")
		}
		if got < int(size) {
			s.whole = true
			return s, nil
		}
		if !fresh || len(s.keys) >= most {
			return s, nil
		}
		if start++; at.Window.First == 0 {
			start += size - 1
		}
	}
}

// page asks for one page.
func (c *checker) page(
	ctx context.Context, at *place, query url.Values, size, start int64,
) (a *answer, ok bool, err error) {
	q := maps.Clone(query)
	if q == nil {
		q = url.Values{}
	}
	q.Set(at.Window.Size, strconv.FormatInt(size, 10))
	q.Set(at.Window.Start, strconv.FormatInt(start, 10))
	return c.ask(ctx, at.ask("a page", q))
}

// paging holds pages to the whole list: what they have one after the other, how many records they say that there are,
// and what comes after the last one.
func (c *checker) paging(ctx context.Context, at *place) error {
	if at.Laws == nil || at.Window == nil {
		return nil
	}
	query := c.with(param(at.Endpoint, at.Window.Start))
	all, err := c.sweep(ctx, at, query)
	if err != nil {
		return err
	}
	if len(all.keys) < 4 { //nolint:mnd // pages of one record each would be all there is
		c.note("%s: paging was not tried, since there are fewer than 4 records", at.ID)
		return nil
	}
	few := min(len(all.keys), 20)
	size := int64(few+3) / 4
	part, err := c.walk(ctx, at, query, size, few)
	if err != nil {
		return err
	}
	mark := param(at.Endpoint, at.Window.Start).Mark
	if n := min(len(part.keys), len(all.keys)); n < few || !slices.Equal(part.keys[:n], all.keys[:n]) {
		c.differs(part.last, mark, "paging", "the records of larger pages in the same order", "others")
	}
	const far = 1_000_000_000
	end, ok, err := c.page(ctx, at, query, size, far)
	if err != nil {
		return err
	}
	if ok && len(recordsOf(at.Endpoint, end)) > 0 {
		c.differs(end, mark, "paging", "nothing after the last page", "records")
	}
	return c.total(ctx, at, query)
}

// total holds what a list says of its length to its records.
func (c *checker) total(ctx context.Context, at *place, query url.Values) error {
	total, mark := at.Laws.Total, dialect.Ours
	if total == (dialect.Total{}) {
		return nil
	}
	query = maps.Clone(query)
	if total.Flag != "" {
		flag := param(at.Endpoint, total.Flag)
		maps.Copy(query, c.with(flag))
		mark = flag.Mark
	}
	all, err := c.sweep(ctx, at, query)
	if err != nil || !all.whole {
		return err
	}
	var a *answer
	var ok bool
	if total.Flag == "" {
		a, ok, err = c.page(ctx, at, query, 1, at.Window.First)
	} else {
		query = maps.Clone(query)
		query.Set(total.Flag, "true")
		a, ok, err = c.ask(ctx, at.ask(total.Flag+"=true", query))
	}
	if want := strconv.Itoa(len(all.keys)); err == nil && ok && a.total(total) != want {
		c.differs(a, mark, "the number of all records", "that of the records on all pages", "another number")
	}
	return err
}

// total returns the number of all records that an answer tells, "" for none.
func (a *answer) total(where dialect.Total) string {
	if where.Member == "" {
		return a.header.Get(where.Header)
	}
	number, _ := value(a.value, where.Member).(json.Number)
	return number.String()
}

// orders holds lists to the order that they are documented to have.
func (c *checker) orders(ctx context.Context, at *place) error {
	if at.Laws == nil {
		return nil
	}
	for _, o := range at.Laws.Orders {
		query, err := url.ParseQuery(o.Query)
		if err != nil {
			return fmt.Errorf("the order of %s: %w", at.ID, err)
		}
		q := at.ask("the order", query)
		if q.where = "the order"; o.Query != "" {
			q.where += " with " + o.Query
		}
		if c.pages(at, query) {
			query.Set(at.Window.Size, strconv.FormatInt(c.largest(at), 10))
			q.query = query.Encode()
		}
		a, ok, err := c.ask(ctx, q)
		if err != nil {
			return err
		}
		if ok && !ordered(recordsOf(at.Endpoint, a), o) {
			c.differs(a, o.Mark, q.where, "records by "+o.Member+direction(o), "another order")
		}
	}
	return nil
}

func direction(o dialect.Order) string {
	if o.Desc {
		return ", descending"
	}
	return ", ascending"
}

// ordered reports whether records that have a value come by it.
func ordered(records []any, o dialect.Order) bool {
	last := ""
	for _, r := range records {
		texts := texts(r, o.Member)
		if len(texts) == 0 || texts[0] == "" {
			continue
		}
		if c := compare(last, texts[0]); last != "" && (c > 0 && !o.Desc || c < 0 && o.Desc) {
			return false
		}
		last = texts[0]
	}
	return true
}
