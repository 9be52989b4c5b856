package native_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/filter"
)

// lists asks a server for lists of the users of the fixture.
type lists struct {
	handler http.Handler
	secrets map[string]string
	users   []*roster.User
}

func newLists(t *testing.T) *lists {
	t.Helper()
	d := native.New()
	w := dialecttest.NewWorld(t, roster.Documented, d)
	view, err := w.Service.View(t.Context(), dialecttest.Company)
	if err != nil {
		t.Fatal(err)
	}
	page, err := view.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	l := &lists{handler: w.Handler(t, d), secrets: w.Secrets}
	for u := range page.Users {
		c := *u
		l.users = append(l.users, &c)
	}
	return l
}

type userPage struct {
	Items []struct {
		Number int64 `json:"number"`
	} `json:"items"`
	Total  int                       `json:"total"`
	Facets map[string]map[string]int `json:"facets"`
}

// get asks for a list with parameters by their names and values.
func (l *lists) get(token string, params ...string) *httptest.ResponseRecorder {
	query := url.Values{}
	for i := 0; i < len(params); i += 2 {
		query.Set(params[i], params[i+1])
	}
	r := httptest.NewRequest(http.MethodGet, "/users?"+query.Encode(), http.NoBody)
	r.Header.Set("Authorization", "Bearer "+l.secrets[token])
	w := httptest.NewRecorder()
	l.handler.ServeHTTP(w, r)
	return w
}

// list is get of what is there.
func (l *lists) list(t rapid.TB, token string, params ...string) userPage {
	t.Helper()
	w := l.get(token, params...)
	var a userPage
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%q: got status %d (%s), want 200", params, w.Code, w.Body)
	}
	return a
}

func (a userPage) numbers() []int64 {
	numbers := []int64{}
	for _, u := range a.Items {
		numbers = append(numbers, u.Number)
	}
	return numbers
}

// Over HTTP every field filters, orders and counts as a scan of all users does.
func TestListsAreWhatAScanFinds(t *testing.T) {
	t.Parallel()
	l := newLists(t)
	now := roster.TimeOf(dialecttest.Now())
	var examples, orders, facets []string
	for _, row := range filter.Table() {
		if row.Example != "" {
			examples = append(examples, row.Example, "-("+row.Example+")", row.Name+" != null")
		}
		if row.Sortable {
			orders = append(orders, row.Name, row.Name+" desc")
		}
		if f, _ := roster.FieldByName(row.Name); f.Facetable() {
			facets = append(facets, row.Name)
		}
	}
	for _, e := range filter.Examples() {
		examples = append(examples, e.Filter)
	}
	check := func(t rapid.TB, text, order, facet, search string) {
		where, err := filter.Parse(text, nil, now)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := filter.ParseOrder(order, nil)
		if err != nil {
			t.Fatal(err)
		}
		q := roster.Query{Where: where, Sort: keys, Search: roster.Search{Text: search}}
		for _, info := range roster.Fields() {
			if info.Searchable {
				q.Search.Fields = append(q.Search.Fields, info.Field)
			}
		}
		a := l.list(t, "metadata", "filter", text, "order_by", order, "search", search, "fields", "number", "facets", facet)
		scan, total := q.Scan(slices.Values(l.users))
		want := []int64{}
		for _, u := range scan {
			want = append(want, u.Number)
		}
		if diff := cmp.Diff(want, a.numbers()); diff != "" || a.Total != total {
			t.Errorf("filter %q, order %q, search %q: total %d, want %d (-want +got):\n%s", text, order, search, a.Total, total, diff)
		}
		f, _ := roster.FieldByName(facet)
		counted := map[string]int{}
		for _, c := range q.ScanFacets(slices.Values(l.users), f) {
			counted[named(c)] = c.Count
		}
		if diff := cmp.Diff(counted, a.Facets[facet]); diff != "" {
			t.Errorf("filter %q, facet %s (-want +got):\n%s", text, facet, diff)
		}
	}
	for i, text := range examples { // every field at least once
		check(t, text, orders[i%len(orders)], facets[i%len(facets)], "")
	}
	for i, order := range orders {
		check(t, "", order, facets[i%len(facets)], "")
	}
	rapid.Check(t, func(rt *rapid.T) {
		text := func(from []string, label string) string { return rapid.SampledFrom(from).Draw(rt, label) }
		both := "(" + text(examples, "one") + ") " + text([]string{"AND", "OR"}, "operator") + " (" + text(examples, "other") + ")"
		order := text(orders, "first")
		if second := text(orders, "second"); strings.Fields(second)[0] != strings.Fields(order)[0] {
			order += ", " + second
		}
		check(rt, both, order, text(facets, "facet"), text([]string{"", "a", "grace", "example com"}, "search"))
	})
}

