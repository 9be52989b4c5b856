package main

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/roster-dev/roster"
	apiclient "github.com/roster-dev/roster/client"
)

// killRounds is how often a server is killed in the middle of an import.
var killRounds = flag.Int("job-kills", 8, "how often a server is killed in the middle of an import")

// A server that is killed again and again while it imports deals with each line exactly once.
func TestKilledImport(t *testing.T) {
	t.Parallel()
	const lines = 30_000
	p := build(t)
	p.run(t, "org", "create", "--slug", "acme")
	token := decode[struct{ Secret string }](t, p.run(t, "token", "create", "--org", "acme", "--name", "jobs",
		"--permission", "*", "-o", "json"))
	var input bytes.Buffer
	for n := range lines {
		email := fmt.Sprintf("u%d@example.com", n)
		if n%100 == 99 {
			email = "u0@example.com" // which the first line has
		}
		fmt.Fprintf(&input, `{"email":%q,"name":"U"}`+"\n", email)
	}
	s := p.serve(t)
	api := newAPI(t, s.url, token.Secret)
	job, err := api.StartImport(t.Context(), &input, roster.JSONL, apiclient.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dice, killed := rand.New(rand.NewPCG(1, 2)), 0
	for range *killRounds {
		for until := job.Counts.Done + dice.IntN(lines / *killRounds); job.Counts.Done < until && !job.HasEnded(); {
			if job, err = api.Job(t.Context(), job.ID); err != nil {
				t.Fatal(err)
			}
		}
		s.end(t, syscall.SIGKILL)
		s = p.serve(t)
		api = newAPI(t, s.url, token.Secret)
		if job, err = api.Job(t.Context(), job.ID); err != nil {
			t.Fatal(err)
		}
		if !job.HasEnded() {
			killed++
		}
	}
	if job, err = api.WaitJob(t.Context(), job.ID, nil); err != nil {
		t.Fatal(err)
	}
	want := roster.JobCounts{Total: lines, Done: lines, Created: lines * 99 / 100, Refused: lines / 100}
	if job.State != roster.JobSucceeded || job.Counts != want || killed == 0 {
		t.Errorf("after %d kills under way the job is %s with %+v, want %+v", killed, job.State, job.Counts, want)
	}
	page, err := api.UserPage(t.Context(), apiclient.ListOptions{PageSize: 1})
	if err != nil || page.Total != want.Created {
		t.Errorf("there are %d users, %v, want %d", page.Total, err, want.Created)
	}
	line := 0
	for reject, err := range api.JobRejects(t.Context(), job.ID) {
		if line += 100; err != nil || reject.Line != line || !strings.Contains(reject.Text, "u0@example.com") {
			t.Fatalf("got %+v, %v, want line %d", reject, err, line)
		}
	}
	if line != lines {
		t.Errorf("the rejects end with line %d, want %d", line, lines)
	}
	s.end(t, syscall.SIGTERM)
	if out := p.run(t, "audit", "verify", "--org", "acme", "-o", "json"); !bytes.Contains(out, []byte(`"whole": true`)) {
		t.Errorf("the audit is not whole: %s", out)
	}
}

func newAPI(t *testing.T, url, secret string) *apiclient.Client {
	t.Helper()
	api, err := apiclient.New(url, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	return api
}
