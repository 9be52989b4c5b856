package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestInspectGuide runs every command of the guide to findings as it stands there.
func TestInspectGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/inspect.md")
	out := string(p.shell(t, commands[:len(commands)-1])) // it stops what it starts by itself
	for _, want := range []string{
		"  error    page-skipped  kaiten GET /api/latest/company/users, offset (account token)\n",
		"the records 101 to 200 are never received; request 1, 2\n", "limit=200 counts as 100; request 1, 2 (2 times)\n",
		"error page-skipped offset\nwarning parameter-clipped limit\n",
		`{"number":1,"status":200,"authorization":["Bearer ***"],"findings":["parameter-clipped"]}` + "\n",
		"\nexit code 1\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// emulated is an emulation that a test talks to.
type emulated struct {
	shownEmulation

	lines *bufio.Scanner
	stdin io.Closer
	ended chan error
}

// emulation runs `roster emulate` in the process.
func emulation(t *testing.T, args ...string) *emulated {
	t.Helper()
	stdin, in := io.Pipe()
	stdout, out := io.Pipe()
	e := &emulated{lines: bufio.NewScanner(stdout), stdin: in, ended: make(chan error, 1)}
	go func() {
		e.ended <- run(t.Context(), append([]string{"emulate", "-o", "json", "--until-eof"}, args...), noEnvironment,
			streams{stdin, out, io.Discard})
		out.Close()
	}()
	e.shownEmulation = nextLine[shownEmulation](t, e.lines)
	return e
}

// An emulation that is told to ends with its standard input, and fails where findings are bad enough.
func TestEmulateFailsOnFindings(t *testing.T) {
	t.Parallel()
	for failOn, want := range map[string]string{"warning": "1 of 1 findings are as bad as warning, or worse", "error": ""} {
		e := emulation(t, "d3lay", "--users", "5", "--fail-on", failOn)
		askTotal(t, e.APIs[0].BaseURL+"/users?per_page=5", e.APIs[0].Credentials[0])
		if err := e.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		last := nextLine[emulationSummary](t, e.lines)
		if len(last.Findings) != 1 || last.Findings[0].Rule != "parameter-unknown" {
			t.Errorf("found is %+v", last.Findings)
		}
		err := <-e.ended
		if got := exitCode(err); want == "" && got != 0 || want != "" && (got != 1 || err.Error() != want) {
			t.Errorf("it fails with %v, exit code %d, want %q", err, got, want)
		}
	}
}

// A program whose test has crashed removes what it has written, though nobody reads any more what it says.
func TestEmulateLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	p, dir := build(t), t.TempDir()
	cmd := exec.CommandContext(t.Context(), p.path, "emulate", "fipto", "--users", "5", "-o", "json", "--until-eof")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err = errors.Join(err, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	nextLine[shownEmulation](t, bufio.NewScanner(stdout))
	if files, err := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("there are %d folders while it runs (%v), want 1", len(files), err)
	}
	if err := errors.Join(stdout.Close(), stdin.Close()); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // which the summary that nobody reads may have ended
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("%d folders are left, %v", len(files), err)
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	e := emulation(t, "d3lay", "sixeye", "--users", "50")
	defer e.stdin.Close()
	got := execute(t, "inspect", "--control-url", e.ControlURL+"/_roster")
	if got.code != 0 || got.stdout != "Nothing was found.\n" {
		t.Errorf("got %d, %s", got.code, got.stdout)
	}
	askTotal(t, e.APIs[0].BaseURL+"/users?per_page=5", e.APIs[0].Credentials[0])
	askTotal(t, e.APIs[0].BaseURL+"/users?page_size=500", e.APIs[0].Credentials[0])
	got = execute(t, "inspect", "--control-url", e.ControlURL+"/", "--fail-on", "error", "--requests")
	want := `     1  d3lay  200  GET /users?per_page=5  `
	if got.code != 1 || !strings.HasPrefix(got.stdout, want) || !strings.Contains(got.stdout, "Findings:\n  error    parameter-invalid  d3lay") ||
		!strings.Contains(got.stderr, "1 of 3 findings are as bad as error, or worse") {
		t.Errorf("got %d, %s%s", got.code, got.stdout, got.stderr)
	}
	for args, want := range map[string]string{
		"inspect":                                     "--control-url: is required",
		"inspect --control-url x --fail-on warn":      `--fail-on: must be error, warning or info, not "warn"`,
		"inspect --control-url x -o csv":              `--output: must be text or json, not "csv"`,
		"inspect --control-url x --follow --requests": "--requests: can't be given with --follow",
		"inspect --control-url http://127.0.0.1:1%":   "--control-url: must be the base URL of a server",
		"inspect --control-url localhost:80":          "--control-url: must be the base URL of a server",
		"emulate kaiten --fail-on bad":                `--fail-on: must be error, warning or info, not "bad"`,
	} {
		if got := execute(t, strings.Fields(args)...); got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got %d, %s, want 2 and %s", args, got.code, got.stderr, want)
		}
	}
	gone := execute(t, "inspect", "--control-url", "http://127.0.0.1:1")
	if gone.code != 1 || !strings.Contains(gone.stderr, "is `roster emulate` still running?") {
		t.Errorf("got %d, %s", gone.code, gone.stderr)
	}
}

// Who follows sees each finding once and as it comes, and at the end what was open.
func TestInspectFollows(t *testing.T) {
	t.Parallel()
	e := emulation(t, "d3lay", "--users", "90")
	defer e.stdin.Close()
	ctx, stop := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"inspect", "--follow", "--control-url", e.ControlURL, "-o", "json", "--fail-on", "warning"},
			noEnvironment, streams{strings.NewReader(""), out, io.Discard})
		out.Close()
	}()
	lines := bufio.NewScanner(stdout)
	for _, path := range []string{"/users?per_page=5", "/users?page=0", "/users?per_page=5"} {
		askTotal(t, e.APIs[0].BaseURL+path, e.APIs[0].Credentials[0])
	}
	type finding struct{ Rule string }
	seen := map[string]int{}
	for range 2 {
		seen[nextLine[finding](t, lines).Rule]++
	}
	if seen["parameter-unknown"] != 1 || seen["parameter-invalid"] != 1 {
		t.Errorf("seen is %v", seen)
	}
	stop()
	if last := nextLine[finding](t, lines); last.Rule != "first-page-only" || lines.Scan() {
		t.Errorf("the last is %s, then %s", last.Rule, lines.Text())
	}
	if err := <-ended; exitCode(err) != 1 {
		t.Errorf("it ends with %v", err)
	}
}
