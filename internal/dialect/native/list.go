package native

import (
	"cmp"
	"iter"
	"net/http"
	"slices"
	"strconv"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// maxPage is how many records a page can have.
const maxPage = 1000

// pageToken is the name of the parameter with which a walk over a list goes on.
const pageToken = "page_token"

// list documents a page of a list of records.
type list[T any] struct {
	Items         []T            `json:"items" required:"yes"`
	Total         int            `json:"total" required:"yes" doc:"How many there are on all pages, exactly."`
	Version       roster.Version `json:"version" required:"yes" doc:"The version of the organization that this shows."`
	NextPageToken string         `json:"next_page_token,omitempty" doc:"The page_token of the next page, if any."`
	// Facets are there where they are asked for.
	Facets map[string]map[string]int `json:"facets,omitempty" doc:"How many records have each value, \"\" for none."`
}

// paged makes an endpoint one whose list comes in pages. What a page shows of the records may change on the way.
func paged(e dialect.Endpoint) dialect.Endpoint {
	e.Params = slices.Concat(e.Params, pageParams())
	if !e.Takes(dialect.Query, fieldsName) {
		e.Params = append(e.Params, fieldsParam())
	}
	e.Window = &dialect.Window{Token: pageToken, Free: []string{"page_size", "page", fieldsName, facetsName}}
	e.Returns = withGone(e.Returns)
	return e
}

// withGone adds what is answered to a page token that counts no more.
func withGone(list []dialect.Return) []dialect.Return {
	list = withStatus(list, gone)
	for i := range list {
		list[i].Everywhere = list[i].Status == gone
	}
	return list
}

func pageParams() []dialect.Param {
	return []dialect.Param{
		{
			Name: "page_size", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(maxPage), Default: "100",
			Doc: "How many records a page has at the most.", Mark: dialect.Ours, Example: "20",
		},
		{
			Name: "page", Type: dialect.Integer, Min: dialect.N(1), Max: dialect.N(roster.MaxNumber), Default: "1",
			Doc: "The number of the page. Every page is of the present version, so that a record may be on two pages " +
				"or on none where there are changes meanwhile; page_token has no such gaps.",
			Mark: dialect.Ours, Example: "2",
		},
		{
			Name: pageToken, Mark: dialect.Ours, Everywhere: true,
			Doc: "The next_page_token of the page before. All pages show the version at which the first one was " +
				"asked for, however many changes there are meanwhile. What chooses and orders records must stay.",
		},
	}
}

// window is the part of a list that is on a page.
type window struct {
	from int // how many records stand before it
	size int
	last string // the key of the last record, where a list is kept at no version and has more
}

func windowOf(r *dialect.Request) (window, error) {
	if r.Given("page") && r.Given(pageToken) {
		return window{}, roster.FieldErrorf("page", "must not be given with %s", pageToken)
	}
	size := r.Int("page_size")
	if r.Given(pageToken) {
		return window{from: r.Position, size: int(size)}, nil
	}
	return window{from: dialect.Offset(r.Int("page"), size), size: int(size)}, nil
}

// pageOf returns the records of a page out of all of them.
func pageOf[T any](w window, all []T) []T {
	from := min(w.from, len(all))
	return all[from:min(from+w.size, len(all))]
}

// more reports whether pages come after the window, of a total of records.
func (w window) more(total int) bool { return w.from+w.size < total }

// end returns what comes after the items of a list, but for the last brace, and the header that links to other pages.
func (w window) end(r *dialect.Request, total int) (tail dialect.Members, header http.Header) {
	version := cmp.Or(r.Until, r.View.Version())
	tail = dialect.Members("]").Int("total", int64(total)).Int("version", int64(version))
	token := ""
	if w.more(total) {
		token = r.PageTokenAfter(w.from+w.size, w.last)
	}
	if token != "" {
		tail = tail.Text("next_page_token", token)
	}
	header = http.Header{}
	links := tokenLinks(r, token)
	if r.Given("page") {
		links = dialect.Links(r.URL, "page", r.Int("page"), int64(w.size), int64(total))
	}
	if links != "" {
		header.Set("Link", links)
	}
	if r.Now != 0 {
		header.Set("Cache-Control", "no-store")
	}
	return tail, header
}

// tokenLinks returns a Link header (RFC 8288) with the first page of a walk and the one with a token, as far as they
// are other pages.
func tokenLinks(r *dialect.Request, next string) string {
	if next == "" && !r.Given(pageToken) {
		return ""
	}
	links := `<` + atToken(r, "") + `>; rel="first"`
	if next != "" {
		links += `, <` + atToken(r, next) + `>; rel="next"`
	}
	return links
}

// atToken returns the URL of the page with a token, or of the first one.
func atToken(r *dialect.Request, token string) string {
	u, query := *r.URL, r.URL.Query()
	query.Del(pageToken)
	if token != "" {
		query.Set(pageToken, token)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// listed answers with the page that a request asks for of records that are all at hand: of those that it chooses by the
// rows of a table, in its order.
func listed[T, W any](r *dialect.Request, c columns, all []T, wire func(T) W) (dialect.Response, error) {
	w, err := windowOf(r)
	if err != nil {
		return dialect.Response{}, err
	}
	q, err := c.choose(r)
	if err != nil {
		return dialect.Response{}, err
	}
	found, counts := pick(c, q, all, wire)
	return answer(r, w, len(found), dialect.Map(slices.Values(pageOf(w, found)), wire), counts), nil
}

// answer answers with a page of a list that has a total of records, with what was counted.
func answer[T any](r *dialect.Request, w window, total int, items iter.Seq[T], counts tally) dialect.Response {
	tail, header := w.end(r, total)
	tail = counts.append(tail)
	return dialect.Response{
		Header: header, More: w.more(total), Body: dialect.List(`{"items":[`, items, string(tail.Close())),
	}
}

// append appends the member facets, unless nothing was to be counted.
func (t tally) append(m dialect.Members) dialect.Members {
	if len(t.fields) == 0 {
		return m
	}
	m = dialect.NewMembers(m.Name("facets"))
	for i := range t.fields {
		f := &t.fields[i]
		m = dialect.NewMembers(m.Name(f.Name))
		for _, facet := range t.facets {
			if facet.Field == f.Field {
				m = m.Int(facetName(f, facet.Value), int64(facet.Count))
			}
		}
		m = m.Close()
	}
	return m.Close()
}

// facetName returns a value of a field as filters and records write it, and "" for no value.
func facetName(f *roster.FieldInfo, v roster.Value) string {
	switch {
	case !v.IsSet():
		return ""
	case f.Type == roster.TypeEnum:
		return f.Enum[v.Int()]
	case f.Type == roster.TypeBool:
		return strconv.FormatBool(v.Int() != 0)
	case f.Type == roster.TypeText || f.Type == roster.TypeTexts:
		return v.Text()
	default:
		return strconv.FormatInt(v.Int(), 10)
	}
}
