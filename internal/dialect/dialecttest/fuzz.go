package dialecttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Fuzz holds every endpoint of a dialect to what must be true for any query string and any path parameter: nothing
// panics, what is refused is refused with a code that is not [roster.Internal], what is asked of the view is a valid
// query, and every body is valid JSON. The seeds are made from the tables of parameters.
func Fuzz(f *testing.F, d *dialect.Dialect) {
	f.Helper()
	for i := range d.Endpoints {
		for _, p := range d.Endpoints[i].Params {
			for _, value := range seeds(p) {
				f.Add(url.QueryEscape(p.Name)+"="+url.QueryEscape(value), Company.String())
			}
		}
	}
	f.Add("a=%zz;b", "")
	var once sync.Once
	var view dialect.View
	f.Fuzz(func(t *testing.T, query, path string) {
		once.Do(func() { view = fixtureView(t, d) })
		for i := range d.Endpoints {
			for _, contract := range []roster.Contract{roster.Documented, roster.Live} {
				r := &dialect.Request{
					Endpoint: &d.Endpoints[i], ID: Other.String(), View: checkedView{view, t}, Contract: contract,
					Principal: roster.Principal{Org: Company, Permissions: roster.Permissions{roster.Everything}},
					URL:       &url.URL{Scheme: "http", Host: "roster.example", Path: "/", RawQuery: query},
					Header:    http.Header{},
				}
				try(t, d, r, path)
			}
		}
	})
}

func seeds(p dialect.Param) []string {
	values := []string{p.Example, p.Default, "", "-1", "9223372036854775807", "a,b", "[1]", "\x00\xff", "é"}
	return append(append(values, p.Enum...), strings.Join(p.Enum, ","))
}

func fixtureView(t *testing.T, d *dialect.Dialect) dialect.View {
	t.Helper()
	view, err := NewWorld(t, roster.Documented, d).Service.View(t.Context(), Company)
	if err != nil {
		t.Fatal(err)
	}
	return view
}

// checkedView fails a test that asks it for something invalid.
type checkedView struct {
	dialect.View
	t *testing.T
}

func (v checkedView) Users(q roster.Query) (roster.Page, error) {
	if err := q.Validate(); err != nil {
		v.t.Errorf("the query %+v is not valid: %v", q, err)
	}
	return v.View.Users(q)
}

func try(t *testing.T, d *dialect.Dialect, r *dialect.Request, path string) {
	t.Helper()
	err := r.Decode(r.URL.RawQuery, func(string) string { return path })
	var response dialect.Response
	if err == nil {
		response, err = r.Endpoint.Serve(t.Context(), r)
	}
	if err != nil {
		code := roster.CodeOf(err)
		if code == roster.Internal {
			t.Errorf("%s fails with an internal error: %v", r.Endpoint.ID, err)
		}
		response = d.Fail(dialect.Failure{Error: roster.AsError(err), Status: d.Status(code), Contract: r.Contract})
	}
	if response.Body == nil {
		return
	}
	var body bytes.Buffer
	if err := response.Body(&body); err != nil {
		t.Errorf("%s writes no body: %v", r.Endpoint.ID, err)
	}
	if !strings.HasPrefix(response.ContentType, "text/") && !json.Valid(body.Bytes()) {
		t.Errorf("%s writes what is not JSON: %s", r.Endpoint.ID, body.Bytes())
	}
}
