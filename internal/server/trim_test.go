package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

// What was trimmed is gone whoever asks in whatever way, the answer says from where on there is more, and what was not
// trimmed is as it was.
func TestTrimmedHistory(t *testing.T) {
	t.Parallel()
	s, secret := newWalkStand(t, nil)
	s.History = server.Histories(s.service)
	s.Drain() // a stream ends with what there is
	then := map[roster.Version]string{}
	for n := range 6 {
		version := s.version(t)
		then[version] = heard(t, s, secret, "/users?page_size=100")
		s.create(t, &roster.User{Name: "x", Email: fmt.Sprintf("x%d@example.com", n)})
	}
	last := s.version(t)
	oldest := last - 3
	if _, err := s.service.Trim(t.Context(), s.org, roster.Moment{Version: oldest}); err != nil {
		t.Fatal(err)
	}
	gone, kept := fmt.Sprint(oldest-1), fmt.Sprint(oldest)
	for _, path := range []string{
		"/changes?since=0", "/changes?wait=1s&since=" + gone, "/changes?filter=status+%3D+active&since=" + gone,
		"/changes/stream?since=0", "/changes/stream?since=" + gone,
		"/users?as_of=1", "/users?as_of=" + gone, "/users:export?as_of=" + gone, "/users/number:1?as_of=" + gone,
		"/groups?as_of=" + gone, "/changes:compare?from=" + gone, "/changes:compare?from=" + kept + "&to=" + gone,
	} {
		wantGone(t, path, s.get(t, "/api/v1"+path, secret), oldest)
	}
	wantGone(t, "Last-Event-ID", s.get(t, "/api/v1/changes/stream", secret, header("Last-Event-ID", gone)), oldest)
	stream := s.get(t, "/api/v1/changes/stream?since="+kept, secret)
	wantStatus(t, "a stream from there on", stream, http.StatusOK)
	changes := s.get(t, "/api/v1/changes?since="+kept, secret)
	wantStatus(t, "changes from there on", changes, http.StatusOK)
	for v := oldest + 1; v <= last; v++ {
		if !strings.Contains(stream.Body.String(), fmt.Sprintf("id: %d\n", v)) {
			t.Errorf("the stream does not have version %d: %s", v, stream.Body)
		}
		if !strings.Contains(changes.Body.String(), fmt.Sprintf(`"version":%d,`, v)) {
			t.Errorf("the changes do not have version %d: %s", v, changes.Body)
		}
	}
	for v := oldest; v < last; v++ {
		if got := heard(t, s, secret, fmt.Sprint("/users?page_size=100&as_of=", v)); got != then[v] {
			t.Errorf("as of version %d:\n%s\nand was:\n%s", v, got, then[v])
		}
	}
}

// wantGone holds an answer to say that there is nothing before a version.
func wantGone(t *testing.T, what string, w *httptest.ResponseRecorder, since roster.Version) {
	t.Helper()
	wantStatus(t, what, w, http.StatusGone)
	var problem struct {
		Code   roster.Code
		Detail string
		Since  roster.Version
	}
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if problem.Code != roster.Gone || problem.Since != since || !strings.Contains(problem.Detail, fmt.Sprint(since)) {
		t.Errorf("%s: got %+v, want %s since %d", what, problem, roster.Gone, since)
	}
}
