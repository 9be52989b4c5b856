package storetest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// testEraseJobs erases a person whom jobs tell of: what has ended keeps nothing, and what goes on its input only.
func testEraseJobs(t *testing.T, open Open) {
	t.Helper()
	for name, look := range map[string]func(*testing.T, store.Store) *roster.Traces{
		"without a look before": func(*testing.T, store.Store) *roster.Traces { return nil },
		"after a look":          traces,
	} {
		for state, goesOn := range map[roster.JobState]bool{
			roster.JobFailed: false, roster.JobCancelled: false, roster.JobRunning: true,
		} {
			t.Run(string(state)+" "+name, func(t *testing.T) {
				s := open(t)
				personHistory(t, s)
				putJobOf(t, s, 1, state, `{"name":"Zo\u00eb `, `Quux","email":"Zoe.Quux@example.com"}`)
				putJobOf(t, s, 2, state, `{"name":"Zo`, `ra","email":"zora@example.com"}`)
				eraseUser(t, s, look(t, s))
				wantJobOf(t, s, 1, goesOn, goesOn)
				wantJobOf(t, s, 2, true, goesOn)
			})
		}
	}
}

// putJobOf puts a job with two pieces of input, which has refused lines about the person and about others.
func putJobOf(t *testing.T, s store.Store, n int, state roster.JobState, pieces ...string) {
	t.Helper()
	j := job(n)
	j.State = roster.JobReceiving
	j.Import = &roster.ImportJob{Format: roster.JSONL, Chunks: len(pieces)}
	j.Update.Filter = `email = "zoe.quux@example.com"`
	mustPut(t, s, 1, roster.JobStep{Job: j})
	for i, data := range pieces {
		if err := s.PutJobInput(t.Context(), id(1), j.ID, i, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	var lines []byte
	for i, text := range []string{
		`{"name":"Zo\u00eb Plugh"}`, "Zora,zora@example.com", "x,zoe.quux,y", person().ID.String(), "Zoë Other",
	} {
		line, err := json.Marshal(roster.Reject{Line: i + 1, Code: roster.Invalid, Message: "no", Text: text})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(append(lines, line...), '\n')
	}
	mustPut(t, s, 1, roster.JobStep{Job: next(j, func(j *roster.Job) {
		j.State, j.RejectChunks = state, 1
		if state != roster.JobRunning {
			j.EndedAt = 1_700_000_000_001
		}
	}), Rejects: [][]byte{lines}})
}

func wantJobOf(t *testing.T, s store.Store, n int, hasInput, goesOn bool) {
	t.Helper()
	j, err := s.Job(t.Context(), id(1), job(n).ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		_, err := s.JobPiece(t.Context(), id(1), j.ID, roster.JobInput, i)
		if (err == nil) != hasInput {
			t.Errorf("job %d, piece %d: got %v, want one: %v", n, i, err, hasInput)
		}
	}
	if erased := j.Update.Filter == roster.ErasedText; erased == goesOn || erased != (j.Revision == 3) {
		t.Errorf("job %d has the filter %q at revision %d", n, j.Update.Filter, j.Revision)
	}
	data, err := s.JobPiece(t.Context(), id(1), j.ID, roster.JobRejects, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(data)) {
		var r roster.Reject
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Line != len(got)+1 || r.Code != roster.Invalid {
			t.Errorf("job %d has the reject %q: %v", n, line, err)
		}
		got = append(got, r.Message+" "+r.Text)
	}
	want := "erased |no Zora,zora@example.com|erased |erased |no Zoë Other"
	if strings.Join(got, "|") != want {
		t.Errorf("job %d has refused %q, want %q", n, strings.Join(got, "|"), want)
	}
}
