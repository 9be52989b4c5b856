package inspect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster/internal/inspect"
)

// pages is an API with a number of pages, and a client of it that waits by its own clock.
type pages struct {
	inspector *inspect.Inspector
	handler   http.Handler
	total     int
	now       time.Time
	fails     bool // the next request does
}

func newPages(total int) *pages {
	p := &pages{total: total, now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	p.inspector = inspect.New(inspect.Options{Now: func() time.Time { return p.now }})
	p.handler = p.inspector.Handler(api(vendor()), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var n int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &n)
		inspect.Paged(r.Context(), n < p.total)
		if p.fails {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	return p
}

func (p *pages) fetch(n int, query string) {
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/things?page=%d%s", n, query), http.NoBody)
	r.Header.Set("X-Key", "the key of a test")
	r.Header.Set("User-Agent", "test")
	p.handler.ServeHTTP(httptest.NewRecorder(), r)
	p.now = p.now.Add(time.Second)
}

func (p *pages) rules() (rules []string) {
	for _, f := range p.inspector.Findings() {
		rules = append(rules, f.Rule)
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// Walks that fetch the first page first and then each other one, in whatever order, with failures that are retried and
// with other walks in between, break no rule; where one page is left out, fetched twice, or the walk ends early, exactly
// that is found.
func TestWalks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(4, 20).Draw(t, "pages")
		p := newPages(total)
		var rest []int
		for n := 2; n <= total; n++ {
			rest = append(rest, n)
		}
		order := rapid.Permutation(rest).Draw(t, "order")
		want := []string(nil)
		switch rapid.SampledFrom([]string{"right", "skipped", "repeated", "unfinished", "beyond"}).Draw(t, "walk") {
		case "skipped":
			left := rapid.IntRange(2, total-1).Draw(t, "left")
			order, want = slices.DeleteFunc(order, func(n int) bool { return n == left }), []string{"page-skipped"}
		case "repeated":
			order, want = append(order, rapid.IntRange(2, total).Draw(t, "again")), []string{"page-repeated"}
		case "unfinished":
			order, want = []int{2, 3}, []string{"walk-unfinished"}
		case "beyond":
			order, want = append(order, total+1, total+2), []string{"page-after-end"}
		}
		for range rapid.IntRange(1, 3).Draw(t, "walks") {
			for _, n := range append([]int{1}, order...) {
				if p.fails = rapid.IntRange(0, 4).Draw(t, "fails") == 0; p.fails {
					p.fetch(n, "")
					p.fails = false
				}
				p.fetch(n, "")
				if rapid.IntRange(0, 4).Draw(t, "other") == 0 {
					p.fetch(1, "&q=other&size=1") // one page of another list, and a small one
				}
			}
		}
		if diff := cmp.Diff(want, p.rules()); diff != "" {
			t.Errorf("-want +got:\n%s%+v", diff, p.inspector.Findings())
		}
	})
}

// Clients and walks that never end take up no more memory than is set: what is oldest is judged and forgotten.
func TestManyWalks(t *testing.T) {
	t.Parallel()
	p := newPages(10)
	for n := range 500 {
		p.fetch(1, fmt.Sprintf("&q=%d", n))
		p.fetch(2, fmt.Sprintf("&q=%d", n))
	}
	got := p.inspector.Findings()
	if len(got) != 1 || got[0].Rule != "walk-unfinished" || got[0].Count != 500 || len(got[0].Requests) != 20 || got[0].Open {
		t.Errorf("got %+v, want 500 walks that are not finished", got)
	}
}

// What each page of a walk costs.
func BenchmarkHandler(b *testing.B) {
	p, n := newPages(1<<30), 0
	for b.Loop() {
		n++
		p.fetch(n, "&size=100")
	}
}
