package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestDiskFull takes a server its disk away while it is written to. What it acknowledges is there; until it has the disk
// back it answers writes with 503 and reads as before; then it writes on, without a restart.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	p := build(t)
	t.Run("files can't grow", func(t *testing.T) {
		p.dir = t.TempDir()
		limit := func(f *filling, size uint64) {
			err := unix.Prlimit(f.server.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil)
			if err != nil {
				t.Fatal(err)
			}
		}
		newFilling(t, p).run(
			func(f *filling) { limit(f, 0) },
			func(f *filling) { limit(f, unix.RLIM_INFINITY) })
	})
	// Who may mount has the real thing besides.
	p.dir = t.TempDir()
	err := unix.Mount("tmpfs", p.dir, "tmpfs", 0, "size=8m")
	if errors.Is(err, unix.EPERM) {
		t.Log("nobody lets this test mount a file system: nothing was really full")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(p.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	t.Run("a file system is full", func(t *testing.T) {
		ballast := filepath.Join(p.dir, "ballast")
		newFilling(t, p).run(
			func(*filling) {
				file, err := os.Create(ballast)
				if err != nil {
					t.Fatal(err)
				}
				defer file.Close()
				if _, err := io.Copy(file, endless{}); !errors.Is(err, unix.ENOSPC) {
					t.Fatalf("the disk was filled: %v", err)
				}
			},
			func(*filling) {
				if err := os.Remove(ballast); err != nil {
					t.Fatal(err)
				}
			})
	})
}

// endless can be read without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// filling is a server whose disk is full now and then.
type filling struct {
	t      *testing.T
	server *serving
	secret string

	program       program
	added, failed int
}

func newFilling(t *testing.T, p program) *filling {
	t.Helper()
	f := &filling{t: t, program: p}
	p.run(t, "org", "create", "--slug", "acme")
	f.secret = decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "disk",
		"--permission", "*", "-o", "json")).Secret
	f.server = p.serve(t)
	return f
}

// run writes, without a disk, and again with one, three times, and holds the server to what it has acknowledged.
func (f *filling) run(full, room func(*filling)) {
	f.t.Helper()
	const most = 1000 // that fit into what was not written to yet
	for range 3 {
		for range 5 {
			f.mustAdd()
		}
		full(f)
		writes := 0
		for f.add() {
			if writes++; writes == most {
				f.t.Fatalf("%d writes were acknowledged without a disk", writes)
			}
		}
		for range 5 {
			if f.add() {
				f.t.Error("a write was acknowledged without a disk")
			}
		}
		f.wantReads()
		room(f)
		f.mustAdd()
		f.wantReads()
	}
	f.server.end(f.t, syscall.SIGKILL)
	f.server = f.program.serve(f.t)
	f.wantReads()
	if code := f.server.end(f.t, syscall.SIGTERM); code != 0 {
		f.t.Errorf("the server ended with %d after SIGTERM, want 0", code)
	}
	f.program.run(f.t, "audit", "verify", "--org", "acme")
	f.t.Logf("%d writes were acknowledged, %d answered with 503, none lost", f.added, f.failed)
}

func (f *filling) mustAdd() {
	f.t.Helper()
	if !f.add() {
		f.t.Fatal("a write was refused")
	}
}

// add creates the next user, and reports whether that was acknowledged.
func (f *filling) add() bool {
	f.t.Helper()
	body := fmt.Sprintf(`{"email": "user-%d@example.com", "name": "User %d"}`, f.added, f.added)
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.server.url+"/api/v1/users", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+f.secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	if response.StatusCode == http.StatusCreated {
		f.added++
		return true
	}
	f.failed++
	wait, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	problem := decode[struct{ Code string }](f.t, text)
	if response.StatusCode != http.StatusServiceUnavailable || wait < 1 || problem.Code != "unavailable" {
		f.t.Fatalf("%s %v %s", response.Status, response.Header, text)
	}
	return false
}

// wantReads holds all who read to seeing what was acknowledged.
func (f *filling) wantReads() {
	f.t.Helper()
	for path, want := range map[string]string{
		"/api/v1/users?page_size=1": fmt.Sprintf(`"total":%d`, f.added),
		"/flxpoint/account/users":   fmt.Sprintf(`user-%d@example.com`, f.added-1),
		"/readyz":                   "ready",
	} {
		if status, body := get(f.t, http.DefaultClient, f.server.url+path, f.secret); status != http.StatusOK ||
			!strings.Contains(body, want) {
			f.t.Errorf("GET %s: %d %.200s, want %s", path, status, body, want)
		}
	}
}
