package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// A deleted organization is as if it did not exist, and all there again once it is restored.
func TestDeletedOrganizationIsOutOfReachUntilItIsRestored(t *testing.T) {
	t.Parallel()
	s, wide := newInstance(t)
	own := s.token(t, "own", everything)
	inReach := func(when string, path, list, credential int) {
		t.Helper()
		for _, below := range []string{"", "/users", "/tokens", "/changes", "/audit", "/jobs", "/webhooks"} {
			wantStatus(t, when+": "+below, s.call(t, wide, "GET /orgs/one"+below, ""), path)
		}
		wantStatus(t, when+": write", s.call(t, wide, "PATCH /orgs/one/organization", `{"brand_name":"B"}`), path)
		wantStatus(t, when+": own token", s.call(t, own, "GET /users", ""), credential)
		wantStatus(t, when+": own token in the path", s.call(t, own, "GET /orgs/one/users", ""), credential)
		wantStatus(t, when+": a vendor's API", s.get(t, "/kaiten/api/latest/company/users", own), credential)
		for what, want := range map[string]int{"/orgs": list, "/deleted-orgs": 1 - list} {
			got := strings.Count(s.call(t, wide, "GET "+what, "").Body.String(), `"slug":"one"`)
			if got != want {
				t.Errorf("%s: %s has it %d times, want %d", when, what, got, want)
			}
		}
	}
	inReach("before", http.StatusOK, 1, http.StatusOK)
	unknown := s.call(t, "rst_"+strings.Repeat("1", 49), "GET /users", "")
	wantStatus(t, "dry run", s.call(t, wide, "DELETE /orgs/one?confirm=one&dry_run=true", ""), http.StatusNoContent)
	inReach("after a dry run", http.StatusOK, 1, http.StatusOK)
	wantStatus(t, "delete", s.call(t, wide, "DELETE /orgs/one?confirm=one", "", dialect.Reason, "the contract ended"),
		http.StatusNoContent)
	inReach("deleted", http.StatusNotFound, 0, http.StatusUnauthorized)
	if refused := s.call(t, own, "GET /users", ""); refused.Code != unknown.Code {
		t.Errorf("the token of a deleted organization is answered %d, an unknown one %d", refused.Code, unknown.Code)
	}
	taken := s.call(t, wide, "POST /orgs", `{"slug":"one"}`)
	if wantStatus(t, "slug", taken, http.StatusConflict); !strings.Contains(taken.Body.String(), "deleted organization") {
		t.Errorf("the conflict does not say why: %s", taken.Body)
	}
	wantStatus(t, "delete again", s.call(t, wide, "DELETE /orgs/one?confirm=one", ""), http.StatusNotFound)
	wantStatus(t, "restore with an own token", s.call(t, own, "POST /orgs/one:undelete", ""), http.StatusUnauthorized)
	dry := s.call(t, wide, "POST /orgs/one:undelete?dry_run=true", "")
	wantStatus(t, "restore, dry run", dry, http.StatusOK)
	inReach("after a dry run of restoring", http.StatusNotFound, 0, http.StatusUnauthorized)
	wantStatus(t, "restore", s.call(t, wide, "POST /orgs/one:undelete", ""), http.StatusOK)
	inReach("restored", http.StatusOK, 1, http.StatusOK)
	audit := s.call(t, wide, "GET /orgs/one/audit?page_size=5", "").Body.String()
	if !strings.Contains(audit, "the contract ended") || !strings.Contains(audit, `"deleted_at"`) {
		t.Errorf("the organization's own audit does not tell of the deletion:\n%s", audit)
	}
}

