package all_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
)

var update = flag.Bool("update", false, "rewrite the pages in docs/dialects")

const server = "http://127.0.0.1:8080/api"

func openAPI(t *testing.T, d *dialect.Dialect) []byte {
	t.Helper()
	doc, err := dialect.OpenAPI(d, server)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDialectsHaveDifferentNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range all.Dialects() {
		if seen[d.Name] {
			t.Errorf("two dialects are called %s", d.Name)
		}
		seen[d.Name] = true
		if got := all.ByName(d.Name); got == nil || got.Title != d.Title {
			t.Errorf("ByName(%q) = %v, want the dialect %s", d.Name, got, d.Title)
		}
	}
	if got := all.ByName("no such dialect"); got != nil {
		t.Errorf("ByName of an unknown name = %s, want nil", got.Name)
	}
}

// Whoever looks at how a client pages must know how far a page goes.
func TestWindowsSayHowLargePagesAre(t *testing.T) {
	t.Parallel()
	for _, d := range all.Dialects() {
		for _, e := range d.Endpoints {
			if w := e.Window; w != nil && w.Start != "" && !e.Takes(dialect.Query, w.Size) {
				t.Errorf("%s, %s: the size of a page is %q, which is no parameter", d.Name, e.Path, w.Size)
			}
		}
	}
}

// Examples are validated too, but for lists in URLs: the vendors' pages show those as they are written in a URL.
func TestOpenAPIDocumentsAreValid(t *testing.T) {
	t.Parallel()
	for _, d := range all.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			doc, err := openapi3.NewLoader().LoadFromData(openAPI(t, d))
			if err != nil {
				t.Fatal(err)
			}
			dropListExamples(doc)
			if err := doc.Validate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func dropListExamples(doc *openapi3.T) {
	for _, path := range doc.Paths.Map() {
		for _, op := range path.Operations() {
			for _, p := range op.Parameters {
				if p.Value.Schema.Value.Type.Is("array") {
					p.Value.Schema.Value.Example = nil
				}
			}
		}
	}
}

func TestOpenAPIDocumentsAreComplete(t *testing.T) {
	t.Parallel()
	for _, d := range all.Dialects() {
		doc, err := openapi3.NewLoader().LoadFromData(openAPI(t, d))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range d.Endpoints {
			for _, path := range e.Paths() {
				op := doc.Paths.Value(path).GetOperation(e.Method)
				if want := paramsAt(path, e); len(op.Parameters) != want {
					t.Errorf("%s %s has %d parameters, want %d", d.Name, path, len(op.Parameters), want)
				}
				for _, r := range e.Returns {
					if op.Responses.Status(r.Status) == nil {
						t.Errorf("%s %s lacks the status %d", d.Name, path, r.Status)
					}
				}
			}
		}
	}
}

// paramsAt returns how many parameters an endpoint has at one of its paths, which may lack some that are in the path.
func paramsAt(path string, e dialect.Endpoint) int {
	n := 0
	for _, p := range e.Params {
		if p.In != dialect.Path || strings.Contains(path, "{"+p.Name+"}") {
			n++
		}
	}
	return n
}

func TestOpenAPIIsDeterministic(t *testing.T) {
	t.Parallel()
	for _, d := range all.Dialects() {
		first := openAPI(t, d)
		for range 5 {
			if !bytes.Equal(first, openAPI(t, all.ByName(d.Name))) {
				t.Errorf("%s: two documents of one table differ", d.Name)
			}
		}
	}
}

// The pages are docs/dialects/NAME.md; -update, and so go generate, rewrites them.
func TestFidelityPages(t *testing.T) {
	t.Parallel()
	const dir = "../../../docs/dialects"
	pages := map[string]bool{"README.md": true}
	for _, d := range all.Dialects() {
		if d.Own {
			continue
		}
		pages[d.Name+".md"] = true
		name, want := filepath.Join(dir, d.Name+".md"), dialect.Fidelity(d)
		if *update {
			if err := os.WriteFile(name, want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale; run go generate ./internal/dialect/all (-want +got):\n%s", name, diff)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !pages[e.Name()] {
			t.Errorf("%s/%s is the page of no dialect", dir, e.Name())
		}
	}
}

// The fragment stands on the vendor's page of the endpoint, help center of 2026-04.
func TestFlxpointHasAllOfThePagesFragment(t *testing.T) {
	t.Parallel()
	fragment, err := os.ReadFile("../flxpoint/testdata/fragment.json")
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal(fragment, &want); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(openAPI(t, all.ByName("flxpoint")), &doc); err != nil {
		t.Fatal(err)
	}
	contains(t, "/account/users", doc.Paths["/account/users"], want)
}

// contains fails for everything in want that got lacks. Arrays must be of one length.
func contains(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		for name, value := range want {
			contains(t, path+"."+name, object[name], value)
		}
	case []any:
		list, _ := got.([]any)
		if len(list) != len(want) {
			t.Errorf("%s has %d elements, want %d", path, len(list), len(want))
			return
		}
		for i, value := range want {
			contains(t, path, list[i], value)
		}
	default:
		if got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}
