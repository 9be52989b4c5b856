package dialecttest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// documented returns what the OpenAPI document of a dialect says of bodies under one contract.
func documented(t *testing.T, d *dialect.Dialect, contract roster.Contract) schemas {
	t.Helper()
	raw, err := dialect.OpenAPI(under(d, contract), "https://roster.example")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return schemas{d, doc}
}

// under returns a dialect that has one contract only.
func under(d *dialect.Dialect, contract roster.Contract) *dialect.Dialect {
	one := *d
	one.Endpoints = slices.Clone(d.Endpoints)
	for i := range one.Endpoints {
		e := &one.Endpoints[i]
		e.Returns = slices.DeleteFunc(slices.Clone(e.Returns), func(r dialect.Return) bool {
			return r.Contract != "" && r.Contract != contract
		})
	}
	return &one
}

// schemas is the document that bodies are held to.
type schemas struct {
	*dialect.Dialect

	doc *openapi3.T
}

// check fails where a JSON body that was really answered is not as the document says.
func (s schemas) check(t *testing.T, r *http.Request, response *http.Response, body string) {
	t.Helper()
	if s.Own && r.URL.Query().Has("fields") {
		return // it leaves out what is required, as its documentation says
	}
	_, below := s.CutOrg(r.URL.EscapedPath())
	for _, e := range s.Endpoints {
		if _, ok := e.Match(below); !ok || e.Method != r.Method || body == "" {
			continue
		}
		documented := s.doc.Paths.Value(e.Path).GetOperation(e.Method).Responses.Status(response.StatusCode)
		if documented == nil && below != r.URL.EscapedPath() && response.StatusCode == http.StatusNotFound {
			return // there is no such organization, which the second server of the document stands for
		}
		if documented == nil {
			t.Errorf("%s answers %d, which is not documented", e.ID, response.StatusCode)
			return
		}
		media := documented.Value.Content.Get(response.Header.Get("Content-Type"))
		if media == nil || media.Schema == nil || !strings.Contains(response.Header.Get("Content-Type"), "json") {
			return
		}
		var value any
		if json.Unmarshal([]byte(body), &value) != nil {
			return // JSON Lines
		}
		if err := media.Schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
			t.Errorf("%s answers %d with what is not as documented: %v", e.ID, response.StatusCode, err)
		}
		return
	}
}
