package dialect_test

import (
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster/internal/dialect"
)

func TestOffset(t *testing.T) {
	t.Parallel()
	const most = math.MaxInt / 2
	for _, c := range []struct {
		page, size int64
		want       int
	}{
		{1, 100, 0},
		{2, 100, 100},
		{3, 7, 14},
		{0, 100, 0},
		{-5, 100, 0},
		{5, 0, 0},
		{math.MaxInt64, 1, most},
		{math.MaxInt64, 1000, most},
		{2, math.MaxInt64, most},
		{most + 1, 1, most},
		{most, 1, most - 1},
	} {
		if got := dialect.Offset(c.page, c.size); got != c.want {
			t.Errorf("Offset(%d, %d) = %d, want %d", c.page, c.size, got, c.want)
		}
	}
}

func TestLastPageHasTheLastRecord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 1000).Draw(t, "size")
		total := rapid.Int64Range(0, 1e9).Draw(t, "total")
		last := dialect.LastPage(size, total)
		if first := (last - 1) * size; total > 0 && (first >= total || first+size < total) || total == 0 && last != 1 {
			t.Errorf("LastPage(%d, %d) = %d", size, total, last)
		}
	})
}

// TestPagesAtOfAnyQuery holds the URLs of pages to what decoding and encoding the query gives.
func TestPagesAtOfAnyQuery(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching(`(a|o|page|pages|pag|z|p%61ge|é)?(=[a1:,/ "é=?+%.-]{0,3})?`)
		parts := rapid.SliceOfN(part, 0, 6).Draw(t, "parts")
		if rapid.Bool().Draw(t, "sorted") {
			slices.Sort(parts)
		}
		at := &url.URL{Scheme: "http", Host: "h", Path: "/x", RawQuery: strings.Join(parts, "&")}
		want := *at
		query := at.Query()
		query.Set("page", "7")
		want.RawQuery = query.Encode()
		if got := dialect.PagesAt(at, "page").URL(7); got != want.String() {
			t.Fatalf("of %q: got %s, want %s", at.RawQuery, got, want.String())
		}
	})
}

func TestLinks(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("https://roster.example/d3lay/users?x=1&page=2&x=%26&page=9")
	if err != nil {
		t.Fatal(err)
	}
	link := func(rel, page string) string {
		return "<https://roster.example/d3lay/users?page=" + page + `&x=1&x=%26>; rel="` + rel + `"`
	}
	for name, c := range map[string]struct {
		page, size, total int64
		want              string
	}{
		"one page":               {1, 10, 10, ""},
		"nobody":                 {1, 10, 0, ""},
		"the first of three":     {1, 10, 21, link("first", "1") + ", " + link("next", "2") + ", " + link("last", "3")},
		"the last of two":        {2, 10, 20, link("first", "1") + ", " + link("prev", "1") + ", " + link("last", "2")},
		"far past the end":       {math.MaxInt64, 10, 20, link("first", "1") + ", " + link("prev", "2") + ", " + link("last", "2")},
		"past the only page":     {2, 10, 5, link("first", "1") + ", " + link("prev", "1") + ", " + link("last", "1")},
		"past the end of nobody": {2, 10, 0, link("first", "1") + ", " + link("prev", "1") + ", " + link("last", "1")},
		"the second of three": {
			2, 10, 30,
			link("first", "1") + ", " + link("prev", "1") + ", " + link("next", "3") + ", " + link("last", "3"),
		},
	} {
		if diff := cmp.Diff(c.want, dialect.Links(at, "page", c.page, c.size, c.total)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got := at.Query()["page"]; len(got) != 2 {
		t.Errorf("Links changed the URL that it was given: page=%q", got)
	}
}