func TestOrganizationIsRestoredOnce(t *testing.T) {
	t.Parallel()
	s, wide := newInstance(t)
	wantStatus(t, "delete", s.call(t, wide, "DELETE /orgs/two?confirm=two", ""), http.StatusNoContent)
	undelete := [3]string{"POST", "/orgs/two:undelete", ""}
	other := s.call(t, wide, "POST /orgs/two:undelete", "", "If-Match", `"other"`)
	wantStatus(t, "restore one with another tag", other, http.StatusPreconditionFailed)
	wantStatus(t, "try to", s.call(t, wide, "POST /orgs/two:undelete?dry_run=true", "", "If-Match",
		other.Header().Get("ETag")), http.StatusOK)
	wantStatus(t, "the organization", s.call(t, wide, "GET /orgs/two", ""), http.StatusNotFound)
	first := s.keyed(t, wide, undelete, "k")
	wantStatus(t, "restore", first, http.StatusOK)
	wantStatus(t, "delete", s.call(t, wide, "DELETE /orgs/two?confirm=two", ""), http.StatusNoContent)
	again := s.keyed(t, wide, undelete, "k") // which was carried out, and not this time
	if again.Header().Get(dialect.Replayed) != "true" || again.Body.String() != first.Body.String() {
		t.Errorf("the repeated request is answered %d %s", again.Code, again.Body)
	}
	wantStatus(t, "users", s.call(t, wide, "GET /orgs/two/users", ""), http.StatusNotFound)
	wantStatus(t, "the key of another request", s.keyed(t, wide, [3]string{"DELETE", "/orgs/two?confirm=two", ""}, "k"),
		http.StatusUnprocessableEntity)
}

// Of deletions with one key that come at the same time one is carried out, and all are answered alike.
func TestOrganizationIsDeletedOnceByRequestsAtTheSameTime(t *testing.T) {
	t.Parallel()
	s, wide := newInstance(t)
	answers := make([]*httptest.ResponseRecorder, 8)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = s.keyed(t, wide, [3]string{"DELETE", "/orgs/two?confirm=two", ""}, "k") })
	}
	group.Wait()
	repeated := 0
	for _, w := range answers {
		wantStatus(t, "delete", w, http.StatusNoContent)
		if w.Header().Get(dialect.Replayed) == "true" {
			repeated++
		}
	}
	if repeated != len(answers)-1 {
		t.Errorf("%d of %d answers are repeated ones, want all but one", repeated, len(answers))
	}
	deleted, err := s.service.DeletedOrgs(t.Context())
	if err != nil || len(deleted) != 1 || deleted[0].Version != 2 {
		t.Errorf("%v, %v, want one deleted organization at version 2", deleted, err)
	}
}

func TestDeletedOrganizationIsRemovedAfterItsTime(t *testing.T) {
	t.Parallel()
	s, wide := newInstance(t)
	wantStatus(t, "delete", s.call(t, wide, "DELETE /orgs/two?confirm=two", ""), http.StatusNoContent)
	s.clock.advance(time.Duration(roster.KeptFor)*time.Millisecond - time.Millisecond)
	s.purge(t, 0)
	wantStatus(t, "dry run", s.call(t, wide, "POST /orgs/two:undelete?dry_run=true", ""), http.StatusOK)
	s.clock.advance(time.Millisecond)
	wantStatus(t, "too late", s.call(t, wide, "POST /orgs/two:undelete", ""), http.StatusNotFound)
	s.purge(t, 1)
	wantStatus(t, "removed", s.call(t, wide, "POST /orgs/two:undelete", ""), http.StatusNotFound)
	if list := s.call(t, wide, "GET /deleted-orgs", "").Body.String(); !strings.Contains(list, `"total":0`) {
		t.Errorf("there is still %s", list)
	}
	audit := s.call(t, wide, "GET /audit?page_size=1", "").Body.String()
	if !strings.Contains(audit, `"slug":"two"`) || !strings.Contains(audit, `"by":`) {
		t.Errorf("the audit of the instance does not say what was removed and who deleted it:\n%s", audit)
	}
	wantStatus(t, "the slug is free", s.call(t, wide, "POST /orgs", `{"slug":"two"}`), http.StatusCreated)
}

// purge removes what is due, which must be so many records.
func (s *stand) purge(t *testing.T, want int) {
	t.Helper()
	if n, err := s.service.Purge(t.Context()); err != nil || n != want {
		t.Errorf("%d were purged, %v, want %d", n, err, want)
	}
}
