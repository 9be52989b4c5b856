package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/inspect"
)

// TestEmulateGuide runs every command of the guide to emulating as it stands there.
func TestEmulateGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/emulate.md")
	out := p.shell(t, commands[:len(commands)-1]) // it stops what it starts by itself
	for _, want := range []string{
		`{"id":1,"full_name":`, "200  flxpoint  account token\n", "401  flxpoint  source token\n", "401  fipto  revoked token\n",
		`"type":"user"}`, `{"dialect":"fipto","method":"GET","path":"/companies/{company_id}/users","status":200,"requests":1}`,
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestFaultsGuide runs every command of the guide to faults as it stands there.
func TestFaultsGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/faults.md")
	out := string(p.shell(t, commands[:len(commands)-1])) // it stops what it starts by itself
	for _, want := range []string{
		"1: 200 \n2: 200 \n3: 503 \n4: 200 transfer closed", "\n5: 200 \n", "502 text/html; charset=utf-8\n",
		`{"rule":"slow","requests":2}` + "\n", `{"rule":"proxy","requests":1}` + "\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestControlGuide runs every command of the guide to the control API as it stands there.
func TestControlGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/control.md")
	out := string(p.shell(t, commands[:len(commands)-1])) // it stops what it starts by itself
	const want = `1
2
{"name":"Ann Lee","status":"active"}
{"name":"Bo","status":"suspended"}
`
	for _, want := range []string{
		want, `{"users":2,"snapshots":["two-users"]}` + "\n", "503\n200\nfaults: rule 1: kind: must be one of latency,", "-25h0m0s\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// TestConnectorGuide runs every command of the guide to testing a connector as it stands there, with the packages of this
// repository in the place of the released ones.
func TestConnectorGuide(t *testing.T) {
	t.Parallel()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/test-your-connector.md")
	const goCommand = `go() {
	case "$1" in
	get) command go mod edit -require "${2%/*}@v0.0.0" -replace "${2%/*}=$repository" && cp "$repository/go.sum" . ;;
	*) GOFLAGS=-mod=mod GOPROXY=off command go "$@" ;;
	esac
}`
	script := append([]string{"repository='" + repository + "'", goCommand}, commands[:len(commands)-1]...)
	out := string(p.shell(t, script))
	const ok = "ok  \texample.com/connector"
	if strings.Count(out, ok) != 2 || strings.Count(out, "--- FAIL") != 1 {
		t.Errorf("want success, a failure, and success:\n%s", out)
	}
	for _, want := range []string{"got 100 users (<nil>), want 250", "warning: not-retried at GET"} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// What is emulated is printed when it can be asked, and what was asked for when it ends.
func TestEmulate(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stdout, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		std := streams{strings.NewReader(""), out, io.Discard}
		ended <- run(ctx, []string{"emulate", "d3lay", "sixeye", "--users", "20", "-o", "json"}, noEnvironment, std)
		out.Close()
	}()
	lines := bufio.NewScanner(stdout)
	first := nextLine[shownEmulation](t, lines)
	if len(first.APIs) != 2 || first.APIs[0].Dialect != "d3lay" || first.APIs[1].Dialect != "sixeye" {
		t.Fatalf("got %+v, want d3lay and sixeye", first)
	}
	d3lay := first.APIs[0]
	if status, total := askTotal(t, d3lay.BaseURL+"/users?per_page=5", d3lay.Credentials[0]); status != 200 || total != "20" {
		t.Errorf("got %d with a total of %q, want 200 and 20", status, total)
	}
	stop()
	last := nextLine[struct{ Requests []inspect.Count }](t, lines)
	want := []inspect.Count{{Dialect: "d3lay", Method: "GET", Path: "/users", Status: 200, Requests: 1}}
	if diff := cmp.Diff(want, last.Requests); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func noEnvironment(string) string { return "" }

func nextLine[T any](t *testing.T, lines *bufio.Scanner) (v T) {
	t.Helper()
	if !lines.Scan() {
		t.Fatalf("there is no line: %v", lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, lines.Bytes())
	}
	return v
}

func askTotal(t *testing.T, url string, c emulate.Credential) (status int, total string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(c.Header, c.Value)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("X-Total-Count")
}

func TestEmulateRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"emulate":                                         "the argument DIALECT is missing",
		"emulate nobody":                                  `dialects: must be one of flxpoint, kaiten, sixeye, d3lay, fipto, not "nobody"`,
		"emulate kaiten --contract new":                   `contract: must be documented or live, not "new"`,
		"emulate kaiten -o yaml":                          `--output: must be text or json, not "yaml"`,
		"emulate kaiten --log-level debug":                `--log-level: must be info or warn, not "debug"`,
		"emulate kaiten sixeye --port 65535":              "port: must be from 0 to 65535, for the last dialect as well",
		"emulate kaiten --fault kind=late":                "faults: rule 1: kind: must be one of latency, status,",
		"emulate kaiten --fault kind=reset,dialect=d3lay": `faults: rule 1: dialect: must be one of kaiten, not "d3lay"`,
		"emulate kaiten --fault reset":                    `faults: must be name=value, separated by commas, not "reset"`,
		"emulate kaiten --fault kind=reset,every=0":       "faults: every: must be from 1, not 0",
		"emulate kaiten --print-env -o json":              "--print-env: can't be given with --output json",
		"emulate kaiten --users -3":                       "users: must be from 0 to 100000000",
		"emulate kaiten --users 100000001":                "users: must be from 0 to 100000000",
		"emulate kaiten --control 9000":                   `control: must be an address and a port, such as 127.0.0.1:0, not "9000"`,
	} {
		got := execute(t, strings.Fields(args)...)
		if got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got %d, %s, want 2 and %s", args, got.code, got.stderr, want)
		}
	}
}
