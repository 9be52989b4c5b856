package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testJobs(t *testing.T, open Open) {
	t.Helper()
	t.Run("what is put is read", func(t *testing.T) { testPutJob(t, open(t)) })
	t.Run("revisions", func(t *testing.T) { testJobRevisions(t, open(t)) })
	t.Run("steps of changes", func(t *testing.T) { testJobSteps(t, open(t)) })
	t.Run("pieces", func(t *testing.T) { testJobPieces(t, open(t)) })
	t.Run("answers", func(t *testing.T) { testJobAnswers(t, open(t)) })
	t.Run("jobs go", func(t *testing.T) { testJobsGo(t, open(t)) })
}

// job returns the n-th job, just made.
func job(n int) roster.Job {
	total := 3
	return roster.Job{
		ID: id(3_000_000 + n), Type: roster.JobUpdate, State: roster.JobQueued, Revision: 1,
		CreatedAt: 1_700_000_000_000,
		By: roster.Sponsor{
			Token: token(1).ID, Name: "Token", Permissions: roster.Permissions{roster.UsersWrite},
		},
		Update: &roster.BulkUpdate{
			Filter: "status = active", Action: roster.BulkPatch, Patch: []byte(`{"phone":"1"}`), ExpectChanged: &total,
		},
	}
}

// next returns a job as it is stored next, after fn.
func next(j roster.Job, fn func(*roster.Job)) roster.Job {
	j.Revision++
	fn(&j)
	return j
}

func mustPut(t *testing.T, s store.Store, org int, step roster.JobStep) {
	t.Helper()
	if err := s.PutJob(t.Context(), id(org), step); err != nil {
		t.Fatalf("put job: %v", err)
	}
}

// wantJobs holds the jobs of an organization, newest first.
func wantJobs(t *testing.T, s store.Store, org int, want ...roster.Job) {
	t.Helper()
	var got []roster.Job
	err := s.Jobs(t.Context(), id(org), func(j roster.Job) error {
		got = append(got, j)
		one, err := s.Job(t.Context(), id(org), j.ID)
		if diff := cmp.Diff(j, one); err != nil || diff != "" {
			t.Errorf("job %s: %v (-in the list +alone):\n%s", j.ID, err, diff)
		}
		return nil
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("jobs of organization %d: %v (-want +got):\n%s", org, err, diff)
	}
}

func testPutJob(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	mustCommit(t, s, id(2), creations(org(2))...)
	wantJobs(t, s, 1)
	for n := range 3 {
		mustPut(t, s, 1, roster.JobStep{Job: job(n)})
	}
	mustPut(t, s, 2, roster.JobStep{Job: job(1)})
	wantJobs(t, s, 1, job(2), job(1), job(0))
	wantJobs(t, s, 2, job(1))
	wantJobs(t, s, 3)
	ended := next(job(1), func(j *roster.Job) { j.State, j.EndedAt = roster.JobSucceeded, 50 })
	mustPut(t, s, 1, roster.JobStep{Job: ended})
	wantJobs(t, s, 1, job(2), ended, job(0))
	wantJobs(t, s, 2, job(1))
	wantVersions(t, s, id(1), 1)
	for before, want := range map[roster.Time][]roster.Job{
		50: {job(0), job(1), job(2)}, 51: {job(0), ended, job(1), job(2)},
	} {
		var got []roster.Job
		err := s.OpenJobs(t.Context(), before, func(_ roster.ID, j roster.Job) error {
			got = append(got, j)
			return nil
		})
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("open jobs and those that ended before %d: %v (-want +got):\n%s", before, err, diff)
		}
	}
	mustPut(t, s, 1, roster.JobStep{Job: next(job(2), func(j *roster.Job) { j.EndedAt = 40 })})
	for but, want := range [][]roster.ID{{job(2).ID, job(1).ID}, {job(1).ID}, nil, nil} {
		got, err := s.EndedJobs(t.Context(), id(1), but)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("jobs that have ended but for %d: %v (-want +got):\n%s", but, err, diff)
		}
	}
	_, err := s.Job(t.Context(), id(2), job(2).ID)
	wantCode(t, "another organization's job", err, roster.NotFound)
	wantCode(t, "no organization", s.PutJob(t.Context(), id(9), roster.JobStep{Job: job(1)}), roster.NotFound)
	stop := errors.New("stop")
	if err := s.Jobs(t.Context(), id(1), func(roster.Job) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("jobs: got %v, want %v", err, stop)
	}
}

func testJobRevisions(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	mustPut(t, s, 1, roster.JobStep{Job: job(1)})
	second := next(job(1), func(j *roster.Job) { j.State = roster.JobRunning })
	mustPut(t, s, 1, roster.JobStep{Job: second})
	for name, j := range map[string]roster.Job{
		"made again": job(1), "stored by another one": next(job(1), func(*roster.Job) {}),
		"too far": next(second, func(j *roster.Job) { j.Revision++ }), "never made": next(job(2), func(*roster.Job) {}),
	} {
		err := s.PutJob(t.Context(), id(1), roster.JobStep{Job: j, Rejects: [][]byte{[]byte("x")}})
		if !errors.Is(err, roster.ErrJobMoved) {
			t.Errorf("%s: got %v, want %v", name, err, roster.ErrJobMoved)
		}
	}
	wantJobs(t, s, 1, second)
}

