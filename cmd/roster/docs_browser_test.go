package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster/internal/demo"
	"github.com/roster-dev/roster/internal/dialect/all"
)

// The documentation works in Chromium: every reference gets an answer to a request that is tried, no page needs another
// host or what its policy forbids, and all can be read by everybody, in light and dark. What is looked at stands in
// test/browser/docs.mjs.
func TestDocsInABrowser(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../test/browser")); err != nil {
		t.Fatal(err)
	}
	node := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir = dir
		cmd.WaitDelay = 10 * time.Second
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	node("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")
	base := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", "memory:", "--demo", "200",
		"--docs-try", demo.Organization().Slug).urls["everything"]
	got := node("node", "docs.mjs", base, chromium)
	if want := fmt.Sprintf(" visits, %d requests tried, 0 wrong\n", len(all.Dialects())); !strings.HasSuffix(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}
