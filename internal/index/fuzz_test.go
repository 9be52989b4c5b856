package index

import (
	"math/rand/v2"
	"testing"

	"github.com/roster-dev/roster"
)

// FuzzQuery compares queries with a scan: the shape of a query follows from shape, its texts and window come as they are.
func FuzzQuery(f *testing.F) {
	f.Add(uint64(1), "ann", 0, 10, false)
	f.Add(uint64(2), "jhon smith", 3, 0, true)
	f.Add(uint64(3), "É@\x00\xff", 1<<40, 1, true)
	w := newWorld(7)
	for range 400 {
		u := w.user(w.id())
		w.users[u.ID] = u
	}
	s := snapshot{w.view(options{scanBelow: 1, tail: 8}), w.reference()}
	f.Fuzz(func(t *testing.T, shape uint64, text string, offset, limit int, fuzzy bool) {
		own := *w
		own.rnd = rand.New(rand.NewPCG(shape, 1))
		q := own.query()
		q.Offset, q.Limit = offset, limit
		q.Search.Text, q.Search.Fuzzy = text, fuzzy
		if shape%3 == 0 {
			q.Where = roster.And{q.Where, roster.Contains{Field: roster.FieldName, Text: text}}
			if q.Where.(roster.And)[0] == nil {
				q.Where = q.Where.(roster.And)[1]
			}
		}
		if err := q.Validate(); err != nil {
			if _, got := s.view.Users(q); roster.CodeOf(got) != roster.Invalid {
				t.Fatalf("%s: got %v, want %v", describe(q), got, err)
			}
			if _, got := s.view.Facets(q); roster.CodeOf(got) != roster.Invalid {
				t.Fatalf("facets of %s: got %v, want %v", describe(q), got, err)
			}
			return
		}
		s.check(t, q)
		s.checkFacets(t, q, own.facets()...)
	})
}
