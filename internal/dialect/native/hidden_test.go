package native_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
)

// Who may not know of authors learns nothing of the filter of a webhook that may name them, and does no more to it than
// to stop it.
func TestTheFilterOfAWebhookIsHiddenAsAuthorsAre(t *testing.T) {
	t.Parallel()
	a := serve(t)
	a.Secrets["low"] = a.token(t, "users:read", "users:write", "tokens:write")
	author := roster.ID{1}.String()
	hooks := map[bool]string{} // by whether they may hear of authors
	for hears, permissions := range map[bool]string{false: `["users:read"]`, true: `["users:read","metadata:read"]`} {
		filter := "status = active"
		if hears {
			filter = "created_by = " + author
		}
		hooks[hears] = a.made(t, "POST /webhooks", `{"name":"x","url":"https://a.example","types":["user"],`+
			`"filter":"`+filter+`","permissions":`+permissions+`}`).ID
	}
	for _, list := range []string{
		"GET /webhooks", "GET /webhooks/" + hooks[true], "GET /changes?since=0&types=webhook",
	} {
		got := a.send(t, "low", list, "")
		if got.status != http.StatusOK || strings.Contains(string(got.body), author) {
			t.Errorf("%s: %d %s, want 200 without the author", list, got.status, got.body)
		}
		all := a.send(t, "everything", list, "")
		if !strings.Contains(string(all.body), author) {
			t.Errorf("%s for who may know of authors: %s, want the author", list, all.body)
		}
	}
	for _, c := range []struct {
		request, body string
		hidden, shown int // what is answered about the webhook that may name authors, and about the other one
	}{
		{"PATCH ?dry_run=true", `{"filter":"created_by = ` + author + `"}`, http.StatusForbidden, http.StatusBadRequest},
		{"PATCH ?dry_run=true", `{"filter":"status = active"}`, http.StatusForbidden, http.StatusOK},
		{"PATCH ?dry_run=true", `{"permissions":["users:read"]}`, http.StatusForbidden, http.StatusOK},
		{"PATCH ?dry_run=true", `{"enabled":false}`, http.StatusOK, http.StatusOK},
		{"POST :replay", `{"since":1}`, http.StatusForbidden, http.StatusOK},
		{"POST /deliveries/msg_x:retry", ``, http.StatusForbidden, http.StatusNotFound},
	} {
		for hears, want := range map[bool]int{true: c.hidden, false: c.shown} {
			method, rest, _ := strings.Cut(c.request, " ")
			if got := a.send(t, "low", method+" /webhooks/"+hooks[hears]+rest, c.body); got.status != want {
				t.Errorf("%s %s (hears of authors: %t): %d %s, want %d",
					c.request, c.body, hears, got.status, got.body, want)
			}
		}
	}
}

// Who may read the audit sees the authors in what was written, who are its actors.
func TestTheAuditShowsWhoDidWhat(t *testing.T) {
	t.Parallel()
	a := serve(t)
	a.Secrets["auditor"] = a.token(t, "audit:read")
	u := a.made(t, "POST /users", `{"name":"Ada","email":"ada.audited@example.com"}`)
	path := "GET /audit?type=user&id=" + u.ID
	got, want := a.send(t, "auditor", path, ""), a.send(t, "everything", path, "")
	if !strings.Contains(string(got.body), `"created_by"`) || string(got.body) != string(want.body) {
		t.Errorf("got %s\nwant %s with created_by", got.body, want.body)
	}
}

// made is what a POST by who may do everything has made.
type made struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

func (a *api) made(t *testing.T, request, body string) (m made) {
	t.Helper()
	got := a.send(t, "everything", request, body)
	if err := json.Unmarshal(got.body, &m); err != nil || got.status != http.StatusCreated {
		t.Fatalf("%s: %d %s (%v)", request, got.status, got.body, err)
	}
	return m
}

// token returns the secret of a new token with some permissions.
func (a *api) token(t *testing.T, permissions ...string) string {
	t.Helper()
	return a.made(t, "POST /tokens", `{"name":"low","permissions":["`+strings.Join(permissions, `","`)+`"]}`).Secret
}
