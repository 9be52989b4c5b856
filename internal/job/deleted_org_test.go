package job_test

import (
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/job"
)

// A job of a deleted organization stays where it is, and goes on when the organization is restored.
func TestJobOfADeletedOrganizationRests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	made, err := w.jobs.Import(t.Context(), w.org, roster.Operator(), importOf(strings.NewReader(lines(30))), nil)
	if err != nil {
		t.Fatal(err)
	}
	w.do(t, roster.Delete{Type: roster.TypeOrganization})
	if j := w.ended(t, made, nil); j.State != roster.JobQueued || j.Counts.Done != 0 {
		t.Errorf("while the organization is deleted the job is %s with %+v", j.State, j.Counts)
	}
	w.do(t, roster.Undelete{Type: roster.TypeOrganization})
	if j := w.ended(t, made, nil); j.State != roster.JobSucceeded || j.Counts.Created != 27 || len(w.users(t)) != 27 {
		t.Errorf("restored, the job is %s with %+v, and there are %d users", j.State, j.Counts, len(w.users(t)))
	}
}

// A batch that is under way when the organization is deleted refuses no line for that.
func TestOrganizationThatIsDeletedDuringABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 0)
	config := w.jobs.Config
	config.Directory = &cancelling{Service: w.directory, cancel: func() {
		w.do(t, roster.Delete{Type: roster.TypeOrganization})
	}}
	w.jobs = job.New(config)
	made, err := w.jobs.Import(t.Context(), w.org, roster.Operator(), importOf(strings.NewReader(lines(3000))), nil)
	if j := w.ended(t, made, err); j.State != roster.JobRunning || j.Counts.Done != 1000 || len(w.users(t)) != 900 {
		t.Errorf("deleted, the job is %s with %+v, and there are %d users", j.State, j.Counts, len(w.users(t)))
	}
	w.do(t, roster.Undelete{Type: roster.TypeOrganization})
	want := roster.JobCounts{Total: 3000, Done: 3000, Created: 2700, Refused: 300}
	if j := w.ended(t, made, nil); j.State != roster.JobSucceeded || j.Counts != want || len(w.users(t)) != 2700 {
		t.Errorf("restored, the job is %s with %+v, and there are %d users", j.State, j.Counts, len(w.users(t)))
	}
}
