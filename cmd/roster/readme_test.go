package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReadme runs every command of the README as it stands there, in the order of the page, in one shell and one folder. Only
// the port differs, what serves goes to the background, and make is left to who runs this test.
func TestReadme(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, ports := pageCommands(t, "README.md")
	out := p.shell(t, commands)
	if len(commands) < 10 || ports < 2 {
		t.Errorf("the README has %d commands and serves %d times, want more", len(commands), ports)
	}
	for _, want := range []string{`"firstName":"Ada"`, `"name":"Benjamin Zhang"`, "ben@example.com", `"full_name":"Ada Moreno"`} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestChangeFeedGuide runs every command of the guide to following changes likewise.
func TestChangeFeedGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/change-feed.md")
	out := p.shell(t, commands)
	for _, want := range []string{
		`"op":"update","type":"user"`, `{"from":"active","to":"suspended"}`, `["create","entered"]`,
		"\nid: 4\ndata: {\"version\":4,", `ada@example.com status: "active" -> "suspended"`,
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestBulkGuide runs every command of the guide to many users at once likewise.
func TestBulkGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/bulk.md")
	out := p.shell(t, commands)
	for _, want := range []string{
		"line 3: name: is required; email: ", "3 read: 2 created", `"state":"queued"`, "of 3 users 2 would be changed", "refused: ",
		"update,succeeded,100%,3,0,2,", "undo,succeeded,100%,2,0,2,", "email,phone\n", "'+4912345",
		"of 2 users 2 would be changed", ",eli@example.com,Eli,active,", "3,404,,,,there is no user number:4711",
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestWebhooksGuide runs every command of the guide to webhooks likewise.
func TestWebhooksGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/webhooks.md")
	out := p.shell(t, commands)
	for _, want := range []string{`"secret": "whsec_`, `"since": 3`, `delivery     {"position":`, `"round":1`, "secret       whsec_"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestOperationsGuide runs every command of the guide to operating likewise.
func TestOperationsGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/operations.md")
	out := p.shell(t, commands)
	for _, want := range []string{"ok\nready\n", "acme"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
}

// shell runs commands in one shell and returns what they print.
func (p program) shell(t *testing.T, commands []string) []byte {
	t.Helper()
	script := "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\nexport PATH=" + filepath.Dir(p.path) + ":$PATH\n" + strings.Join(commands, "\n")
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.WaitDelay = p.dir, 10*time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// pageCommands returns the lines of a page's shell blocks, made to run without a person, and how many of them serve.
func pageCommands(t *testing.T, page string) (commands []string, serving int) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", page))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		more, servers := blockCommands(block[1])
		commands = append(commands, more...)
		serving += servers
	}
	return append(commands, stopServer), serving
}

// stopServer ends the server that runs, and fails unless that ends well.
const stopServer = "kill $server; wait $server"

// blockCommands returns the lines of a shell block, made to run without a person, and how many of them serve.
func blockCommands(block []byte) (commands []string, serving int) {
	for line := range strings.Lines(string(block)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "make ") || strings.HasPrefix(line, "export PATH="):
		case strings.HasPrefix(line, "roster serve"):
			serving++
			commands = append(commands, serveInBackground(line))
		default:
			commands = append(commands, strings.ReplaceAll(line, "http://127.0.0.1:8080", `"$url"`))
		}
	}
	return commands, serving
}

// serveInBackground stops the server before, starts another on free ports and sets $url to where it listens.
func serveInBackground(line string) string {
	line = regexp.MustCompile(`=127\.0\.0\.1:\d+`).ReplaceAllString(line, "=127.0.0.1:0")
	return `if [ -n "${server:-}" ]; then kill $server; wait $server; fi
: > log # before anybody looks for the address in it
` + line + ` --addr 127.0.0.1:0 >> log 2>&1 & server=$!
url=""; while [ -z "$url" ]; do kill -0 $server; url=$(sed -n 's/.*serves=everything url=//p' log); done`
}