// testJobSteps has a change and a step of a job succeed and fail together.
func testJobSteps(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	mustPut(t, s, 1, roster.JobStep{Job: job(1)})
	step := func(n int, j roster.Job) error {
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			j.RejectChunks = int(j.Revision) - 1
			return roster.Change{
				Ops: creations(user(n)), Steps: []roster.JobStep{{Job: j, Rejects: [][]byte{[]byte("reject")}}},
			}, nil
		})
		return err
	}
	second := next(job(1), func(j *roster.Job) { j.Counts.Created = 1 })
	if err := step(1, second); err != nil {
		t.Fatal(err)
	}
	second.RejectChunks = 1
	if err := step(2, second); !errors.Is(err, roster.ErrJobMoved) {
		t.Errorf("the same step again: got %v, want %v", err, roster.ErrJobMoved)
	}
	third := next(second, func(j *roster.Job) { j.Counts.Created = 2 })
	wantCode(t, "a change that is refused", step(1, third), roster.Conflict)
	wantJobs(t, s, 1, second)
	wantContent(t, s, id(1), 2, org(1), user(1))
	wantPieces(t, s, roster.JobRejects, "reject")
}

func wantPieces(t *testing.T, s store.Store, kind roster.JobPieces, want ...string) {
	t.Helper()
	for n := range len(want) + 1 {
		got, err := s.JobPiece(t.Context(), id(1), job(1).ID, kind, n)
		if n == len(want) {
			wantCode(t, "the piece after the last", err, roster.NotFound)
		} else if err != nil || string(got) != want[n] {
			t.Errorf("piece %d of %s: got %q, %v, want %q", n, kind, got, err, want[n])
		}
	}
}

func testJobPieces(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	err := s.PutJobInput(t.Context(), id(1), job(1).ID, 0, []byte("a"))
	wantCode(t, "input of no job", err, roster.NotFound)
	mustPut(t, s, 1, roster.JobStep{Job: job(1)})
	for n, text := range []string{"a", "b", "c"} {
		if err := s.PutJobInput(t.Context(), id(1), job(1).ID, n, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	rejecting := next(job(1), func(j *roster.Job) { j.RejectChunks = 2 })
	mustPut(t, s, 1, roster.JobStep{Job: rejecting, Rejects: [][]byte{[]byte("x"), []byte("y")}})
	wantPieces(t, s, roster.JobInput, "a", "b", "c")
	wantPieces(t, s, roster.JobRejects, "x", "y")
	for _, want := range []struct {
		more bool
		left []string
	}{{true, []string{"a"}}, {false, nil}, {false, nil}} {
		more, err := s.DropJobPieces(t.Context(), id(1), job(1).ID, roster.JobInput, 2)
		if err != nil || more != want.more {
			t.Errorf("drop two pieces: got %t, %v, want %t", more, err, want.more)
		}
		wantPieces(t, s, roster.JobInput, want.left...)
	}
	wantPieces(t, s, roster.JobRejects, "x", "y")
}

func testJobAnswers(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	answer := roster.Answer{Key: roster.Digest{1}, Request: roster.Digest{2}, At: 5, Content: []byte("yes")}
	mustPut(t, s, 1, roster.JobStep{Job: job(1), Answer: &answer})
	kept, err := s.Answer(t.Context(), id(1), answer.Key)
	if diff := cmp.Diff(answer, kept); err != nil || diff != "" {
		t.Errorf("answer: %v (-want +got):\n%s", err, diff)
	}
	again := answer
	again.Content = []byte("no")
	err = s.PutJob(t.Context(), id(1), roster.JobStep{Job: job(2), Answer: &again})
	if repeated, ok := errors.AsType[*roster.RepeatedError](err); !ok || string(repeated.Answer.Content) != "yes" {
		t.Errorf("a repeated request: got %v", err)
	}
	again.Request = roster.Digest{3}
	err = s.PutJob(t.Context(), id(1), roster.JobStep{Job: job(2), Answer: &again})
	wantCode(t, "another request with the key", err, roster.KeyReused)
	wantJobs(t, s, 1, job(1))
	again.At += roster.OnceFor
	mustPut(t, s, 1, roster.JobStep{Job: job(2), Answer: &again})
	wantJobs(t, s, 1, job(2), job(1))
}

func testJobsGo(t *testing.T, s store.Store) {
	t.Helper()
	for n := 1; n <= 2; n++ {
		mustCommit(t, s, id(n), creations(org(n))...)
		mustPut(t, s, n, roster.JobStep{Job: job(1)})
		mustPut(t, s, n, roster.JobStep{Job: job(2)})
		if err := s.PutJobInput(t.Context(), id(n), job(1).ID, 0, []byte("a")); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := s.DropJob(t.Context(), id(1), job(1).ID); err != nil {
			t.Fatal(err)
		}
	}
	wantJobs(t, s, 1, job(2))
	wantPieces(t, s, roster.JobInput)
	mustPut(t, s, 1, roster.JobStep{Job: job(1)})
	wantPieces(t, s, roster.JobInput)
	mustCommit(t, s, id(2), roster.Op{Before: org(2)})
	mustCommit(t, s, id(2), creations(org(2))...)
	wantJobs(t, s, 2)
}
