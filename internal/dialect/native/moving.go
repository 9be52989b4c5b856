package native

import (
	"fmt"
	"slices"

	"github.com/roster-dev/roster/internal/dialect"
)

// moving makes an endpoint one whose list comes in pages, and is kept at no version: what comes and goes while somebody
// walks through it shifts nothing.
func moving(e dialect.Endpoint, c columns) dialect.Endpoint {
	e = paged(choosing(e, c))
	e.Window.Log = true
	for i := range e.Params {
		switch p := &e.Params[i]; p.Name {
		case pageToken:
			p.Doc = "The next_page_token of the page before: the page begins after the last record of that one, as " +
				"the list is now. What chooses and orders records must stay."
		case "page":
			p.Doc = "The number of the page. A record may be on two pages or on none where others come and go " +
				"meanwhile; page_token has no such gaps."
		}
	}
	return e
}

// keyed says how the records of a list that is kept at no version are told apart.
type keyed[T any] struct {
	// key returns what no other record has. The list is ordered by it.
	key func(T) string
	// desc is set where the list begins with the greatest key.
	desc bool
}

// list answers with the page that a request asks for.
func (k keyed[T]) list(r *dialect.Request, c columns, all []T, wire func(T) any) (dialect.Response, error) {
	w, err := windowOf(r)
	if err != nil {
		return dialect.Response{}, err
	}
	q, err := c.choose(r)
	if err != nil {
		return dialect.Response{}, err
	}
	found, counts := pick(c, q, all, wire)
	if r.Given(pageToken) {
		w.from = k.after(r, found, q.isOrdered())
	}
	if w.more(len(found)) {
		w.last = k.key(found[w.from+w.size-1])
	}
	response := answer(r, w, len(found), dialect.Map(slices.Values(pageOf(w, found)), wire), counts)
	response.Header.Set("Cache-Control", "no-store")
	return response, nil
}

// after returns how many records stand before the page of a token: up to the last one of the page before where that is
// still there. Where it is not, the order of the keys says where it was, or in another order, where nothing else can,
// how many there were.
func (k keyed[T]) after(r *dialect.Request, found []T, ordered bool) int {
	if i := slices.IndexFunc(found, func(e T) bool { return k.key(e) == r.After }); i >= 0 {
		return i + 1
	}
	if ordered {
		return min(r.Position, len(found))
	}
	i := slices.IndexFunc(found, func(e T) bool { return (k.key(e) < r.After) == k.desc })
	if i < 0 {
		return len(found)
	}
	return i
}

// numberKey returns a number that is not negative as a key that has its order.
func numberKey(n int64) string { return fmt.Sprintf("%019d", n) }
