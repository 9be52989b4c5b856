package server_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect/native"
)

// zeros is randomness for a single secret.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func withBody(body io.Reader) func(*http.Request) {
	return func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(body), -1
	}
}

func everything(t *roster.Token) { t.Permissions = roster.Permissions{roster.Everything} }

// newWriter returns a stand with Roster's own API and a token for everything.
func newWriter(t *testing.T) (*stand, string) {
	t.Helper()
	s := newStand(t, nil, native.New())
	return s, s.token(t, "everything", everything)
}

// takeChanges makes the stand's service the server's writer.
func (s *stand) takeChanges() {
	s.Writer, s.Random = s.service, zeros{}
}

func TestAServerWithoutAWriterRefusesChanges(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	for _, request := range [][3]string{
		{"POST", "/users", `{"email":"a@example.com","name":"A"}`},
		{"PATCH", "/users/number:1", `{"name":"A"}`},
		{"DELETE", "/users/number:1"},
		{"POST", "/tokens", `{"name":"t"}`},
		{"POST", "/import", `{"email":"a@example.com","name":"A"}`},
		{"POST", "/import?dry_run=true", `{"email":"a@example.com","name":"A"}`},
	} {
		w := send(t, s.Handler(), request[0], "/api/v1"+request[1], bearer(secret), withBody(strings.NewReader(request[2])))
		wantStatus(t, request[0]+" "+request[1], w, http.StatusServiceUnavailable)
	}
	w := s.get(t, "/api/v1/users", secret)
	wantStatus(t, "GET", w, http.StatusOK)
}

func TestBodiesHaveALimitHoweverTheyAreSent(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	for body, want := range map[string]int{
		`{"email":"a@example.com","name":"A"}` + strings.Repeat(" ", 1<<20): http.StatusRequestEntityTooLarge,
		`{"email":"b@example.com","name":"B"}`:                              http.StatusCreated,
	} {
		w := send(t, s.Handler(), http.MethodPost, "/api/v1/users", bearer(secret), withBody(strings.NewReader(body)))
		wantStatus(t, body[:20], w, want)
	}
	broken := io.MultiReader(strings.NewReader(`{"email":`), cutOff{errors.New("connection reset")})
	w := send(t, s.Handler(), http.MethodPost, "/api/v1/users", bearer(secret), withBody(broken))
	wantStatus(t, "half a body", w, http.StatusBadRequest)
}

type cutOff struct{ err error }

func (f cutOff) Read([]byte) (int, error) { return 0, f.err }

// A token is counted, and refused, before its body is read.
func TestABodyIsNotReadForNothing(t *testing.T) {
	t.Parallel()
	s, _ := newWriter(t)
	s.takeChanges()
	reader := s.token(t, "reader")
	for _, secret := range []string{"", reader} {
		w := send(t, s.Handler(), http.MethodPost, "/api/v1/users", bearer(secret), withBody(panicking{}))
		if w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden {
			t.Errorf("status = %d, want 401 or 403", w.Code)
		}
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("the body was read") }

func TestAWriteIsSeenByItsOwnResponseAndByEveryLaterRead(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	w := send(t, s.Handler(), http.MethodPost, "/api/v1/import", bearer(secret),
		withBody(strings.NewReader(`{"email":"a@example.com","name":"A"}`)))
	wantStatus(t, "POST", w, http.StatusOK)
	var imported, listed struct{ Version roster.Version }
	if err := json.Unmarshal(w.Body.Bytes(), &imported); err != nil {
		t.Fatal(err)
	}
	w = s.get(t, "/api/v1/users", secret)
	if err := json.Unmarshal(w.Body.Bytes(), &listed); err != nil {
		t.Fatal(err)
	}
	if imported != listed || !strings.Contains(w.Body.String(), `"a@example.com"`) {
		t.Errorf("imported at version %d, then listed at %d: %s", imported.Version, listed.Version, w.Body)
	}
}

func TestOptionsFollowFromTheTable(t *testing.T) {
	t.Parallel()
	s, _ := newWriter(t)
	own, err := s.DialectHandler("native")
	if err != nil {
		t.Fatal(err)
	}
	preflight := func(r *http.Request) {
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Access-Control-Request-Method", http.MethodPatch)
	}
	for path, want := range map[string]string{
		"/users":          "GET, HEAD, POST, OPTIONS",
		"/users/number:1": "DELETE, GET, HEAD, PATCH, OPTIONS",
		"/import":         "POST, OPTIONS",
		"/openapi.json":   "GET, HEAD, OPTIONS",
		"/nowhere":        "GET, HEAD, OPTIONS",
	} {
		for prefix, h := range map[string]http.Handler{"": own, "/api/v1": s.Handler()} {
			w := send(t, h, http.MethodOptions, prefix+path, preflight)
			for _, name := range []string{"Allow", "Access-Control-Allow-Methods"} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s of %s%s = %q, want %q", name, prefix, path, got, want)
				}
			}
		}
	}
}

func TestTheLogHasNothingOfABody(t *testing.T) {
	t.Parallel()
	s, secret := newWriter(t)
	s.takeChanges()
	for _, body := range []string{
		`{"email":"private","name":"private"}`, `{"private":1}`, `{"email":"private@example.com"}`, `private`,
	} {
		w := send(t, s.Handler(), http.MethodPost, "/api/v1/users", bearer(secret), withBody(strings.NewReader(body)))
		wantStatus(t, body, w, http.StatusBadRequest)
	}
	if log := s.log.String(); strings.Contains(log, "private") || !strings.Contains(log, `"status":400`) {
		t.Errorf("the log has what the client sent, or nothing: %s", log)
	}
}
