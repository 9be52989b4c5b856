package main

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// A tail that follows shows what happens while it runs, and being interrupted is its normal end.
func TestChangesTailFollows(t *testing.T) {
	t.Parallel()
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	if r := execute(t, "org", "create", "--slug", "acme", "--store", dsn); r.code != 0 {
		t.Fatal(r.stderr)
	}
	secret := tokenSecret(t, dsn)
	b := start(t, 1, "serve", "--addr", "127.0.0.1:0", "--store", dsn)
	at := []string{"--url", b.urls["everything"], "--token", secret}
	ctx, interrupt := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		args := append([]string{"changes", "tail", "--since", "2", "--follow"}, at...)
		ended <- run(ctx, args, func(string) string { return "" }, streams{strings.NewReader(""), out, io.Discard})
	}()
	lines := bufio.NewScanner(stdout)
	for _, name := range []string{"ada", "bo"} {
		r := execute(t, append([]string{"user", "create", "--email", name + "@example.com", "--name", name}, at...)...)
		if r.code != 0 {
			t.Fatal(r.stderr)
		}
		if want := name + "@example.com"; !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Errorf("the next line is %q, want one about %s", lines.Text(), want)
		}
	}
	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("interrupted it ends with %v", err)
	}
	if err := b.stop(); err != nil {
		t.Error(err)
	}
}

// tokenSecret makes a token that may do everything and returns its secret.
func tokenSecret(t *testing.T, dsn string) string {
	t.Helper()
	r := execute(t, "token", "create", "--org", "acme", "--name", "all", "--permission", "*", "-o", "csv", "--store", dsn)
	if r.code != 0 {
		t.Fatal(r.stderr)
	}
	secret, _, _ := strings.Cut(r.stdout[strings.LastIndex(r.stdout, "\nrst_")+1:], ",")
	return secret
}
