package job_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/store/memory"
)

// world is an organization with users, and its jobs.
type world struct {
	directory *directory.Service
	jobs      *job.Service
	org       roster.ID
	now       atomic.Int64
	ids       atomic.Int64
}

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

func newWorld(t tester, users int) *world {
	t.Helper()
	w := &world{}
	w.now.Store(1_700_000_000_000)
	newID := func() (roster.ID, error) {
		n := w.ids.Add(1)
		return roster.ParseID(fmt.Sprintf("0190a000-0000-7000-8000-%012x", n))
	}
	now := func() roster.Time { return roster.Time(w.now.Add(1)) }
	w.directory = directory.New(memory.New(), directory.Options{Now: now, NewID: newID})
	w.jobs = job.New(job.Config{
		Store: w.directory.Jobs(), Directory: w.directory, Now: now, NewID: newID, Log: slog.New(slog.DiscardHandler),
	})
	ctx := context.Background()
	org, err := w.directory.CreateOrg(ctx, roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	w.org = org.ID
	w.do(t, roster.Create{Record: &roster.Group{Name: "Group", Permissions: 1}})
	for n := range users {
		status := []roster.Status{roster.Active, roster.Suspended, roster.Deactivated, roster.Invited}[n%4]
		u := &roster.User{Name: fmt.Sprint("User ", n), Email: fmt.Sprintf("u%d@example.com", n), Status: status}
		u.Owner = n == 0
		if n%3 == 1 {
			u.Groups = []int64{1}
		}
		w.do(t, roster.Create{Record: u})
	}
	return w
}

func (w *world) do(t tester, cmds ...roster.Command) roster.Change {
	t.Helper()
	change, err := w.directory.Do(context.Background(), w.org, roster.Operator(), cmds...)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

// users returns the users by number, without stamps.
func (w *world) users(t tester) map[int64]roster.User {
	t.Helper()
	view, err := w.directory.View(context.Background(), w.org)
	if err != nil {
		t.Fatal(err)
	}
	page, err := view.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	users := map[int64]roster.User{}
	for u := range page.Users {
		c := *u
		c.UpdatedAt, c.UpdatedBy = 0, roster.ID{}
		users[c.Number] = c
	}
	return users
}

// ended carries all jobs out and returns one of them.
func (w *world) ended(t tester, made roster.Job, err error) roster.Job {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.jobs.RunAll(context.Background()); err != nil {
		t.Fatal(err)
	}
	j, err := w.jobs.Job(context.Background(), w.org, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// rejects returns what a job has refused, by the numbers of users.
func (w *world) rejects(t tester, id roster.ID) map[int64]roster.Reject {
	t.Helper()
	all := map[int64]roster.Reject{}
	err := w.jobs.Rejects(context.Background(), w.org, id, func(r roster.Reject) error {
		all[r.Number] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var changes = rapid.Custom(func(t *rapid.T) roster.BulkUpdate {
	b := roster.BulkUpdate{
		Filter: rapid.SampledFrom([]string{
			"", "status = active", "NOT status = active", "groups:1", "number > 4", "number = 1000", "owner",
		}).Draw(t, "filter"),
		Action: rapid.SampledFrom(roster.BulkActions()).Draw(t, "action"),
	}
	switch b.Action {
	case roster.BulkJoin, roster.BulkLeave:
		b.Group = roster.Ref{Number: 1}
	case roster.BulkPatch:
		b.Patch = []byte(rapid.SampledFrom([]string{
			`{"language":"fr"}`, `{"phone":null}`, `{"role":"nobody"}`, `{"email":"same@example.com"}`, `{"role":"support"}`,
		}).Draw(t, "patch"))
	}
	return b
})

// A change does exactly what its preview says, in one version with one entry of the audit, and an undo brings back every
// user who was not changed in between.
func TestPreviewChangeUndo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx, w := context.Background(), newWorld(t, 9)
		spec := changes.Draw(t, "change")
		before := w.users(t)
		preview, err := w.jobs.Preview(ctx, w.org, roster.Operator(), spec)
		if err != nil {
			t.Fatal(err)
		}
		spec.IfVersion = preview.Version
		made, err := w.jobs.Update(ctx, w.org, roster.Operator(), spec, nil)
		j := w.ended(t, made, err)
		if diff := cmp.Diff(preview.Counts, j.Counts); diff != "" || j.State != roster.JobSucceeded {
			t.Fatalf("the job is %s %v (-preview +outcome):\n%s", j.State, j.Error, diff)
		}
		w.wantOneChange(t, preview, j)
		after := w.users(t)
		w.wantPreviewed(t, preview, before, after)
		if len(w.rejects(t, j.ID)) != j.Counts.Refused {
			t.Errorf("there are %d rejects of %d refused", len(w.rejects(t, j.ID)), j.Counts.Refused)
		}
		touched := int64(rapid.IntRange(0, 9).Draw(t, "touched"))
		if _, there := after[touched]; there {
			patch := roster.Update{Type: roster.TypeUser, Ref: roster.Ref{Number: touched}, Patch: []byte(`{"timezone":"Asia/Tokyo"}`)}
			w.do(t, patch)
		}
		undone := w.ended(t, must(w.jobs.Undo(ctx, w.org, j.ID, roster.JobTurn{By: roster.Operator()})), nil)
		w.wantUndone(t, undone, touched, before, after)
	})
}

func must(j roster.Job, err error) roster.Job {
	if err != nil {
		panic(err)
	}
	return j
}

// wantOneChange holds a job to have made one version with one entry, or none where it has changed nothing.
func (w *world) wantOneChange(t tester, p roster.BulkPreview, j roster.Job) {
	t.Helper()
	want := p.Version
	if j.Counts.Updated+j.Counts.Deleted > 0 {
		want++
	}
	view, err := w.directory.View(context.Background(), w.org)
	if err != nil || view.Version() != want || j.Version != 0 && j.Version != want {
		t.Errorf("the organization is at version %d, %v, and the job at %d, want %d", view.Version(), err, j.Version, want)
	}
	n, err := w.directory.CountEntries(context.Background(), w.org, roster.EntryQuery{FirstVersion: p.Version + 1})
	if err != nil || n != int(want-p.Version) {
		t.Errorf("there are %d entries of the audit, %v, want %d", n, err, want-p.Version)
	}
}

// wantPreviewed holds users to be as a preview of all of them said.
func (w *world) wantPreviewed(t tester, p roster.BulkPreview, before, after map[int64]roster.User) {
	t.Helper()
	want := map[int64]roster.User{}
	maps.Copy(want, before)
	for _, op := range p.Changed {
		was, ok := op.Before.(*roster.User)
		if !ok {
			t.Fatalf("the preview makes a user: %v", op)
		}
		delete(want, was.Number)
		if is, ok := op.After.(*roster.User); ok {
			c := *is
			c.UpdatedAt, c.UpdatedBy = 0, roster.ID{}
			want[c.Number] = c
		}
	}
	ignore := cmpopts.IgnoreFields(roster.User{}, "Permissions")
	if diff := cmp.Diff(want, after, ignore, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("users (-previewed +are):\n%s", diff)
	}
}

// wantUndone holds users to be as they were, but for one who was changed since.
func (w *world) wantUndone(t tester, undo roster.Job, touched int64, before, after map[int64]roster.User) {
	t.Helper()
	if undo.State != roster.JobSucceeded {
		t.Fatalf("the undo has %s: %v", undo.State, undo.Error)
	}
	is, refused := w.users(t), w.rejects(t, undo.ID)
	for n, was := range before {
		left, there := after[n]
		switch changed := !there || !cmp.Equal(was, left, cmpopts.EquateEmpty()); {
		case n == touched && there && changed:
			if _, ok := refused[n]; !ok {
				t.Errorf("user %d was changed since, and was not refused", n)
			}
		case n != touched || !there:
			if diff := cmp.Diff(was, is[n], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("user %d (-before +undone):\n%s", n, diff)
			}
		}
	}
	if len(refused) > 1 {
		t.Errorf("%d were refused, want at most one: %v", len(refused), refused)
	}
}

// importOf returns what imports a text of JSON Lines.
func importOf(r io.Reader) roster.ImportInput {
	return roster.ImportInput{ImportJob: roster.ImportJob{Format: roster.JSONL}, From: r}
}

func lines(n int) string {
	var b strings.Builder
	for i := range n {
		switch i % 10 {
		case 9:
			fmt.Fprintf(&b, `{"email":"bad %d"}`+"\n\n", i)
		default:
			fmt.Fprintf(&b, `{"email":"i%d@example.com","name":"I%d"}`+"\n", i, i)
		}
	}
	return b.String()
}

// failing is a directory whose commits fail, some before and some after they are made.
type failing struct {
	*directory.Service
	calls int
}

func (f *failing) DoStep(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command, step directory.Step,
) error {
	f.calls++
	if f.calls%3 == 1 {
		return errors.New("the disk is gone")
	}
	err := f.Service.DoStep(ctx, org, by, cmds, step)
	if err == nil && f.calls%3 == 2 {
		return errors.New("the answer is lost")
	}
	return err
}

// An import that fails again and again, with what it did done or not, deals with every line exactly once.
func TestImportIsExactlyOnce(t *testing.T) {
	t.Parallel()
	const n = 5500
	ctx, w := t.Context(), newWorld(t, 0)
	broken := w.jobs.Config
	broken.Directory = &failing{Service: w.directory}
	w.jobs = job.New(broken)
	input := iotest.OneByteReader(strings.NewReader(lines(n)))
	made, err := w.jobs.Import(ctx, w.org, roster.Operator(), importOf(input), nil)
	j, resumed := w.ended(t, made, err), 0
	for ; j.State == roster.JobFailed; resumed++ {
		again, err := w.jobs.Resume(ctx, w.org, j.ID, roster.JobTurn{})
		j = w.ended(t, again, err)
	}
	want := roster.JobCounts{Total: n, Done: n, Created: n * 9 / 10, Refused: n / 10}
	if diff := cmp.Diff(want, j.Counts); diff != "" || j.State != roster.JobSucceeded || resumed < 4 {
		t.Errorf("the job is %s after %d failures (-want +got):\n%s", j.State, resumed, diff)
	}
	seen := 0
	err = w.jobs.Rejects(ctx, w.org, j.ID, func(r roster.Reject) error {
		if want := 11*(seen+1) - 1; r.Line != want || !strings.Contains(r.Text, "bad") {
			t.Errorf("reject %d is of line %d, want %d: %q", seen, r.Line, want, r.Text)
		}
		seen++
		return nil
	})
	if err != nil || seen != n/10 || len(w.users(t)) != n*9/10 {
		t.Errorf("%d rejects and %d users, %v", seen, len(w.users(t)), err)
	}
}

// A job that is cancelled while a batch is under way has done exactly what it says.
func TestCancelDuringABatch(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 0)
	config := w.jobs.Config
	var made roster.Job
	config.Directory = &cancelling{Service: w.directory, cancel: func() {
		if _, err := w.jobs.Cancel(ctx, w.org, made.ID, roster.JobTurn{}); err != nil {
			t.Error(err)
		}
	}}
	w.jobs = job.New(config)
	var err error
	made, err = w.jobs.Import(ctx, w.org, roster.Operator(), importOf(strings.NewReader(lines(3000))), nil)
	j := w.ended(t, made, err)
	if j.State != roster.JobCancelled || j.Counts.Done != 1000 || len(w.users(t)) != 900 {
		t.Errorf("the job is %s with %+v, and there are %d users", j.State, j.Counts, len(w.users(t)))
	}
	again, err := w.jobs.Resume(ctx, w.org, j.ID, roster.JobTurn{})
	if j = w.ended(t, again, err); j.State != roster.JobSucceeded || j.Counts.Created != 2700 || len(w.users(t)) != 2700 {
		t.Errorf("resumed, the job is %s with %+v, and there are %d users", j.State, j.Counts, len(w.users(t)))
	}
}

// cancelling cancels the job before the second commit.
type cancelling struct {
	*directory.Service
	cancel func()
	calls  int
}

func (c *cancelling) DoStep(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command, step directory.Step,
) error {
	if c.calls++; c.calls == 2 {
		c.cancel()
	}
	return c.Service.DoStep(ctx, org, by, cmds, step)
}

// What asked for a job and does not count any more has it fail, and goes on where it was once it is resumed by none.
func TestRevokedTokenEndsAJob(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 3)
	token := &roster.Token{
		Name: "t", Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.UsersWrite}, Hash: roster.HashSecret("t"),
	}
	change := w.do(t, roster.Create{Record: token})
	by := roster.Principal{
		Org: w.org, Token: change.Ops[len(change.Ops)-1].Key().ID, Name: "t", Kind: token.Kind, Permissions: token.Permissions,
	}
	made, err := w.jobs.Update(ctx, w.org, by, roster.BulkUpdate{Action: roster.BulkSuspend}, nil)
	w.do(t, roster.Revoke{Token: by.Token})
	j := w.ended(t, made, err)
	if j.State != roster.JobFailed || j.Error.Code != roster.Unauthenticated {
		t.Errorf("the job of a revoked token is %s: %+v", j.State, j.Error)
	}
}

func TestAnInputThatBreaksLeavesNoJob(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 0)
	input := io.MultiReader(strings.NewReader(lines(10)), iotest.ErrReader(roster.Errorf(roster.TooLarge, "too much")))
	_, err := w.jobs.Import(ctx, w.org, roster.Operator(), importOf(input), nil)
	if roster.CodeOf(err) != roster.TooLarge {
		t.Errorf("got %v, want %s", err, roster.TooLarge)
	}
	all := 0
	err = w.directory.Jobs().Jobs(ctx, w.org, func(roster.Job) error { all++; return nil })
	if err != nil || all != 0 {
		t.Errorf("there are %d jobs, %v", all, err)
	}
}