// named writes a value as filters do.
func named(f roster.Facet) string {
	info := f.Field.Info()
	switch {
	case !f.Value.IsSet():
		return ""
	case info.Type == roster.TypeEnum:
		return info.Enum[f.Value.Int()]
	case info.Type == roster.TypeBool:
		return fmt.Sprint(f.Value.Int() == 1)
	case info.Type == roster.TypeText:
		return f.Value.Text()
	default:
		return fmt.Sprint(f.Value.Int())
	}
}

// Who may not see a field can't tell it from one that does not exist, wherever it is named.
func TestHiddenFieldsDoNotExist(t *testing.T) {
	t.Parallel()
	l := newLists(t)
	hidden := 0
	for _, info := range roster.Fields() {
		if info.Needs == "" {
			continue
		}
		hidden++
		absent := info.Name[:len(info.Name)-1] + "x" // as far from any other name
		for _, param := range []string{"filter", "order_by", "fields", "facets"} {
			for _, value := range []string{"%s", "%s = null", "-%s:*", "number, %s desc", "id,%s", "%s.id", "status,%s"} {
				got := l.get("account", param, fmt.Sprintf(value, info.Name))
				want := l.get("account", param, fmt.Sprintf(value, absent))
				same := strings.ReplaceAll(want.Body.String(), absent, info.Name)
				if got.Code != want.Code || got.Body.String() != same {
					t.Errorf("%s=%s: got %d %s, want as of what does not exist: %d %s", param, fmt.Sprintf(value, info.Name),
						got.Code, got.Body, want.Code, same)
				}
			}
		}
		if w := l.get("account"); strings.Contains(w.Body.String(), info.Name) {
			t.Errorf("%s is shown", info.Name)
		}
		if w := l.get("metadata", "fields", info.Name, "order_by", info.Name, "filter", info.Name+" != null"); w.Code != http.StatusOK ||
			!strings.Contains(w.Body.String(), info.Name) {
			t.Errorf("with the permission: got %d %s, want %s", w.Code, w.Body, info.Name)
		}
	}
	if hidden == 0 {
		t.Error("there is no field to hide")
	}
}

// Every filter of the guide is one, and finds what the guide says.
func TestFiltersOfTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../docs/guides/filter.md")
	if err != nil {
		t.Fatal(err)
	}
	l := newLists(t)
	rows := regexp.MustCompile("(?m)^[|] `(.+?)` [|] .* [|]$").FindAllStringSubmatch(string(guide), -1)
	for _, row := range rows {
		l.list(t, "metadata", "filter", row[1])
	}
	if len(rows) < 20 {
		t.Errorf("the guide has %d filters, want at least 20", len(rows))
	}
	for _, e := range filter.Examples() {
		if !strings.Contains(string(guide), "| `"+e.Filter+"` | "+e.Meaning+" |") {
			t.Errorf("the guide lacks %q: %s", e.Filter, e.Meaning)
		}
	}
	for _, r := range filter.Table() {
		if r.Example != "" && !strings.Contains(string(guide), "| `"+r.Example+"` |") {
			t.Errorf("the guide lacks the example of %s: %s", r.Name, r.Example)
		}
	}
	for _, found := range regexp.MustCompile("(?m)^    (.+?=.*)$").FindAllStringSubmatch(string(guide), -1) {
		query, err := url.ParseQuery(found[1])
		if err != nil {
			t.Fatal(err)
		}
		var params []string
		for name, values := range query {
			params = append(params, name, values[0])
		}
		l.list(t, "metadata", params...)
	}
}
