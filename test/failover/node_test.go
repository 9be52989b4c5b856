//go:build linux

package failover

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// program is the binary that users run, over a store.
type program struct{ path, store string }

func build(t *testing.T, store string) program {
	t.Helper()
	p := program{filepath.Join(t.TempDir(), "roster"), store}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p.path, "../../cmd/roster").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return p
}

func (p program) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "ROSTER_STORE="+p.store)
	return cmd
}

// run runs a command to its successful end and returns what it printed on standard output.
func (p program) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := p.command(t, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("roster %s: %v\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return out
}

// node is a server.
type node struct {
	cmd *exec.Cmd
	url string
	log sync.WaitGroup
	// killed is set before it is killed.
	killed atomic.Bool
}

// serve starts a server and returns once it listens.
func (p program) serve(t *testing.T) *node {
	t.Helper()
	n := &node{cmd: p.command(t, "serve", "--addr", "127.0.0.1:0", "--log-format", "json",
		"--no-rate-limits")}
	stderr, err := n.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for n.url == "" && lines.Scan() {
		var line struct{ URL string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("log line %q: %v", lines.Text(), err)
		}
		n.url = line.URL
	}
	n.log.Go(func() { _, _ = io.Copy(io.Discard, stderr) })
	if n.url == "" {
		t.Fatal("the server does not start")
	}
	return n
}

// kill ends a server as a power cut does.
func (n *node) kill(t *testing.T) {
	t.Helper()
	n.killed.Store(true)
	if err := n.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	n.log.Wait()
	_ = n.cmd.Wait()
}

// stop ends a server as an operator does.
func (n *node) stop(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	n.log.Wait()
	if err := n.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v after SIGTERM", err)
	}
}