// A job is kept for a week after its end, and can be undone for a day.
func TestJobsGo(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 3)
	made, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkRestore}, nil)
	j := w.ended(t, made, err)
	w.now.Add(int64(roster.UndoFor))
	if _, err := w.jobs.Undo(ctx, w.org, j.ID, roster.JobTurn{By: roster.Operator()}); roster.CodeOf(err) != roster.Conflict {
		t.Errorf("undo after a day: %v, want %s", err, roster.Conflict)
	}
	w.now.Add(int64(roster.JobKept - roster.UndoFor - 1000))
	w.ended(t, j, nil)
	w.now.Add(2000)
	if err := w.jobs.RunAll(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.jobs.Job(ctx, w.org, j.ID); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("a job after a week: %v, want %s", err, roster.NotFound)
	}
}

func TestTooManyJobs(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 1)
	for range job.MaxActive {
		if _, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkRestore}, nil); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkRestore}, nil)
	if roster.CodeOf(err) != roster.RateLimited {
		t.Errorf("got %v, want %s", err, roster.RateLimited)
	}
	if err := w.jobs.RunAll(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkRestore}, nil); err != nil {
		t.Error(err)
	}
}

// A change is taken back once: not while that is under way, and not again.
func TestUndoIsDoneOnce(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 3)
	made, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkSuspend}, nil)
	j := w.ended(t, made, err)
	undo, err := w.jobs.Undo(ctx, w.org, j.ID, roster.JobTurn{By: roster.Operator()})
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"is about to undo", "undone already"} {
		_, err := w.jobs.Undo(ctx, w.org, j.ID, roster.JobTurn{By: roster.Operator()})
		if roster.CodeOf(err) != roster.Conflict || !strings.Contains(err.Error(), state) ||
			!strings.Contains(err.Error(), undo.ID.String()) {
			t.Errorf("undo again: %v, want that %s %s", err, undo.ID, state)
		}
		w.ended(t, undo, nil)
	}
}

