package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// keyed sends a request, its method, path and body, with an idempotency key.
func (s *stand) keyed(t *testing.T, secret string, request [3]string, key string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, s.Handler(), request[0], "/api/v1"+request[1], bearer(secret), header(dialect.IdempotencyKey, key),
		withBody(strings.NewReader(request[2])))
}

// said is what an answer says, without what tells requests apart and without secrets.
func said(t *testing.T, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	header := w.Header().Clone()
	for _, name := range []string{"X-Request-Id", "Ratelimit", "Idempotent-Replayed", "Content-Length"} {
		header.Del(name)
	}
	said := map[string]any{"status": w.Code, "header": header}
	if w.Body.Len() > 0 {
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		delete(body, "secret")
		said["body"] = body
	}
	return said
}

// Every write is answered to who repeats it as it was the first time, and done once. Before that it changes nothing
// where it is a dry run, and where the record has another tag.
func TestEveryWriteOnce(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	token := s.create(t, &roster.Token{Name: "t", Kind: roster.TokenAccount, Hash: roster.HashSecret("x")})
	hook := s.create(t, &roster.Webhook{
		Name: "h", URL: "https://a.example", Secrets: []roster.WebhookSecret{{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}},
	})
	s.do(t, roster.Invite{
		User: &roster.User{Name: "I", Email: "i@example.com"}, Hash: roster.HashSecret("rst_i"),
		ExpiresAt: roster.TimeOf(s.clock.Now()) + roster.OnceFor,
	})
	tried := map[string]bool{
		"batchGetUsers":      true,                             // which writes nothing
		"createOrganization": true, "deleteOrganization": true, // see TestOrganizationsAreMadeAndDeletedOnce
		"undeleteOrganization": true,                                               // see TestOrganizationIsRestoredOnce
		"testWebhook":          true, "replayWebhook": true, "retryDelivery": true, // see TestWhatIsDoneWithWebhooksCanBeRepeated
	}
	for i, request := range writes(token, hook) {
		what := request[0] + " " + request[1]
		request[1] = strings.Replace(request[1], "{invitation}", s.invitation(t, "j@example.com"), 1)
		request[1] = strings.Replace(request[1], "{job}", s.change(t), 1)
		if request[2] == "after it has run" {
			request[2] = ""
			if err := s.jobs.RunAll(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		e := endpointOf(request[0], request[1])
		s.onlyIf(t, secret, request, e)
		s.dryRun(t, secret, request, e)
		first := s.keyed(t, secret, request, fmt.Sprint(i))
		if first.Code > 299 {
			t.Errorf("%s: got %d: %s", what, first.Code, first.Body)
			continue
		}
		done := s.version(t)
		again := s.keyed(t, secret, request, fmt.Sprint(i))
		if diff := cmp.Diff(said(t, first), said(t, again)); diff != "" {
			t.Errorf("%s (-first +again):\n%s", what, diff)
		}
		if again.Header().Get(dialect.Replayed) != "true" || first.Header().Get(dialect.Replayed) != "" {
			t.Errorf("%s: the answer does not say that it is a repeated one, or the first one does", what)
		}
		if strings.Contains(again.Body.String(), `"secret"`) {
			t.Errorf("%s: a secret is shown twice: %s", what, again.Body)
		}
		if now := s.version(t); now != done {
			t.Errorf("%s: repeating it has led from version %d to %d", what, done, now)
		}
		tried[e.ID] = true
	}
	for _, e := range native.New().Endpoints {
		if (e.IsWrite() || e.Aside) && !tried[e.ID] {
			t.Errorf("%s was not tried", e.ID)
		}
	}
}

// writes are requests that each change something, in this order: at least one to every endpoint that writes.
func writes(token, hook roster.ID) [][3]string {
	return [][3]string{
		{"PATCH", "/organization", `{"name":"New"}`},
		{"POST", "/groups", `{"name":"G","permissions":4}`},
		{"POST", "/users", `{"email":"a@example.com","name":"A","groups":[1],"own_permissions":1}`},
		{"PATCH", "/users/email:a@example.com", `{"email":"b@example.com"}`},
		{"POST", "/users/email:b@example.com:suspend", ""},
		{"POST", "/users/email:b@example.com:restore", ""},
		{"PATCH", "/groups/number:1", `{"permissions":8}`},
		{"DELETE", "/groups/number:1/members/email:b@example.com", ""},
		{"PUT", "/groups/number:1/members/email:b@example.com", ""},
		{"POST", "/spaces", `{"title":"S"}`},
		{"PATCH", "/spaces/number:1", `{"title":"T"}`},
		{"PUT", "/spaces/number:1/members/email:b@example.com", `{"role":"reader"}`},
		{"DELETE", "/spaces/number:1/members/email:b@example.com", ""},
		{"DELETE", "/spaces/number:1", ""},
		{"POST", "/spaces/number:1:undelete", ""},
		{"POST", "/roles", `{"handle":"r","name":"R","counts_as":"support"}`},
		{"PATCH", "/roles/handle:r", `{"name":"R2"}`},
		{"DELETE", "/roles/handle:r", ""},
		{"POST", "/roles/handle:r:undelete", ""},
		{"POST", "/users:batch", `{"items":[{"op":"create","user":{"email":"c@example.com","name":"C","groups":[1]}},
			{"op":"update","ref":"email:b@example.com","patch":{"name":"B"}}]}`},
		{"POST", "/users:batch?atomic=false", `{"items":[{"op":"create","user":{"email":"c@example.com","name":"C"}},
			{"op":"delete","ref":"email:c@example.com"}]}`},
		{"DELETE", "/groups/number:1", ""},
		{"POST", "/groups/number:1:undelete", ""},
		{"POST", "/invitations", `{"user":{"email":"j@example.com","name":"J"}}`},
		{"PATCH", "/invitations/{invitation}", `{"expires_at":"2100-01-01T00:00:00Z"}`},
		{"POST", "/invitations/{invitation}:resend", ""},
		{"POST", "/invitations:accept", `{"secret":"rst_i"}`},
		{"DELETE", "/invitations/{invitation}", ""},
		{"POST", "/tokens", `{"name":"T"}`},
		{"PATCH", "/tokens/" + token.String(), `{"name":"U"}`},
		{"DELETE", "/tokens/" + token.String(), ""},
		{"POST", "/webhooks", `{"name":"W","url":"https://b.example"}`},
		{"PATCH", "/webhooks/" + hook.String(), `{"name":"X"}`},
		{"POST", "/webhooks/" + hook.String() + ":rotate", `{}`},
		{"DELETE", "/webhooks/" + hook.String(), ""},
		{"POST", "/import", `{"email":"d@example.com","name":"D"}`},
		{"POST", "/users:import", `{"email":"e@example.com","name":"E"}`},
		{"POST", "/users:bulkUpdate", `{"filter":"","action":"restore"}`},
		{"POST", "/jobs/{job}:cancel", ""},
		{"POST", "/jobs/{job}:resume", ""},
		{"POST", "/jobs/{job}:undo", "after it has run"},
		{"DELETE", "/jobs/{job}", ""},
		{"DELETE", "/users/email:b@example.com", ""},
		{"POST", "/users/email:b@example.com:undelete", ""},
		{"POST", "/users/email:b@example.com:erase", ""},
	}
}

// state is all that writes could change.
func (s *stand) state(t *testing.T) string {
	t.Helper()
	jobs, err := s.jobs.Jobs(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("version %d, jobs %s", s.version(t), doc)
}

// onlyIf holds that a request which is for a record with another tag is refused, and changes nothing.
func (s *stand) onlyIf(t *testing.T, secret string, request [3]string, e *dialect.Endpoint) {
	t.Helper()
	if !e.Takes(dialect.Header, "If-Match") {
		return
	}
	before := s.state(t)
	w := send(t, s.Handler(), request[0], "/api/v1"+request[1], bearer(secret), header("If-Match", `"other"`),
		withBody(strings.NewReader(request[2])))
	if after := s.state(t); w.Code != http.StatusPreconditionFailed || after != before {
		t.Errorf("%s %s with another tag: got %d: %s\n%s\nwant 412, and as before\n%s", request[0], request[1], w.Code,
			w.Body, after, before)
	}
}

// dryRun holds that a request that only tries changes nothing, and is not answered with an error or an entity tag.
func (s *stand) dryRun(t *testing.T, secret string, request [3]string, e *dialect.Endpoint) {
	t.Helper()
	if !e.Takes(dialect.Query, "dry_run") || e.ID == "importUsers" { // whose job does the trying
		return
	}
	before := s.state(t)
	separator := "?"
	if strings.Contains(request[1], "?") {
		separator = "&"
	}
	path := "/api/v1" + request[1] + separator + "dry_run=true"
	w := send(t, s.Handler(), request[0], path, bearer(secret), withBody(strings.NewReader(request[2])))
	succeeded := w.Code == http.StatusOK || w.Code == http.StatusNoContent || w.Code == http.StatusMultiStatus
	if after := s.state(t); !succeeded || w.Header().Get("ETag") != "" || after != before {
		t.Errorf("%s %s: got %d with the tag %q: %s\n%s\nwant what it would be, and as before\n%s", request[0], path, w.Code,
			w.Header().Get("ETag"), w.Body, after, before)
	}
}

func endpointOf(method, path string) *dialect.Endpoint {
	path, _, _ = strings.Cut(path, "?")
	for _, e := range native.New().Endpoints {
		if _, ok := e.Match(path); ok && e.Method == method {
			return &e
		}
	}
	return &dialect.Endpoint{}
}

// change returns the id of the job that changes many users, "" for none.
func (s *stand) change(t *testing.T) string {
	t.Helper()
	jobs, err := s.jobs.Jobs(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Type == roster.JobUpdate {
			return j.ID.String()
		}
	}
	return ""
}

// invitation returns the id of the invitation of a user, "" for none.
func (s *stand) invitation(t *testing.T, email string) string {
	t.Helper()
	view, err := s.service.View(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	u, err := view.User(roster.Ref{Email: email})
	if err != nil {
		return ""
	}
	for _, i := range view.Invitations() {
		if i.User == u.ID {
			return i.ID.String()
		}
	}
	return ""
}

func (s *stand) version(t *testing.T) roster.Version {
	t.Helper()
	view, err := s.service.View(t.Context(), s.org)
	if err != nil {
		t.Fatal(err)
	}
	return view.Version()
}

// Of requests with one key that come at once one is carried out, and all get its answer.
func TestRequestsWithOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	before := s.version(t)
	const clients = 8
	answers := make([]*httptest.ResponseRecorder, clients)
	var group sync.WaitGroup
	for i := range clients {
		group.Go(func() {
			request := [3]string{"POST", "/users", `{"email":"a@example.com","name":"A"}`}
			answers[i] = s.keyed(t, secret, request, "one")
		})
	}
	group.Wait()
	replayed := 0
	for _, w := range answers {
		if diff := cmp.Diff(said(t, answers[0]), said(t, w)); diff != "" || w.Code != http.StatusCreated {
			t.Errorf("answers differ (-first +other):\n%s", diff)
		}
		if w.Header().Get(dialect.Replayed) != "" {
			replayed++
		}
	}
	if replayed != clients-1 || s.version(t) != before+1 {
		t.Errorf("%d of %d answers are repeated ones, and %d changes were made, want 1 change", replayed, clients,
			s.version(t)-before)
	}
}
