package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The demo organization is written with entries of the audit, as any other is.
func TestTheAuditOfADemoIsWhole(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	if err := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", dsn, "--demo", "30").stop(); err != nil {
		t.Fatal(err)
	}
	got := execute(t, "audit", "verify", "--org", "demo", "--store", dsn, "-o", "csv")
	if got.code != 0 || !strings.HasPrefix(got.stdout, "entries,head,whole\n1,") {
		t.Errorf("got %d, %s%s, want one entry and that it is whole", got.code, got.stdout, got.stderr)
	}
}
