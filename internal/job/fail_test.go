package job_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
)

// breaking fails a change of many users after something else has happened.
type breaking struct {
	*directory.Service
	meanwhile func()
}

var errBroken = errors.New("who is ann@example.com?")

func (b breaking) DoChosen(
	context.Context, roster.ID, roster.Principal, directory.Choose, directory.Step,
) error {
	b.meanwhile()
	return roster.Errorf(roster.Conflict, "%v", errBroken)
}

// A job that was cancelled or deleted while it failed stays so; one that has failed is told to the operator, and
// counted.
func TestFailing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, test := range []struct {
		state   roster.JobState
		meddle  func(w *world, id roster.ID) error
		log     string
		failed  int64
		cancels int64
	}{
		{roster.JobFailed, func(*world, roster.ID) error { return nil }, `"code":"conflict"`, 1, 0},
		{roster.JobCancelled, func(w *world, id roster.ID) error {
			_, err := w.jobs.Cancel(ctx, w.org, id, roster.JobTurn{})
			return err
		}, "", 0, 1},
		{"", func(w *world, id roster.ID) error {
			_, err := w.jobs.Cancel(ctx, w.org, id, roster.JobTurn{})
			return errors.Join(err, w.jobs.Delete(ctx, w.org, id, roster.JobTurn{}))
		}, "", 0, 1},
	} {
		w := newWorld(t, 3)
		config := w.jobs.Config
		var made roster.Job
		var out bytes.Buffer
		config.Log = slog.New(slog.NewJSONHandler(&out, nil))
		config.Directory = breaking{w.directory, func() {
			if err := test.meddle(w, made.ID); err != nil {
				t.Error(err)
			}
		}}
		w.jobs = job.New(config)
		var err error
		made, err = w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkSuspend}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.jobs.RunAll(ctx); err != nil {
			t.Fatal(err)
		}
		j, err := w.jobs.Job(ctx, w.org, made.ID)
		if j.State != test.state || (test.state == "") != (roster.CodeOf(err) == roster.NotFound) {
			t.Errorf("the job is %q, %v, want %q", j.State, err, test.state)
		}
		if !strings.Contains(out.String(), test.log) || (out.Len() == 0) != (test.log == "") ||
			strings.Contains(out.String(), "example.com") {
			t.Errorf("log: got %s, want %q", &out, test.log)
		}
		ended, running := w.jobs.Stats()
		want := map[roster.JobState]int64{
			roster.JobSucceeded: 0, roster.JobFailed: test.failed, roster.JobCancelled: test.cancels,
		}
		if diff := cmp.Diff(want, ended); diff != "" || running != 0 {
			t.Errorf("counts, and %d run (-want +got):\n%s", running, diff)
		}
	}
}
