package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/bench"
)

// TestBench runs a benchmark too short to say anything about speed and looks at what it reports.
func TestBench(t *testing.T) {
	t.Parallel()
	p := build(t)
	report := decode[bench.Report](t, p.run(t, "bench", "--users", "60,250", "--seconds", "0.02", "--rounds", "2",
		"--dir", p.dir, "-o", "json"))

	var measured []string
	for _, m := range report.Measures {
		if !slices.Contains(measured, m.Name) {
			measured = append(measured, m.Name)
		}
		if m.Requests < 1 || m.P50 <= 0 || m.P99 < m.P50 {
			t.Errorf("%s of %d users: %d requests, p50 %g, p99 %g", m.Name, m.Users, m.Requests, m.P50, m.P99)
		}
	}
	if diff := cmp.Diff([]string{
		"304", "counts", "create, 1 clients", "create, 512 clients", "create, 64 clients", "emulation, reset",
		"emulation, restore", "emulation, snapshot", "fdatasync", "fixed", "hot",
		"one filter", "pages", "search", "three filters", "view, change", "view, filters", "view, search",
		"view, typing errors",
	}, measured); diff != "" {
		t.Errorf("measures other things (-want +got):\n%s", diff)
	}
	sizes := map[string][]int{}
	for _, f := range report.Figures {
		sizes[f.Name] = append(sizes[f.Name], f.Users)
	}
	for _, name := range []string{
		"cold start, list", "cold start, search", "emulation, start", "import", "live bytes per user",
	} {
		if diff := cmp.Diff([]int{60, 250}, sizes[name]); diff != "" {
			t.Errorf("%s is there for other sizes (-want +got):\n%s", name, diff)
		}
	}
	if got, want := len(report.Goals), len(bench.Goals()); got != want {
		t.Errorf("judges %d goals, want %d", got, want)
	}
	for _, g := range report.Goals {
		if judged := g.Result != "not measured"; judged != (g.Value != nil) || judged && g.Number != 7 {
			t.Errorf("%q is %s with the value %v: only writes do not depend on the size", g.What, g.Result, g.Value)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "roster-bench-*")); left != nil {
		t.Errorf("leaves %v behind", left)
	}
}

func TestBenchRefusesBadFlags(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]string{
		"--users 0":             "--users: must be at least 1, not 0",
		"--seconds 0":           "--seconds: must be 0.01 to 60, not 0",
		"--rounds 0":            "--rounds: must be 1 to 100, not 0",
		"--only reads":          `--only: must be of process, start, emulate, import, http, peers, not "reads"`,
		"-o csv":                `--output: must be table or json, not "csv"`,
		"--against x=y":         `--against: must be pocketbase=URL[,pid=N], not "x=y"`,
		"fixed --size -1":       "--size must not be negative",
		"--against pocketbase=": `--against: "" is not a URL such as http://127.0.0.1:8090`,
	} {
		got := execute(t, append([]string{"bench"}, strings.Fields(flags)...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("bench %s ends with %d, want %d and %q: %s", flags, got.code, exitUsage, want, got.stderr)
		}
	}
	if got := execute(t, "bench", "--dir", filepath.Join(os.DevNull, "x")); got.code != exitFailed {
		t.Errorf("a folder that can't be made ends with %d: %s", got.code, got.stderr)
	}
}
