package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptServer is the server that a script has started, if any.
type scriptServer struct{ stop func() error }

type serverKey struct{}

// withServer lets a script start a server, which ends with the script.
func withServer(env *testscript.Env) error {
	s := &scriptServer{stop: func() error { return nil }}
	env.Values[serverKey{}] = s
	env.Defer(func() { _ = s.stop() })
	return nil
}

// serve serves the store roster.db of the script and sets URL to where it listens.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	args = append([]string{
		"serve", "--addr", "127.0.0.1:0", "--log-format", "json", "--store", "sqlite:" + ts.MkAbs("roster.db"),
	}, args...)
	ctx, cancel := context.WithCancel(context.Background())
	logged, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, args, func(string) string { return "" }, streams{strings.NewReader(""), io.Discard, log})
		_ = log.Close()
		ended <- err
	}()
	s, _ := ts.Value(serverKey{}).(*scriptServer)
	s.stop = func() error {
		cancel()
		s.stop = func() error { return nil }
		return <-ended
	}
	lines := bufio.NewScanner(logged)
	for lines.Scan() {
		var line struct{ Msg, URL string }
		ts.Check(json.Unmarshal(lines.Bytes(), &line))
		if line.Msg == "listening" {
			ts.Setenv("URL", line.URL)
			go func() { _, _ = io.Copy(io.Discard, logged) }()
			return
		}
	}
	ts.Fatalf("it ended before it listened: %v", s.stop())
}

// stop ends the server.
func stop(ts *testscript.TestScript, _ bool, _ []string) {
	s, _ := ts.Value(serverKey{}).(*scriptServer)
	ts.Check(s.stop())
}

// secret sets SECRET to the secret of the token in a JSON file.
func secret(ts *testscript.TestScript, _ bool, args []string) {
	var token struct{ Secret string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &token))
	ts.Setenv("SECRET", token.Secret)
}

// A file that exists must not be replaced by half an export.
func TestRemoteExportThatBreaksOff(t *testing.T) {
	t.Parallel()
	for name, export := range map[string]string{
		"in the middle of a line":   "{\"type\":\"group\",\"number\":1,\"name\":\"G\"}\n{\"number\":1",
		"after the first user":      "{\"number\":1,\"email\":\"a@example.com\",\"name\":\"A\"}\n",
		"with a line from a future": "{\"number\":1,\"shoe_size\":44}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v1/organization" {
					_, _ = io.WriteString(w, `{"slug":"acme"}`)
					return
				}
				_, _ = io.WriteString(w, export)
				_ = http.NewResponseController(w).Flush()
				if !strings.Contains(export, "shoe_size") {
					panic(http.ErrAbortHandler)
				}
			}))
			defer server.Close()
			file := filepath.Join(t.TempDir(), "users.jsonl")
			if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := execute(t, "export", "jsonl", "--org", "acme", "--url", server.URL, "--token", "t", file)
			if r.code == 0 {
				t.Errorf("exit code is 0, want another: %s", r.stderr)
			}
			if got, err := os.ReadFile(file); string(got) != "old" {
				t.Errorf("the file has %q (%v), want it as it was", got, err)
			}
		})
	}
}
