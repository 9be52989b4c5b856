package isolation

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
	"github.com/roster-dev/roster/internal/dialect"
)

// refused holds a response to be the dialect's failure with a code, without anything of anybody. A public endpoint
// refuses nobody.
func (s *site) refused(t *testing.T, what string, code roster.Code, got *httptest.ResponseRecorder) {
	t.Helper()
	if s.endpoint.Public {
		s.notRefused(t, what, got)
	} else if want := s.statusOf(code); !slices.Contains(want, got.Code) {
		t.Errorf("%s: got status %d (%s), want one of %v", what, got.Code, got.Body, want)
	}
	if s.companyChanged || s.otherChanged {
		t.Errorf("%s: it changed an organization", what)
	}
	s.keeps(t, what, got, s.company)
	s.keeps(t, what, got, s.other)
	wantPublicWords(t, what, got)
}

// statusOf returns the statuses with which the dialect may answer a code: before the organization is known it speaks
// the documented contract.
func (s *site) statusOf(code roster.Code) []int {
	var statuses []int
	for _, contract := range []roster.Contract{roster.Documented, s.contract} {
		status := s.dialect.Fail(dialect.Failure{
			Error: roster.Errorf(code, "refused"), Status: s.dialect.Status(code), Contract: contract,
		}).Status
		if status < 400 || status >= 500 {
			status = -1 // no status fits
		}
		statuses = append(statuses, status)
	}
	return statuses
}

// notRefused holds a response to be no failure of ours and none of access: what is asked for may be missing or wrong.
func (s *site) notRefused(t *testing.T, what string, got *httptest.ResponseRecorder) {
	t.Helper()
	refusals := []int{
		http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusTooManyRequests,
	}
	if got.Code >= 500 || slices.Contains(refusals, got.Code) {
		t.Errorf("%s: got status %d (%s)", what, got.Code, got.Body)
	}
	if !s.writes() && !slices.Contains([]int{http.StatusOK, http.StatusNotFound}, got.Code) {
		t.Errorf("%s: got status %d (%s), want %d", what, got.Code, got.Body, http.StatusOK)
	}
	if got.Code >= 400 {
		wantPublicWords(t, what, got)
	}
}

// unknown holds a response about another organization's record to be the very one about a record that does not exist.
func (s *site) unknown(t *testing.T, what string, got, want *httptest.ResponseRecorder) {
	t.Helper()
	if got.Code != http.StatusNotFound || want.Code != http.StatusNotFound {
		t.Errorf("%s: got status %d (%s), want %d as for what does not exist (%d)",
			what, got.Code, got.Body, http.StatusNotFound, want.Code)
	}
	if g, w := withoutNames(got.Body.String()), withoutNames(want.Body.String()); g != w {
		t.Errorf("%s: got %s, but of what does not exist %s", what, g, w)
	}
	wantPublicWords(t, what, got)
}

// nothing is what nobody has.
func nothing() known {
	k := known{
		org:     roster.MustParseID("0190eeee-0000-7000-8000-000000000001"),
		slug:    "nobody",
		users:   map[string]roster.ID{"person": roster.MustParseID("0190eeee-0000-7000-8000-000000000002")},
		records: map[roster.Type]roster.ID{}, email: "nobody.person@none.example",
	}
	for i, typ := range append(roster.Types(), typeJob) {
		if typ == roster.TypeOrganization || typ == roster.TypeUser {
			continue
		}
		k.records[typ] = roster.ID{0x01, 0x90, 0xee, 0xef, 15: byte(i)}
	}
	return k
}

var names = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|email:[a-z.@]+`)

// withoutNames returns a body without the ids and references that the client itself has sent.
func withoutNames(body string) string { return names.ReplaceAllString(body, "NAME") }

// keeps holds a response to have no text of an organization, but for what the client itself has sent.
func (s *site) keeps(t *testing.T, what string, got *httptest.ResponseRecorder, k known) {
	t.Helper()
	sent, err := url.PathUnescape(what)
	if err != nil {
		t.Fatal(err)
	}
	shown := got.Body.String() + headerText(got)
	for _, text := range k.texts {
		if strings.Contains(shown, text) && !strings.Contains(sent, text) {
			t.Errorf("%s: status %d shows %q: %s", what, got.Code, text, shown)
		}
	}
}

func headerText(got *httptest.ResponseRecorder) string {
	var b strings.Builder
	for name, values := range got.Header() {
		b.WriteString(name + ": " + strings.Join(values, ", ") + "\n")
	}
	return b.String()
}

// wantPublicWords holds a failure to have nothing that is for the operator: causes, places in the code, secrets.
func wantPublicWords(t *testing.T, what string, got *httptest.ResponseRecorder) {
	t.Helper()
	shown := got.Body.String() + headerText(got)
	for _, word := range []string{
		"internal/", ".go:", "goroutine", "panic", "github.com", "0x", "sqlite", "SELECT", "rst_", "sha256",
		"look up", "nil pointer", auth.ErrMissing.Error(), auth.ErrMalformed.Error(), auth.ErrUnknown.Error(),
		auth.ErrExpired.Error(), auth.ErrRevoked.Error(), auth.ErrDialect.Error(), auth.ErrAddress.Error(),
		auth.ErrInactive.Error(), auth.ErrKey.Error(), auth.ErrSignature.Error(),
	} {
		if strings.Contains(shown, word) {
			t.Errorf("%s: status %d says %q: %s", what, got.Code, word, shown)
		}
	}
}
