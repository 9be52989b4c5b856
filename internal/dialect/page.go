package dialect

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"github.com/roster-dev/roster"
)

// Offset returns how many records stand before a page, from 1, of pages of a size. A page too far out for its offset
// to be counted is as empty as any other past the end: the offset stops at half of what an int holds.
func Offset(page, size int64) int {
	const most = math.MaxInt / 2
	if page < 1 || size < 1 {
		return 0
	}
	if page-1 > most/size {
		return most
	}
	return int((page - 1) * size)
}

// More reports whether pages come after the one that a query asks for, of a total of records.
func More(q roster.Query, total int) bool { return q.Limit > 0 && q.Offset+q.Limit < total }

// LastPage returns the number of the last page of total records in pages of a size from 1; it is 1 where there are
// none.
func LastPage(size, total int64) int64 { return max(1, (total-1)/size+1) }

// PageURLs are URLs that differ in nothing but the page.
type PageURLs struct{ before, after string }

// PagesAt returns the URLs that are at with only the page replaced, which is the query parameter pageParam.
func PagesAt(at *url.URL, pageParam string) PageURLs {
	target := *at
	var plain bool
	if target.RawQuery, plain = withoutPage(at.RawQuery, pageParam); !plain {
		query := at.Query()
		query.Set(pageParam, "")
		target.RawQuery = query.Encode()
	}
	whole, name := target.String(), url.QueryEscape(pageParam)+"="
	start := strings.IndexByte(whole, '?') + 1
	if !strings.HasPrefix(whole[start:], name) {
		start += strings.Index(whole[start:], "&"+name) + 1
	}
	start += len(name)
	return PageURLs{whole[:start], whole[start:]}
}

// withoutPage returns a query as [url.Values.Encode] does with pageParam set to "". plain is false where that can't be
// done without decoding the query: it has escapes, or its parameters are not in the order of their names.
func withoutPage(raw, pageParam string) (query string, plain bool) {
	if strings.ContainsAny(raw, "%+;") {
		return "", false
	}
	b := make([]byte, 0, len(raw)+len(pageParam)+32) //nolint:mnd // some of the rest may be escaped
	add := func(name, value string) {
		if len(b) > 0 {
			b = append(b, '&')
		}
		b = append(append(b, url.QueryEscape(name)...), '=')
		b = append(b, url.QueryEscape(value)...)
	}
	last, done := "", false
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		switch {
		case part == "":
			continue
		case name < last:
			return "", false
		case !done && name >= pageParam:
			add(pageParam, "")
			done = true
		}
		if last = name; name != pageParam {
			add(name, value)
		}
	}
	if !done {
		add(pageParam, "")
	}
	return string(b), true
}

// URL returns the URL of a page.
func (p PageURLs) URL(page int64) string {
	return p.before + strconv.FormatInt(page, 10) + p.after
}

// Links returns a Link header (RFC 8288) with the relations first, prev, next and last as they apply to a page of a
// list that is paged by number. The targets are at with only the page replaced. It is "" when one page holds
// everything.
func Links(at *url.URL, pageParam string, page, size, total int64) string {
	last := LastPage(size, total)
	if last == 1 && page == 1 {
		return ""
	}
	pages := PagesAt(at, pageParam)
	var links []byte
	add := func(rel string, to int64) {
		if len(links) > 0 {
			links = append(links, ", "...)
		}
		links = append(append(links, '<'), pages.before...)
		links = append(strconv.AppendInt(links, to, 10), pages.after...)
		links = append(append(append(links, `>; rel="`...), rel...), '"')
	}
	links = make([]byte, 0, 4*(len(pages.before)+len(pages.after)+32)) //nolint:mnd // at most four links
	add("first", 1)
	if page > 1 {
		add("prev", min(page-1, last))
	}
	if page < last {
		add("next", page+1)
	}
	add("last", last)
	return string(links)
}
