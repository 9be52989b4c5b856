package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newTerminal returns a terminal, and what closes it and returns all that it was shown.
func newTerminal(t *testing.T) (terminal *os.File, shown func() string) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return terminal, collect(t, terminal, screen)
}

// newPipeFile is newTerminal for a pipe.
func newPipeFile(t *testing.T) (pipe *os.File, shown func() string) {
	t.Helper()
	from, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return pipe, collect(t, pipe, from)
}

// collect reads all that is written to a file at its other end.
func collect(t *testing.T, file, end *os.File) (shown func() string) {
	t.Helper()
	var all bytes.Buffer
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(&all, end) // a terminal that is closed is an error
	}()
	return func() string {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
		<-ended
		_ = end.Close()
		return strings.ReplaceAll(all.String(), "\r\n", "\n")
	}
}

// manyUsers writes a file with so many users, the third of whom is none, and returns its name.
func manyUsers(t *testing.T, users int) string {
	t.Helper()
	var lines bytes.Buffer
	for n := range users {
		if n == 2 {
			fmt.Fprintln(&lines, `{"email":"nobody"}`)
			continue
		}
		fmt.Fprintf(&lines, "{\"email\":\"u%d@example.com\",\"name\":\"U\"}\n", n)
	}
	path := filepath.Join(t.TempDir(), "users.jsonl")
	if err := os.WriteFile(path, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A terminal shows how far an import and the loading of an organization are, out of the way of what else is said; a
// pipe has nothing of it.
func TestProgress(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		open func(*testing.T) (*os.File, func() string)
		bars bool
	}{"terminal": {newTerminal, true}, "pipe": {newPipeFile, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dsn, _ := newAcme(t)
			to, shown := tc.open(t)
			args := []string{"import", "jsonl", "--org", "acme", "--store", dsn, manyUsers(t, 9000)}
			err := run(t.Context(), args, func(string) string { return "" }, streams{strings.NewReader(""), io.Discard, to})
			if exitCode(err) != exitFailed {
				t.Errorf("the import ends with %v, want that a line was rejected", err)
			}
			checkProgress(t, "importing", shown(), tc.bars, "line 3: name: is required;", "9000 read: 8999 created,")

			to, shown = tc.open(t)
			preload(t, dsn, to)
			checkProgress(t, "loading acme", shown(), tc.bars, "time=")
		})
	}
}

// preload loads all organizations of a store as a server does before it listens.
func preload(t *testing.T, dsn string, to *os.File) {
	t.Helper()
	a := &app{
		streams: streams{strings.NewReader(""), io.Discard, to}, now: time.Now,
		getenv: func(string) string { return "" },
	}
	f := serveFlags{preload: []string{everything}, logLevel: "info", logFormat: "text", walks: defaultWalks()}
	s, err := a.newService(&f)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.openStore(context.WithoutCancel(t.Context()), dsn, s.keep)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.preloadAll(t.Context(), l); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// checkProgress holds what was shown to be lines that begin with some texts and, where it is wanted, a bar that has
// moved and is nowhere left to be seen.
func checkProgress(t *testing.T, bar, shown string, wanted bool, lines ...string) {
	t.Helper()
	var left []string
	moved := map[string]bool{}
	for line := range strings.Lines(shown) {
		parts := strings.Split(strings.TrimSuffix(line, "\n"), "\r") // each is written over the one before
		for _, part := range parts {
			if strings.HasPrefix(part, bar) {
				moved[part] = true
			}
		}
		left = append(left, parts[len(parts)-1])
	}
	if got := len(moved) > 1; got != wanted || !wanted && strings.Contains(shown, "\r") {
		t.Errorf("%s shows %d states, want several: %t:\n%q", bar, len(moved), wanted, shown)
	}
	if !slices.EqualFunc(left, lines, strings.HasPrefix) {
		t.Errorf("got the lines %q, want those that begin with %q:\n%q", left, lines, shown)
	}
}