// An undo that could take nothing back may be tried again.
func TestUndoThatDidNothing(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 1)
	made, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkSuspend}, nil)
	j := w.ended(t, made, err)
	rename := func(name string) {
		w.do(t, roster.Update{Type: roster.TypeUser, Ref: roster.Ref{Number: 1}, Patch: []byte(`{"name":"` + name + `"}`)})
	}
	rename("Another")
	undo, err := w.jobs.Undo(ctx, w.org, j.ID, roster.JobTurn{By: roster.Operator()})
	if undo = w.ended(t, undo, err); undo.Counts.Refused != 1 {
		t.Fatalf("the undo has done %+v", undo.Counts)
	}
	rename("User 0")
	undo, err = w.jobs.Undo(ctx, w.org, j.ID, roster.JobTurn{By: roster.Operator()})
	if undo = w.ended(t, undo, err); undo.Counts.Updated != 1 {
		t.Errorf("the second undo has done %+v", undo.Counts)
	}
}

// Of the jobs that have ended the newest are kept.
func TestFewEndedJobsAreKept(t *testing.T) {
	t.Parallel()
	ctx, w := t.Context(), newWorld(t, 1)
	var first roster.Job
	for n := range job.MaxEnded {
		id, err := w.jobs.NewID()
		if err != nil {
			t.Fatal(err)
		}
		j := roster.Job{ID: id, Type: roster.JobUpdate, State: roster.JobSucceeded, Revision: 1, EndedAt: w.jobs.Now()}
		if err := w.directory.Jobs().PutJob(ctx, w.org, roster.JobStep{Job: j}); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = j
		}
	}
	made, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkRestore}, nil)
	w.ended(t, made, err)
	jobs, err := w.jobs.Jobs(ctx, w.org)
	if err != nil || len(jobs) != job.MaxEnded || jobs[0].ID != made.ID {
		t.Errorf("%d jobs are kept, %v, want %d with the newest", len(jobs), err, job.MaxEnded)
	}
	if _, err := w.jobs.Job(ctx, w.org, first.ID); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("the oldest job: %v, want %s", err, roster.NotFound)
	}
}

// Run carries out what is there already, takes new jobs, and ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	w := newWorld(t, 2)
	first, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkSuspend}, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.jobs.Run(ctx)
	}()
	w.wait(t, first.ID)
	second, err := w.jobs.Update(ctx, w.org, roster.Operator(), roster.BulkUpdate{Action: roster.BulkRestore}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.wait(t, second.ID)
	stop()
	<-done
	if got := w.users(t)[2].Status; got != roster.Active {
		t.Errorf("user 2 is %s", got)
	}
}

// wait returns once a job has succeeded.
func (w *world) wait(t *testing.T, id roster.ID) {
	t.Helper()
	for {
		j, err := w.jobs.Job(t.Context(), w.org, id)
		if err != nil || !j.IsActive() && j.State != roster.JobSucceeded {
			t.Fatalf("job %s is %s, %v", id, j.State, err)
		}
		if j.State == roster.JobSucceeded {
			return
		}
	}
}
