package native_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/dialecttest"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// api is a server over a world of its own.
type api struct {
	*dialecttest.World
	url string
}

func serve(t *testing.T) *api {
	t.Helper()
	d := native.New()
	w := dialecttest.NewWorld(t, roster.Documented, d)
	server := httptest.NewServer(w.Handler(t, d))
	t.Cleanup(server.Close)
	return &api{w, server.URL}
}

// answer is what a request was answered with.
type answer struct {
	status int
	tag    string
	body   []byte
}

// send sends a request, as "METHOD PATH", with a token of the world and further headers, each as "Name: value".
func (a *api) send(t *testing.T, token, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+a.Secrets[token])
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header.Get("ETag"), data}
}

// Clients who read, count up and write on condition lose no count, however many there are.
func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	a := serve(t)
	const clients, counts = 8, 10
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range counts {
				a.countUp(t)
			}
		})
	}
	wg.Wait()
	var u roster.User
	if err := json.Unmarshal(a.send(t, "everything", "GET /users/number:2", "").body, &u); err != nil {
		t.Fatal(err)
	}
	if u.MinutesOfActivity != clients*counts {
		t.Errorf("counted to %d, want %d", u.MinutesOfActivity, clients*counts)
	}
}

// countUp counts in a member of a user, and again from what a refusal shows until it is not refused.
func (a *api) countUp(t *testing.T) {
	t.Helper()
	got := a.send(t, "everything", "GET /users/number:2", "")
	var shown struct {
		Count   int64 `json:"minutes_of_activity"`
		Current struct {
			Count int64 `json:"minutes_of_activity"`
		} `json:"current"`
	}
	for {
		shown.Count, shown.Current.Count = 0, 0
		if err := json.Unmarshal(got.body, &shown); err != nil {
			t.Error(err)
			return
		}
		patch := fmt.Sprintf(`{"minutes_of_activity":%d}`, shown.Count+shown.Current.Count+1)
		got = a.send(t, "everything", "PATCH /users/number:2", patch, "If-Match: "+got.tag)
		if got.status != http.StatusPreconditionFailed {
			if got.status != http.StatusOK {
				t.Errorf("status %d: %s", got.status, got.body)
			}
			return
		}
	}
}

// Every answer with one record has the tag that a GET has, and the body that goes with it.
func TestTagsAgree(t *testing.T) {
	t.Parallel()
	a := serve(t)
	for _, r := range []struct{ list, record, create, patch string }{
		{"/users", "/users/email:new@example.com", `{"email":"new@example.com","name":"N","groups":[1]}`, `{"phone":"1"}`},
		{"/groups", "/groups/number:4", `{"name":"G","permissions":4}`, `{"permissions":6}`},
		{"/spaces", "/spaces/number:4", `{"title":"S"}`, `{"archived":true}`},
		{"/roles", "/roles/handle:r", `{"handle":"r","name":"R","counts_as":"admin"}`, `{"name":"Q"}`},
	} {
		for _, token := range []string{"everything", "writer"} {
			if token == "writer" && r.list != "/users" {
				continue
			}
			made := a.send(t, token, "POST "+r.list, r.create)
			for _, step := range []struct {
				did answer
				why string
			}{
				{made, "created"},
				{a.send(t, token, "PATCH "+r.record, r.patch, "If-Match: "+made.tag), "changed"},
				{a.send(t, token, "PATCH "+r.record, r.patch), "changed to the same"},
			} {
				read := a.send(t, token, "GET "+r.record, "")
				if step.did.status/100 != 2 || step.did.tag == "" {
					t.Fatalf("%s %s: status %d, tag %s: %s", step.why, r.record, step.did.status, step.did.tag, step.did.body)
				}
				if step.why != "created" && (read.tag != step.did.tag || !bytes.Equal(read.body, step.did.body)) {
					t.Errorf("%s %s: tag %s and %s, then read %s and %s", step.why, r.record, step.did.tag, step.did.body,
						read.tag, read.body)
				}
				again := a.send(t, token, "GET "+r.record, "", "If-None-Match: "+read.tag)
				if again.status != http.StatusNotModified || len(again.body) > 0 {
					t.Errorf("%s: read again, status %d", r.record, again.status)
				}
			}
			stale := a.send(t, token, "DELETE "+r.record, "", "If-Match: "+made.tag)
			read := a.send(t, token, "GET "+r.record, "")
			var p struct{ Current json.RawMessage }
			if err := json.Unmarshal(stale.body, &p); err != nil {
				t.Fatal(err)
			}
			if stale.status != http.StatusPreconditionFailed || stale.tag != read.tag || !bytes.Equal(p.Current, read.body) {
				t.Errorf("%s: refused with %d, %s and %s, then read %s and %s", r.record, stale.status, stale.tag, p.Current,
					read.tag, read.body)
			}
			if gone := a.send(t, token, "DELETE "+r.record, "", "If-Match: "+read.tag); gone.status != 204 {
				t.Errorf("%s: deleted with %d: %s", r.record, gone.status, gone.body)
			}
		}
	}
}

// The tag of a user changes with the permissions from groups, and that of nobody else does.
func TestAGroupsPermissionsChangeTheTagsOfItsMembers(t *testing.T) {
	t.Parallel()
	a := serve(t)
	tags := func() (member, other string) {
		return a.send(t, "account", "GET /users/number:1", "").tag,
			a.send(t, "account", "GET /users/number:4", "").tag
	}
	member, other := tags()
	if got := a.send(t, "everything", "PATCH /groups/number:2", `{"permissions":512}`); got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	newMember, newOther := tags()
	if newMember == member || newOther != other {
		t.Errorf("tags %s and %s become %s and %s", member, other, newMember, newOther)
	}
	patch := a.send(t, "everything", "PATCH /users/number:1", `{"phone":"1"}`, "If-Match: "+member)
	if patch.status != http.StatusPreconditionFailed {
		t.Errorf("the tag of before counts: status %d", patch.status)
	}
}

// The organization can be changed on condition although the rest of it changes all the time.
func TestTheOrganizationsVersionDoesNotCountInIfMatch(t *testing.T) {
	t.Parallel()
	a := serve(t)
	before := a.send(t, "everything", "GET /organization", "")
	a.send(t, "everything", "PATCH /users/number:2", `{"phone":"1"}`)
	if got := a.send(t, "everything", "GET /organization", "", "If-None-Match: "+before.tag); got.status != 200 {
		t.Errorf("status %d for an organization that has another version, want 200", got.status)
	}
	patch := func(name string) answer {
		return a.send(t, "everything", "PATCH /organization", `{"name":"`+name+`"}`, "If-Match: "+before.tag)
	}
	if got := patch("One"); got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if got := patch("Two"); got.status != http.StatusPreconditionFailed {
		t.Errorf("status %d, want 412: %s", got.status, got.body)
	}
}
