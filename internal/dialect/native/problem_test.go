package native_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// Every problem's type leads to a page that says where it comes from and what to do about it.
func TestEveryCodeHasAPage(t *testing.T) {
	t.Parallel()
	const pages = "../../../docs/errors"
	d := native.New()
	for _, code := range roster.Codes() {
		page, err := os.ReadFile(filepath.Join(pages, string(code)+".md"))
		if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s has no page", code)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		status := fmt.Sprintf("Status %d.", dialect.DefaultStatus(code))
		parts := []string{"# " + string(code) + ": ", status, "\n## Cause\n\n", "\n## Cure\n\n"}
		for _, part := range parts {
			if !strings.Contains(string(page), part) {
				t.Errorf("the page of %s lacks %q", code, part)
			}
		}
		var body strings.Builder
		response := d.Fail(dialect.Failure{Error: roster.Errorf(code, "x"), Status: d.Status(code)})
		if err := response.Body(&body); err != nil {
			t.Fatal(err)
		}
		if want := `"type":"/docs/errors/` + string(code) + `"`; !strings.Contains(body.String(), want) {
			t.Errorf("the problem %s has no %s", body.String(), want)
		}
	}
	entries, err := os.ReadDir(pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		code, isPage := strings.CutSuffix(entry.Name(), ".md")
		if isPage && !slices.Contains(roster.Codes(), roster.Code(code)) {
			t.Errorf("there is a page about %s, which is no code", code)
		}
	}
}

func TestProblemsListManyFaultsInPart(t *testing.T) {
	t.Parallel()
	err := &roster.Error{Code: roster.Invalid}
	for range 200 {
		err.Details = append(err.Details, roster.Detail{Field: "#/name", Message: "is wrong"})
	}
	var body strings.Builder
	if err := native.New().Fail(dialect.Failure{Error: err, Status: 400}).Body(&body); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(body.String(), `"pointer":"#/name"`); got != 100 {
		t.Errorf("%d faults are listed, want 100", got)
	}
}
