package storetest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// testEraseJobs erases a person whom jobs tell of: nothing of the person is kept, and what would have gone on with it
// has ended.
func testEraseJobs(t *testing.T, open Open) {
	t.Helper()
	for name, look := range map[string]func(*testing.T, store.Store) *roster.Traces{
		"without a look before": func(*testing.T, store.Store) *roster.Traces { return nil },
		"after a look":          traces,
	} {
		for state, ends := range map[roster.JobState]roster.JobState{
			roster.JobFailed: roster.JobFailed, roster.JobCancelled: roster.JobCancelled,
			roster.JobQueued: roster.JobFailed, roster.JobRunning: roster.JobFailed,
			roster.JobReceiving: roster.JobDeleted,
		} {
			t.Run(string(state)+" "+name, func(t *testing.T) {
				s := open(t)
				personHistory(t, s)
				putJobOf(t, s, 1, state, `{"name":"Zo\u00eb `, `Quux","email":"Zoe.Quux@example.com"}`)
				putJobOf(t, s, 2, state, `{"name":"Zo`, `ra","email":"zora@example.com"}`)
				putJobOf(t, s, 3, state, `{"name":"Zo`, `ra","email":"zora@example.com"}`)
				eraseUser(t, s, look(t, s))
				since, was, ended := erasedAt, roster.Time(0), isEnded(state)
				switch {
				case ended:
					since, was = endedAt, endedAt
				case ends == roster.JobDeleted:
					since = 1
				}
				wantJobOf(t, s, jobLeft{n: 1, state: ends, filter: filterOf(1), since: since, stays: ended})
				wantJobOf(t, s, jobLeft{n: 2, state: ends, filter: roster.ErasedText, since: since, hasInput: true})
				wantJobOf(t, s, jobLeft{
					n: 3, state: state, filter: filterOf(3), since: was, hasInput: true, stays: true,
				})
			})
		}
	}
}

// putJobOf puts a job with two pieces of input, which has refused lines about the person and about others.
func putJobOf(t *testing.T, s store.Store, n int, state roster.JobState, pieces ...string) {
	t.Helper()
	j := job(n)
	j.State = roster.JobReceiving
	j.Import = &roster.ImportJob{Format: roster.JSONL}
	j.Update.Filter = filterOf(n)
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
		if state != roster.JobReceiving {
			j.Import.Chunks = len(pieces)
		}
		if isEnded(state) {
			j.EndedAt = endedAt
		}
	}), Rejects: [][]byte{lines}})
}

// filterOf is the filter of a job, which is about the person in the second one.
func filterOf(n int) string {
	if n == 2 {
		return `email = "zoe.quux@example.com"`
	}
	return `email = "zora@example.com"`
}

func isEnded(s roster.JobState) bool { return s == roster.JobFailed || s == roster.JobCancelled }

// jobLeft is what is to be left of a job; stays says that nobody has stored it anew.
type jobLeft struct {
	n               int
	state           roster.JobState
	filter          string
	since           roster.Time // it has ended
	hasInput, stays bool
}

// When jobs end, and when the person is erased.
const endedAt, erasedAt roster.Time = 1_700_000_000_001, 2000

func wantJobOf(t *testing.T, s store.Store, want jobLeft) {
	t.Helper()
	n := want.n
	j, err := s.Job(t.Context(), id(1), job(n).ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		_, err := s.JobPiece(t.Context(), id(1), j.ID, roster.JobInput, i)
		if (err == nil) != want.hasInput {
			t.Errorf("job %d, piece %d: got %v, want one: %v", n, i, err, want.hasInput)
		}
	}
	if j.State != want.state || j.Update.Filter != want.filter || want.stays != (j.Revision == 2) {
		t.Errorf("job %d is %s with the filter %q at revision %d, want %+v", n, j.State, j.Update.Filter, j.Revision,
			want)
	}
	why := j.Error != nil && j.Error.Code == roster.Gone
	if j.EndedAt != want.since || why != (want.since == erasedAt) {
		t.Errorf("job %d is %s since %d because of %+v, want since %d", n, j.State, j.EndedAt, j.Error, want.since)
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
	const texts = "erased |no Zora,zora@example.com|erased |erased |no Zoë Other"
	if strings.Join(got, "|") != texts {
		t.Errorf("job %d has refused %q, want %q", n, strings.Join(got, "|"), texts)
	}
}
