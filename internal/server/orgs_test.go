package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/kaiten"
	"github.com/roster-dev/roster/internal/dialect/native"
	"github.com/roster-dev/roster/internal/server"
)

// newInstance returns a stand of two organizations, one and two, that takes changes, and the secret of an instance-wide
// token.
func newInstance(t *testing.T) (*stand, string) {
	t.Helper()
	s := newStand(t, nil, native.New(), kaiten.New())
	s.takeChanges()
	s.History, s.Audit = server.Histories(s.service), s.service
	s.Orgs, s.Server.Tokens.InstanceDialects = s.service, []string{"native"}
	two := roster.Organization{Slug: "two", Name: "Two"}
	if _, err := s.service.CreateOrg(t.Context(), roster.Operator(), two); err != nil {
		t.Fatal(err)
	}
	if err := s.service.EnsureInstance(t.Context()); err != nil {
		t.Fatal(err)
	}
	secret, err := roster.NewSecret(bytes.NewReader(bytes.Repeat([]byte{77}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.service.Do(t.Context(), roster.InstanceID(), roster.Operator(), roster.Create{Record: &roster.Token{
		Name: "ops", Kind: roster.TokenAccount, Permissions: roster.Permissions{roster.Everything},
		Hash: roster.HashSecret(secret),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s, secret
}

// call sends a request to the native API, as in "GET /users", with headers in pairs of names and values.
func (s *stand) call(t *testing.T, secret, what, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	method, path, _ := strings.Cut(what, " ")
	with := []func(*http.Request){bearer(secret), withBody(strings.NewReader(body))}
	for i := 0; i < len(headers); i += 2 {
		with = append(with, header(headers[i], headers[i+1]))
	}
	return send(t, s.Handler(), method, "/api/v1"+path, with...)
}

func TestOrganizationsAreMadeAndDeletedOnce(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	for _, request := range [][3]string{
		{"POST", "/orgs", `{"slug":"acme","name":"Acme"}`},
		{"DELETE", "/orgs/acme?confirm=acme", ""},
	} {
		key := request[0]
		first := s.keyed(t, secret, request, key)
		if first.Code > 299 {
			t.Fatalf("%v: got %d: %s", request, first.Code, first.Body)
		}
		for range 2 {
			again := s.keyed(t, secret, request, key)
			if diff := cmp.Diff(said(t, first), said(t, again)); diff != "" {
				t.Errorf("%v (-first +again):\n%s", request, diff)
			}
			if again.Header().Get(dialect.Replayed) != "true" || first.Header().Get(dialect.Replayed) != "" {
				t.Errorf("%v: the answer does not say that it is a repeated one, or the first one does", request)
			}
		}
	}
	other := s.keyed(t, secret, [3]string{"DELETE", "/orgs/acme?confirm=acme&dry_run=true", ""}, "DELETE")
	wantStatus(t, "the key of another request", other, http.StatusUnprocessableEntity)
	if orgs, err := s.service.Orgs(t.Context()); err != nil || len(orgs) != 2 {
		t.Errorf("%d organizations, %v, want 2", len(orgs), err)
	}
	made := s.keyed(t, secret, [3]string{"POST", "/orgs", `{"slug":"acme","name":"Acme"}`}, "POST")
	if made.Header().Get(dialect.Replayed) != "true" {
		t.Errorf("after the deletion the request that made it is answered %d, and not as the first time", made.Code)
	}
}

// An answer that was given of an organization is never given of another one that has come in its place.
func TestOrganizationThatIsMadeAgainIsAnotherOne(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	create := [3]string{"POST", "/orgs", `{"slug":"acme","name":"Acme"}`}
	wantStatus(t, "create", s.keyed(t, secret, create, "k"), http.StatusCreated)
	list := s.call(t, secret, "GET /orgs/acme/users", "")
	tag := list.Header().Get("Etag")
	wantStatus(t, "unchanged", s.call(t, secret, "GET /orgs/acme/users", "", "If-None-Match", tag),
		http.StatusNotModified)
	wantStatus(t, "delete", s.call(t, secret, "DELETE /orgs/acme?confirm=acme", ""), http.StatusNoContent)
	s.clock.advance(time.Duration(roster.KeptFor) * time.Millisecond)
	s.purge(t, 1)
	wantStatus(t, "create", s.keyed(t, secret, create, "k"), http.StatusCreated)
	wantStatus(t, "another", s.call(t, secret, "GET /orgs/acme/users", "", "If-None-Match", tag), http.StatusOK)
}

func TestWritesOfAnInstanceWideToken(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	const body = `{"email":"bob@example.com","name":"Bob"}`
	dry := s.call(t, secret, "POST /orgs/two/users?dry_run=true", body)
	wantStatus(t, "dry run", dry, http.StatusOK)
	made := s.call(t, secret, "POST /orgs/two/users", body, dialect.IdempotencyKey, "k", dialect.Reason, "hired")
	wantStatus(t, "create", made, http.StatusCreated)
	if want := "http://example.com/api/v1/orgs/two/users/"; !strings.HasPrefix(made.Header().Get("Location"), want) {
		t.Errorf("Location is %s, want it below %s", made.Header().Get("Location"), want)
	}
	again := s.call(t, secret, "POST /orgs/two/users", body, dialect.IdempotencyKey, "k", dialect.Reason, "hired")
	if again.Header().Get(dialect.Replayed) != "true" || again.Body.String() != made.Body.String() {
		t.Errorf("the repeated request is answered %d %s", again.Code, again.Body)
	}
	path, tag := "/orgs/two/users/email:bob@example.com", made.Header().Get("Etag")
	wantStatus(t, "get", s.call(t, secret, "GET "+path, "", "If-None-Match", tag), http.StatusNotModified)
	wantStatus(t, "patch", s.call(t, secret, "PATCH "+path, `{"name":"Rob"}`, "If-Match", tag), http.StatusOK)
	wantStatus(t, "patch again", s.call(t, secret, "PATCH "+path, `{"name":"Job"}`, "If-Match", tag),
		http.StatusPreconditionFailed)
	wantStatus(t, "other organization", s.call(t, secret, "GET /orgs/one/users/email:bob@example.com", ""),
		http.StatusNotFound)
	version := made.Header().Get(dialect.VersionHeader)
	wantStatus(t, "min_version", s.call(t, secret, "GET "+path+"?min_version="+version, ""), http.StatusOK)
	wantStatus(t, "min_version to come", s.call(t, secret, "GET "+path+"?min_version=99", ""),
		http.StatusServiceUnavailable)
	var audit struct {
		Items []struct {
			Actor     roster.ID `json:"actor"`
			ActorName string    `json:"actor_name"`
			Reason    string    `json:"reason"`
		} `json:"items"`
	}
	w := s.call(t, secret, "GET /orgs/two/audit", "")
	if err := json.Unmarshal(w.Body.Bytes(), &audit); err != nil {
		t.Fatal(err)
	}
	first := audit.Items[1]
	if first.ActorName != "ops (instance)" || first.Actor.IsZero() || first.Reason != "hired" {
		t.Errorf("the audit says %+v", first)
	}
}

func TestWalkOfAnInstanceWideTokenIsPinned(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	s.create(t, &roster.User{Name: "Bob", Email: "bob@example.com"})
	next := func(w *httptest.ResponseRecorder) string {
		var page struct {
			Total         int    `json:"total"`
			NextPageToken string `json:"next_page_token"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil || page.Total != 2 {
			t.Fatalf("%v: %d users in %s, want 2", err, page.Total, w.Body)
		}
		return page.NextPageToken
	}
	token := next(s.call(t, secret, "GET /orgs/one/users?page_size=1", ""))
	s.create(t, &roster.User{Name: "Carl", Email: "carl@example.com"})
	next(s.call(t, secret, "GET /orgs/one/users?page_size=1&page_token="+token, ""))
	wantStatus(t, "in another organization",
		s.call(t, secret, "GET /orgs/two/users?page_size=1&page_token="+token, ""), http.StatusBadRequest)
}

func TestInstanceWideTokensCountInNoVendorsDialect(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	wantStatus(t, "kaiten", s.get(t, "/kaiten/api/latest/company/users", secret), http.StatusUnauthorized)
	own := s.token(t, "own", everything)
	wantStatus(t, "kaiten with an own token", s.get(t, "/kaiten/api/latest/company/users", own), http.StatusOK)
	wantStatus(t, "below /orgs", s.get(t, "/kaiten/orgs/one/api/latest/company/users", own), http.StatusNotFound)
	s.Server.Tokens.InstanceDialects = nil
	wantStatus(t, "native without", s.get(t, "/api/v1/orgs/one/users", secret), http.StatusUnauthorized)
}

// What a token can't reach is answered to the byte as what does not exist.
func TestOutOfReachIsAsIfItDidNotExist(t *testing.T) {
	t.Parallel()
	s, wide := newInstance(t)
	own := s.token(t, "own", everything)
	for _, path := range []string{"", "/users", "/organization", "/users/number:1", "/changes", "/tokens", "/audit"} {
		wantStatus(t, "own"+path, s.call(t, own, "GET /orgs/one"+path, ""), http.StatusOK)
		there := s.call(t, own, "GET /orgs/two"+path, "")
		wantStatus(t, "another's"+path, there, http.StatusNotFound)
		for _, slug := range []string{"nobody", roster.InstanceSlug, "%7Einstance", "o%2Fne", "One"} {
			nobody := s.call(t, own, "GET /orgs/"+slug+path, "")
			if diff := cmp.Diff(said(t, there), said(t, nobody), ignoreRequestID()); diff != "" {
				t.Errorf("%s of %s (-another's +none):\n%s", path, slug, diff)
			}
			wantStatus(t, slug+path, s.call(t, wide, "GET /orgs/"+slug+path, ""), http.StatusNotFound)
		}
		wantStatus(t, "no token"+path, send(t, s.Handler(), "GET", "/api/v1/orgs/two"+path), http.StatusUnauthorized)
	}
	wantStatus(t, "nothing after the slash", s.call(t, own, "GET /orgs//users", ""), http.StatusNotFound)
	wantStatus(t, "twice", s.call(t, wide, "GET /orgs/one/orgs/two/users", ""), http.StatusNotFound)
}

func ignoreRequestID() cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == `["request_id"]` }, cmp.Ignore())
}

func TestPathOfAnOrganizationIsKnownToEveryPartOfTheServer(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	w := send(t, s.Handler(), http.MethodOptions, "/api/v1/orgs/one/users")
	if got, want := w.Header().Get("Allow"), "GET, HEAD, POST, OPTIONS"; got != want {
		t.Errorf("Allow is %q, want %q", got, want)
	}
	w = s.call(t, secret, "PUT /orgs/one/users", "")
	wantStatus(t, "method", w, http.StatusMethodNotAllowed)
	s.call(t, secret, "GET /orgs/one/users/email:ann@example.com", "")
	s.call(t, secret, "GET /orgs/rst_SecretInAWrongPlace/users", "")
	log := s.log.String()
	if !strings.Contains(log, `"path":"/api/v1/orgs/one/users/*"`) || strings.Contains(log, "SecretInAWrongPlace") {
		t.Errorf("the log has\n%s", log)
	}
}

func TestRevokedInstanceWideTokenCountsNoMoreAnywhere(t *testing.T) {
	t.Parallel()
	s, secret := newInstance(t)
	listener := httptest.NewServer(s.Handler())
	defer listener.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, listener.URL+"/api/v1/orgs/two/changes/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	defer response.Body.Close()
	id := s.instanceToken(t)
	wantStatus(t, "revoke", s.call(t, secret, "DELETE /tokens/"+id.String(), ""), http.StatusNoContent)
	wantStatus(t, "afterwards", s.call(t, secret, "GET /orgs/one/users", ""), http.StatusUnauthorized)
	two, err := s.service.OrgBySlug(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.service.Do(t.Context(), two.ID, roster.Operator(), roster.Create{Record: &roster.Group{Name: "G"}})
	if err != nil {
		t.Fatal(err)
	}
	var told strings.Builder
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
	}
	if !strings.Contains(told.String(), "event: problem") || strings.Contains(told.String(), `"group"`) {
		t.Errorf("the stream goes on after the token was revoked:\n%s", told.String())
	}
}

// instanceToken returns the id of the one instance-wide token.
func (s *stand) instanceToken(t *testing.T) roster.ID {
	t.Helper()
	view, err := s.service.View(t.Context(), roster.InstanceID())
	if err != nil {
		t.Fatal(err)
	}
	return view.Tokens()[0].ID
}
