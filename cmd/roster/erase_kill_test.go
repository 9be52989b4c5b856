package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

// TestKilledErase kills the program at random points while it erases people: everything of each is there afterwards, or
// nothing, also in the bytes of the file, and the audit is whole.
func TestKilledErase(t *testing.T) {
	t.Parallel()
	p := build(t)
	org := decode[struct{ ID roster.ID }](t, p.run(t, "org", "create", "--slug", "acme", "-o", "json"))
	dice, took := rand.New(rand.NewPCG(1, 2)), time.Duration(0)
	var done []bool
	for n := range *killRounds + 1 {
		name := fmt.Sprintf("person%04dx", n)
		user := decode[struct{ ID roster.ID }](t, p.run(t, "user", "create", "--org", "acme", "--name", name, "--email",
			name+"@example.com", "-o", "json"))
		cmd := p.command(t, "user", "erase", "--org", "acme", name+"@example.com", "--yes")
		began := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if n > 0 { // of the first one it is seen how long it takes
			<-time.After(time.Duration(dice.Int64N(int64(took))))
			_ = cmd.Process.Kill()
		}
		_ = cmd.Wait()
		if n == 0 {
			took = time.Since(began)
		}
		done = append(done, wantWhole(t, filepath.Join(p.dir, "roster.db"), org.ID, user.ID, name))
		p.run(t, "audit", "verify", "--org", "acme")
	}
	if !done[0] {
		t.Error("nobody was erased where nothing was killed")
	}
	t.Logf("erased: %v", done)
}

// wantWhole holds that all of a person is in a store or nothing is, and reports which.
func wantWhole(t *testing.T, path string, org, user roster.ID, name string) (erased bool) {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Error(err)
	}
	traces, err := s.Traces(t.Context(), org, user)
	if err != nil {
		t.Fatal(err)
	}
	there := 0
	_, err = s.Load(t.Context(), org, func(e roster.Entity) error {
		if e.Key().ID == user {
			there++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	inFile := bytes.Contains(kept, []byte(name))
	switch {
	case there == 1 && len(traces.Versions) == 1 && inFile:
		return false
	case there == 0 && len(traces.Versions) == 0 && !inFile:
		return true
	}
	t.Errorf("%s: %d records, in versions %v, in the file %v: want all or nothing", name, there, traces.Versions, inFile)
	return false
}
