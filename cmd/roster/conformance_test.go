package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestConformanceGuide runs every command of the guide to asking other servers as it stands there.
func TestConformanceGuide(t *testing.T) {
	t.Parallel()
	p := build(t)
	commands, _ := pageCommands(t, "docs/guides/conformance.md")
	out := string(p.shell(t, commands[:len(commands)-1])) // it stops what it starts by itself
	for _, want := range []string{
		"Nothing differs.\n", "exit code 1\n", "Differs from the vendor's page:\n",
		"listUsers: body of 200: data[].relationships: object (documented: no such member)\n",
		`"where":"body of 200: data[].links"`, "fipto: 0 differences\n", "3 cases in cases, 0 answers were too large\n",
		"GET /users?filter%5Bemail%5D=user1%40example.com\nAuthorization: Bearer {account}\n",
		"Authorization: Bearer {unknown}\n-- 003/response --\n401\n", `"email": "user1@example.com"`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the output lacks %q:\n%s", want, out)
		}
	}
}

func TestConformanceRefuses(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(refusing.Close)
	for args, want := range map[string]string{
		"--dialect nobody --url http://a":             `--dialect: must be one of flxpoint, kaiten, sixeye, d3lay, fipto, not "nobody"`,
		"--dialect kaiten":                            "--url: must be the base URL of a server",
		"--dialect kaiten --url ftp://a":              "--url: must be the base URL of a server",
		"--dialect kaiten --url http://a":             "--token: is required",
		"--dialect kaiten --url http://a --most 0":    "--most: must be from 1, not 0",
		"--dialect kaiten --url http://a --rate -1":   "--rate: must not be negative",
		"--dialect kaiten --contract new":             `--contract: must be one of documented, live, not "new"`,
		"--dialect kaiten --fail-on never":            `--fail-on: must be one of page, contract, not "never"`,
		"--dialect kaiten -o yaml":                    `--output: must be one of text, json, not "yaml"`,
		"--dialect fipto --url http://a --key-id x":   `--key-id: must be a UUID, not "x"`,
		"--dialect fipto --url http://a --token t":    "path: must have a value for each parameter in the path of findUsers",
		"--dialect d3lay --token t --url http://[::1": "--url: must be the base URL of a server",
		"--dialect d3lay --token t --url " + refusing.URL: "the credential is refused: GET /users is answered with the " +
			"status 401",
		"--dialect fipto --url http://a --key-id dfd54e1f-3bce-4322-a935-f98ba97a9201": "--key-file: can't be read",
	} {
		got := execute(t, strings.Fields("conformance "+args)...)
		if got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got %d, %s, want 2 and %s", args, got.code, got.stderr, want)
		}
	}
}

// What could not be asked is not said to be the same.
func TestConformanceCutShort(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for form, want := range map[string]string{"text": "requests: 1\nThis is not all", "json": `"complete":false`} {
		got := execute(t, "conformance", "--dialect", "kaiten", "--url", gone.URL, "--token", "t", "-o", form)
		if got.code != 2 || !strings.Contains(got.stdout, want) || strings.Contains(got.stdout, "Nothing differs") {
			t.Errorf("%s: got %d, %s, want 2 and %s", form, got.code, got.stdout, want)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--dialect nobody":                                       `--dialect: must be one of flxpoint, kaiten, sixeye, d3lay, fipto, not "nobody"`,
		"--dialect kaiten --contract new":                        `--contract: must be one of documented, live, not "new"`,
		"--dialect kaiten":                                       "--upstream: must be the base URL of a server",
		"--dialect kaiten --upstream http://a":                   "--out: is required",
		"--dialect kaiten --upstream http://a --out o --port -1": "--port: must be from 0 to 65535, not -1",
	} {
		got := execute(t, strings.Fields("record "+args)...)
		if got.code != 2 || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: got %d, %s, want 2 and %s", args, got.code, got.stderr, want)
		}
	}
}
