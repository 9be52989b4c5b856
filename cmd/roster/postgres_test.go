//go:build unix

package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/roster-dev/roster/internal/store/postgres/pgtest"
)

// TestPostgres runs the program over a PostgreSQL database: it imports, lists, is stopped, is killed, and is killed again
// and again while clients write to it.
func TestPostgres(t *testing.T) {
	t.Parallel()
	server, built := pgtest.Server(t), build(t)
	over := func(t *testing.T) program {
		t.Helper()
		p := built
		p.dir = t.TempDir()
		p.env = append(p.env, "ROSTER_STORE="+strings.Replace(pgtest.Schema(t, server), "roster@", "roster:secret@", 1))
		return p
	}
	t.Run("users", func(t *testing.T) { testPostgresUsers(t, over(t)) })
	t.Run("kills", func(t *testing.T) {
		const rounds = 15
		k := newKilling(t, over(t), rand.Uint64())
		k.window = 300 * time.Millisecond
		for k.round = range rounds {
			k.run()
		}
		k.finish()
		if k.acknowledged == 0 {
			t.Error("nothing was acknowledged")
		}
		t.Logf("%d writes that were acknowledged, %d left without an answer of which %d were done", k.acknowledged, k.lost, k.done)
	})
}

func testPostgresUsers(t *testing.T, p program) {
	t.Helper()
	const users = 3000
	byNumber, byID := writeUsers(t, filepath.Join(p.dir, "users.jsonl"), users)
	p.run(t, "org", "create", "--slug", "acme")
	importing := []string{"import", "jsonl", "users.jsonl", "--org", "acme", "-o", "json"}
	imported := decode[map[string]any](t, p.run(t, importing...))
	if imported["rejected"] != 0.0 {
		t.Fatalf("the import rejected some: %v", imported)
	}
	token := decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "e2e",
		"--permission", "users:read", "--permission", "members:admin", "-o", "json"))
	s := p.serve(t)
	c := client{t: t, url: s.url, secret: token.Secret, answers: map[string][32]byte{}}
	if got, want := len(c.flxpoint()), len(shown(byNumber)); got != want {
		t.Errorf("flxpoint lists %d users, want %d", got, want)
	}
	if got, want := len(c.d3lay()), len(people(byID)); got != want {
		t.Errorf("d3lay lists %d users, want %d", got, want)
	}
	wantInUse(t, p, s.cmd.Process.Pid)
	s.end(t, syscall.SIGKILL)
	s = p.serve(t)
	c.url = s.url
	c.checkAnswers("a kill")
	if code := s.end(t, syscall.SIGTERM); code != 0 {
		t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
	again := decode[map[string]any](t, p.run(t, append(importing, "--on-conflict", "update")...))
	if again["unchanged"] != imported["created"] || again["updated"] != 0.0 || again["created"] != 0.0 {
		t.Errorf("importing the file again: %v after %v, want all unchanged", again, imported)
	}
	p.run(t, "audit", "verify", "--org", "acme")
	p.run(t, "doctor")
}

// wantInUse holds a second process to being refused, with words that name the first one and no password.
func wantInUse(t *testing.T, p program, pid int) {
	t.Helper()
	cmd := p.command(t, "serve", "--addr", "127.0.0.1:0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("a second server: got %v, want to fail", err)
	}
	if got := stderr.String(); !strings.Contains(got, fmt.Sprintf("is in use by another roster process (pid %d)", pid)) ||
		!strings.Contains(got, "127.0.0.1") || strings.Contains(got, "secret") {
		t.Errorf("a second server says %q", got)
	}
}
