package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/job"
	"github.com/roster-dev/roster/internal/server"
)

// meddled has something happen before each batch of an import.
type meddled struct {
	job.Directory
	before func()
}

func (m *meddled) DoStep(
	ctx context.Context, org roster.ID, by roster.Principal, cmds []roster.Command, step directory.Step,
) error {
	m.before()
	return m.Directory.DoStep(ctx, org, by, cmds, step)
}

// newMeddled returns a server over an organization with a user Eve, and the batches of its jobs.
func newMeddled(t *testing.T) (s *stand, batches *meddled, secret string) {
	t.Helper()
	var jobs *job.Service
	s = newStand(t, func(c *server.Config) {
		config := c.Jobs.(*job.Service).Config
		batches = &meddled{config.Directory, func() {}}
		config.Directory = batches
		jobs = job.New(config)
		c.Jobs = jobs
	}, native.New())
	s.jobs = jobs
	s.takeChanges()
	s.create(t, &roster.User{Name: "Eve Adams", Email: "eve@example.com"})
	return s, batches, s.token(t, "everything", everything)
}

// post sends a body and returns the answer, which must have a status.
func (s *stand) post(t *testing.T, secret, path string, body io.Reader, status int) *httptest.ResponseRecorder {
	t.Helper()
	w := send(t, s.Handler(), http.MethodPost, "/api/v1"+path, bearer(secret), withBody(body))
	wantStatus(t, path, w, status)
	return w
}

func (s *stand) eraseEve(t *testing.T, secret string) {
	t.Helper()
	s.post(t, secret, "/users/email:eve@example.com:erase", http.NoBody, http.StatusNoContent)
}

// imports is lines that make users, and Eve again after so many.
func imports(others int) string {
	var lines strings.Builder
	for n := range others {
		fmt.Fprintf(&lines, `{"name":"U","email":"u%d@example.com"}`+"\n", n)
	}
	return lines.String() + `{"name":"E. A.","email":"EVE@example.com"}` + "\n" + `{"name":"V","email":"v@example.com"}` + "\n"
}

// runs carries out all jobs and returns the one that an answer has told of, as it is then.
func (s *stand) runs(t *testing.T, secret string, told *httptest.ResponseRecorder) (j roster.Job) {
	t.Helper()
	if err := s.jobs.RunAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(told.Body.Bytes(), &j); err != nil {
		t.Fatal(err)
	}
	w := s.get(t, "/api/v1/jobs/"+j.ID.String(), secret)
	wantStatus(t, "the job", w, http.StatusOK)
	j = roster.Job{}
	if err := json.Unmarshal(w.Body.Bytes(), &j); err != nil {
		t.Fatal(err)
	}
	return j
}

// wantNoEve holds a job to have ended for want of its input, however often it is resumed, and Eve to be gone.
func (s *stand) wantNoEve(t *testing.T, secret string, j roster.Job, done int) {
	t.Helper()
	for range 2 {
		if j.State != roster.JobFailed || j.Error == nil || j.Error.Code != roster.Gone || j.Counts.Done != done {
			t.Errorf("the job is %s, %+v, after %d lines, want %s, %s after %d", j.State, j.Error, j.Counts.Done,
				roster.JobFailed, roster.Gone, done)
		}
		wantStatus(t, "Eve", s.get(t, "/api/v1/users/email:eve@example.com", secret), http.StatusNotFound)
		_, err := s.service.Jobs().JobPiece(t.Context(), s.org, j.ID, roster.JobInput, 0)
		if roster.CodeOf(err) != roster.NotFound {
			t.Errorf("the input is still there: %v", err)
		}
		j = s.runs(t, secret, s.post(t, secret, "/jobs/"+j.ID.String()+":resume", http.NoBody, http.StatusOK))
	}
}

