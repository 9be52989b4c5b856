package dialect

import (
	"net/url"
	"strconv"
	"strings"
)

// Links returns a Link header (RFC 8288) with the relations first, prev, next and last as they apply to a page of a list
// that is paged by number. The targets are at with only the page replaced. It is "" when one page holds everything.
func Links(at *url.URL, pageParam string, page, size, total int64) string {
	last := max(1, (total+size-1)/size)
	if last == 1 && page == 1 {
		return ""
	}
	var links []string
	add := func(rel string, to int64) {
		query := at.Query()
		query.Set(pageParam, strconv.FormatInt(to, 10))
		target := *at
		target.RawQuery = query.Encode()
		links = append(links, "<"+target.String()+`>; rel="`+rel+`"`)
	}
	add("first", 1)
	if page > 1 {
		add("prev", min(page-1, last))
	}
	if page < last {
		add("next", page+1)
	}
	add("last", last)
	return strings.Join(links, ", ")
}
