package all_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
)

// released rewrites the documents of the last release: see api/released/README.md.
var released = flag.Bool("released", false, "take the present documents for those of the last release")

const releasedDir = "../../../api/released"

// document returns the OpenAPI document of a dialect as it is kept of a release.
func document(t *testing.T, d *dialect.Dialect) []byte {
	t.Helper()
	doc, err := dialect.OpenAPI(d, "https://roster.example"+d.Mount())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// oasdiff returns the path of the program that compares documents.
func oasdiff(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "oasdiff")
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile=../../../tools/oasdiff/go.mod", "-o", name,
		"github.com/oasdiff/oasdiff")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build oasdiff: %v\n%s", err, out)
	}
	return name
}

// breaks returns what oasdiff says that breaks clients of the document before, nothing where it lets the change pass.
func breaks(t *testing.T, program string, before, after []byte) string {
	t.Helper()
	dir := t.TempDir()
	old, present := filepath.Join(dir, "before.json"), filepath.Join(dir, "after.json")
	for path, doc := range map[string][]byte{old: before, present: after} {
		if err := os.WriteFile(path, doc, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), program, "breaking", old, present, "--fail-on", "ERR").CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && (!failed || exit.ExitCode() != 1) {
		t.Fatalf("%v\n%s", err, out)
	}
	if err == nil {
		return ""
	}
	return string(out)
}

// No client of the last release breaks.
func TestNothingReleasedBreaks(t *testing.T) {
	t.Parallel()
	program := oasdiff(t)
	for _, d := range all.Dialects() {
		name, present := filepath.Join(releasedDir, d.Name+"-v1.json"), document(t, d)
		if *released {
			if err := os.WriteFile(name, present, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		before, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if faults := breaks(t, program, before, present); faults != "" {
			t.Errorf("%s: clients of the last release break; see api/released/README.md\n%s", d.Name, faults)
		}
	}
}

// What would break clients is found, and what would not is let pass.
func TestTheGateFindsWhatBreaks(t *testing.T) {
	t.Parallel()
	program, native := oasdiff(t), few(t, document(t, all.ByName("native")))
	for name, c := range map[string]struct {
		change func(doc map[string]any)
		breaks bool
	}{
		"nothing":       {func(map[string]any) {}, false},
		"a path less":   {func(doc map[string]any) { delete(at(doc, "paths"), "/users/{ref}") }, true},
		"a method less": {func(doc map[string]any) { delete(at(doc, "paths", "/users"), "post") }, true},
		"a property less": {func(doc map[string]any) {
			delete(at(doc, "components", "schemas", "Change", "properties"), "at")
		}, true},
		"a property more": {func(doc map[string]any) {
			at(doc, "components", "schemas", "Change", "properties")["note"] = map[string]any{"type": "string"}
		}, false},
		"a value less": {func(doc map[string]any) {
			kind := at(doc, "components", "schemas", "TokenRequest", "properties", "kind")
			kind["enum"] = []any{"account"}
		}, true},
		"a parameter that must be given": {func(doc map[string]any) {
			list := at(doc, "paths", "/users", "get")
			parameters, _ := list["parameters"].([]any)
			list["parameters"] = append(parameters, map[string]any{
				"name": "why", "in": "query", "required": true, "schema": map[string]any{"type": "string"},
			})
		}, true},
	} {
		var doc map[string]any
		if err := json.Unmarshal(native, &doc); err != nil {
			t.Fatal(err)
		}
		c.change(doc)
		var changed bytes.Buffer
		if err := json.NewEncoder(&changed).Encode(doc); err != nil {
			t.Fatal(err)
		}
		if faults := breaks(t, program, native, changed.Bytes()); (faults != "") != c.breaks {
			t.Errorf("%s: breaks clients: %t, want %t\n%s", name, faults != "", c.breaks, faults)
		}
	}
}

// few returns a document with a few of its paths, which is compared in no time.
func few(t *testing.T, document []byte) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(at(doc, "paths"), func(path string, _ any) bool {
		return !slices.Contains([]string{"/users", "/users/{ref}", "/tokens", "/changes"}, path)
	})
	short, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return short
}

// at returns the object at a path of members.
func at(doc map[string]any, path ...string) map[string]any {
	for _, name := range path {
		doc, _ = doc[name].(map[string]any)
	}
	return doc
}