// An import that would make somebody again who is erased meanwhile ends, wherever it stands, and its input goes.
func TestAnImportOfWhoIsErasedEnds(t *testing.T) {
	t.Parallel()
	t.Run("queued", func(t *testing.T) {
		t.Parallel()
		s, _, secret := newMeddled(t)
		told := s.post(t, secret, "/users:import", strings.NewReader(imports(3)), http.StatusAccepted)
		s.eraseEve(t, secret)
		s.wantNoEve(t, secret, s.runs(t, secret, told), 0)
	})
	t.Run("running", func(t *testing.T) {
		t.Parallel()
		s, batches, secret := newMeddled(t)
		told := s.post(t, secret, "/users:import", strings.NewReader(imports(1500)), http.StatusAccepted)
		n := 0
		batches.before = func() {
			if n++; n == 2 { // the line is among those of this batch, which are read already
				s.eraseEve(t, secret)
			}
		}
		s.wantNoEve(t, secret, s.runs(t, secret, told), 1000)
		if n != 2 {
			t.Errorf("there were %d batches, want 2", n)
		}
		wantStatus(t, "the second batch", s.get(t, "/api/v1/users/email:u1000@example.com", secret), http.StatusNotFound)
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		s, batches, secret := newMeddled(t)
		told := s.post(t, secret, "/users:import", strings.NewReader(imports(3)), http.StatusAccepted)
		batches.before = func() {
			var j roster.Job
			if err := json.Unmarshal(told.Body.Bytes(), &j); err != nil {
				t.Error(err)
			}
			s.post(t, secret, "/jobs/"+j.ID.String()+":cancel", http.NoBody, http.StatusOK)
		}
		j := s.runs(t, secret, told)
		s.eraseEve(t, secret)
		if j.State != roster.JobCancelled {
			t.Errorf("the job is %s", j.State)
		}
		s.wantNoEve(t, secret, s.runs(t, secret, s.post(t, secret, "/jobs/"+j.ID.String()+":resume", http.NoBody, http.StatusOK)), 0)
	})
}

// An import of others goes on while somebody is erased, also where its reason must be erased: then the batch that was
// under way is made again.
func TestAnImportOfOthersGoesOn(t *testing.T) {
	t.Parallel()
	s, batches, secret := newMeddled(t)
	batches.before = func() {
		batches.before = func() {}
		s.eraseEve(t, secret)
	}
	others := `{"name":"Vera Other","email":"other@example.com"}`
	told := send(t, s.Handler(), http.MethodPost, "/api/v1/users:import", bearer(secret),
		header(dialect.Reason, "asked for by eve@example.com"), withBody(strings.NewReader(others)))
	wantStatus(t, "the import", told, http.StatusAccepted)
	if j := s.runs(t, secret, told); j.State != roster.JobSucceeded || j.Counts.Created != 1 {
		t.Errorf("the job is %s with %+v: %+v", j.State, j.Counts, j.Error)
	}
	err := s.service.Jobs().Jobs(t.Context(), s.org, func(j roster.Job) error {
		if j.By.Reason != roster.ErasedText {
			t.Errorf("the job has the reason %q", j.By.Reason)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// readerFunc is a reader.
type readerFunc func([]byte) (int, error)

func (fn readerFunc) Read(p []byte) (int, error) { return fn(p) }

// Somebody is erased of whom that tells which has arrived of an input by then: there is no job, and nothing is kept.
func TestWhoIsErasedWhileAnInputArrives(t *testing.T) {
	t.Parallel()
	s, _, secret := newMeddled(t)
	blank := bytes.Repeat([]byte{'\n'}, 1<<20) // fills a piece, so that what comes before is kept
	body := io.MultiReader(strings.NewReader(imports(3)), bytes.NewReader(blank), readerFunc(func([]byte) (int, error) {
		s.eraseEve(t, secret)
		return 0, io.EOF
	}), bytes.NewReader(blank))
	w := s.post(t, secret, "/users:import", body, http.StatusConflict)
	if !strings.Contains(w.Body.String(), "erased") {
		t.Errorf("the answer does not say why: %s", w.Body)
	}
	err := s.service.Jobs().Jobs(t.Context(), s.org, func(j roster.Job) error {
		t.Errorf("job %s is left, which is %s", j.ID, j.State)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
