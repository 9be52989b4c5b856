package server_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// day is for how long a request is known by its key, and a change of many users can be taken back.
const day = 24 * time.Hour

// A request is known by its key for a day, and is a new one afterwards, which may be another one.
func TestAKeyExpires(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	request := [3]string{"POST", "/groups", `{"name":"G","permissions":4}`}
	other := [3]string{"POST", "/groups", `{"name":"H","permissions":4}`}
	want := func(what string, request [3]string, status int, replayed string, version roster.Version) {
		t.Helper()
		w := s.keyed(t, secret, request, "a-key")
		wantStatus(t, what, w, status)
		wantHeaders(t, what, w, map[string]string{dialect.Replayed: replayed})
		if got := s.version(t); got != version {
			t.Errorf("%s: led to version %d, want %d", what, got, version)
		}
	}
	begin := s.version(t)
	want("first", request, http.StatusCreated, "", begin+1)
	s.clock.advance(day - time.Millisecond)
	if err := s.service.ForgetAnswers(t.Context()); err != nil {
		t.Fatal(err)
	}
	want("just within a day", request, http.StatusCreated, "true", begin+1)
	want("another one just within a day", other, http.StatusUnprocessableEntity, "", begin+1)
	s.clock.advance(time.Millisecond)
	want("another one after a day", other, http.StatusCreated, "", begin+2)
	want("the first one since", request, http.StatusUnprocessableEntity, "", begin+2)
	s.clock.advance(day)
	want("the first one after another day", request, http.StatusCreated, "", begin+3)
}

// A change of many users can be taken back for a day after its end.
func TestUndoExpires(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	var undo []string
	for _, action := range []string{"suspend", "restore"} {
		w := s.call(t, secret, "POST /users:bulkUpdate", `{"filter":"","action":"`+action+`"}`)
		wantStatus(t, action, w, http.StatusAccepted)
		var made struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
			t.Fatal(err)
		}
		undo = append(undo, "POST /jobs/"+made.ID+":undo")
		if err := s.jobs.RunAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.clock.advance(day - time.Millisecond)
	wantStatus(t, "just within a day", s.call(t, secret, undo[1], ""), http.StatusAccepted)
	s.clock.advance(time.Millisecond)
	late := s.call(t, secret, undo[0], "")
	wantStatus(t, "after a day", late, http.StatusConflict)
	if err := s.jobs.RunAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	view, err := s.service.View(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	if u, err := view.User(roster.Ref{ID: s.ann}); err != nil || u.Status != roster.Suspended {
		t.Errorf("got %v, %v, want Ann suspended, as before the change that was taken back in time", u, err)
	}
}
