package emulate_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/control"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
)

// controlled starts dialects with a control API.
func controlled(t *testing.T, users int, dialects ...string) *emulate.Instance {
	t.Helper()
	o := options(dialects...)
	o.Users, o.Control = users, "127.0.0.1:0"
	return start(t, o)
}

// tell sends the control API a request and returns what it answers.
func tell(t *testing.T, i *emulate.Instance, method, path, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, i.ControlURL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(got.Body)
	if err = errors.Join(err, got.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(text)
}

// told is tell of what must succeed.
func told(t *testing.T, i *emulate.Instance, method, path, body string) string {
	t.Helper()
	status, answer := tell(t, i, method, path, body)
	if status >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d, %s", method, path, status, answer)
	}
	return answer
}

// user is somebody in Roster's own form.
func user(name string) string { return `{"name":"` + name + `","email":"` + name + `@example.com"}` }

func stateOf(t *testing.T, i *emulate.Instance) (s emulate.State) {
	t.Helper()
	if err := json.Unmarshal([]byte(told(t, i, http.MethodGet, "/_roster", "")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// The guide has the table of the control API.
func TestControlGuide(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/guides/control.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, r := range controlled(t, 1, "sixeye").Routes() {
		fmt.Fprintf(&want, "| `%s %s%s` | %s |\n", r.Method, control.Root, r.Path, r.Doc)
	}
	if !strings.Contains(string(page), want.String()) {
		t.Errorf("docs/guides/control.md lacks this:\n%s", want.String())
	}
}

// A test can have exactly the users that it needs, and take them away again.
func TestFixtures(t *testing.T) {
	t.Parallel()
	i := controlled(t, 0, "d3lay")
	for _, name := range []string{"Ann", "Bob", "Cleo"} {
		told(t, i, http.MethodPost, "/api/v1/users", user(name))
	}
	if got := fetch(t, i.APIs[0], "/users"); got.header.Get("X-Total-Count") != "3" || !strings.Contains(got.body, `"Cleo"`) {
		t.Errorf("got %+v, want three users", got)
	}
	if s := stateOf(t, i); s.Users != 3 || s.ControlURL != i.ControlURL || len(s.APIs) != 1 ||
		!slices.Equal(s.APIs[0].Credentials, i.APIs[0].Credentials) {
		t.Errorf("the state is %+v", s)
	}
	told(t, i, http.MethodPost, "/_roster/reset", "")
	if got := fetch(t, i.APIs[0], "/users"); got.header.Get("X-Total-Count") != "0" {
		t.Errorf("after a reset: got %+v, want nobody", got)
	}
}

// However few users are asked for, there is the API client who signs.
func TestWhoSignsIsThere(t *testing.T) {
	t.Parallel()
	for _, users := range []int{0, 7, 8} {
		i := controlled(t, users, "fipto", "kaiten")
		if got := curlStatus(t, i.APIs[0].Credentials[0].Curl); got != http.StatusOK {
			t.Errorf("%d users: a signature is answered %d", users, got)
		}
		told(t, i, http.MethodPost, "/api/v1/users", user("Next")) // whose number nobody has
		if s := stateOf(t, i); s.Users != max(users, min(users, 7)+1)+1 {
			t.Errorf("%d users: there are %d after another one", users, s.Users)
		}
	}
}

// The plan is replaced as a whole or not at all, and its numbers begin anew.
func TestFaultsAreReplaced(t *testing.T) {
	t.Parallel()
	i := controlled(t, 5, "sixeye")
	const second = `{"seed":1,"rules":[{"kind":"status","requests":[2],"status":503}]}`
	for range 2 {
		told(t, i, http.MethodPut, "/_roster/faults", second)
		for n, want := range []int{200, 503, 200} {
			if got := fetch(t, i.APIs[0], "/users"); got.status != want {
				t.Errorf("request %d is answered %d, want %d", n+1, got.status, want)
			}
		}
	}
	for body, want := range map[string]string{
		`{"rules":[{"kind":"rest"}]}`:                    "rule 1: kind: must be one of",
		"{\n  \"rules\": [}":                             "at line 2, column 13: invalid character '}'",
		`{"rules":[{"kind":"reset","path":"/nothing"}]}`: "rule 1: path: must be one of /users, /users/{user_uuid}, /version, not",
		`{"rules":[],"roles":[]}`:                        `unknown field \"roles\"`,
	} {
		if status, got := tell(t, i, http.MethodPut, "/_roster/faults", body); status != 400 || !strings.Contains(got, want) {
			t.Errorf("%s: got %d, %s, want %s", body, status, got, want)
		}
	}
	const kept = `{"plan":` + second + `,"happened":[{"rule":"status","requests":1}]}` + "\n"
	if got := told(t, i, http.MethodGet, "/_roster/faults", ""); got != kept {
		t.Errorf("got %s, want %s", got, kept)
	}
	told(t, i, http.MethodDelete, "/_roster/faults", "")
	if got := told(t, i, http.MethodGet, "/_roster/faults", ""); got != `{"plan":{"seed":0,"rules":[]},"happened":[]}`+"\n" {
		t.Errorf("got %s", got)
	}
}

// Snapshots are kept, put back as often as one likes, and forgotten.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	i := controlled(t, 5, "sixeye")
	told(t, i, http.MethodPost, "/_roster/snapshots/five", "")
	told(t, i, http.MethodPost, "/api/v1/users", user("Six"))
	told(t, i, http.MethodPost, "/_roster/snapshots/six", "")
	for range 2 {
		for name, want := range map[string]int{"five": 5, "six": 6} {
			told(t, i, http.MethodPost, "/_roster/snapshots/"+name+":restore", "")
			told(t, i, http.MethodPost, "/api/v1/users", user("More"))
			if s := stateOf(t, i); s.Users != want+1 || cmp.Diff([]string{"five", "six"}, s.Snapshots) != "" {
				t.Errorf("after %s and another user: %d users, snapshots %v", name, s.Users, s.Snapshots)
			}
		}
	}
	told(t, i, http.MethodDelete, "/_roster/snapshots/five", "")
	for path, want := range map[string]int{
		"/_roster/snapshots/five:restore": 404, "/_roster/snapshots/a%2Fb": 400,
		"/_roster/snapshots/" + strings.Repeat("x", 101): 400,
	} {
		if status, got := tell(t, i, http.MethodPost, path, ""); status != want {
			t.Errorf("%s: got %d, %s, want %d", path, status, got, want)
		}
	}
	if status, _ := tell(t, i, http.MethodDelete, "/_roster/snapshots/five", ""); status != http.StatusNotFound {
		t.Errorf("a snapshot is forgotten twice: %d", status)
	}
}

// A test that makes snapshots without end is told so.
func TestSnapshotsAreBounded(t *testing.T) {
	t.Parallel()
	i := controlled(t, 1, "sixeye")
	for n := range 100 {
		if err := i.Snapshot(t.Context(), strings.Repeat("x", n+1)); err != nil {
			t.Fatal(err)
		}
	}
	if status, got := tell(t, i, http.MethodPost, "/_roster/snapshots/y", ""); status != http.StatusConflict {
		t.Errorf("another one: got %d, %s", status, got)
	}
	told(t, i, http.MethodPost, "/_roster/snapshots/x", "") // in the place of the one that there is
}

// The clock is where it was told to be, and a reset puts it back.
func TestClockIsMoved(t *testing.T) {
	t.Parallel()
	i := controlled(t, 10, "fipto")
	signature := i.APIs[0].Credentials[0]
	for _, c := range []struct {
		path, body string
		want       int
	}{
		{"/_roster/clock", `{"shift":"25h"}`, 401},
		{"/_roster/clock", `{"shift":"0s"}`, 200},
		{"/_roster/clock", `{"shift":"-25h"}`, 401},
		{"/_roster/reset", "", 200},
	} {
		method := http.MethodPut
		if c.path == "/_roster/reset" {
			method = http.MethodPost
		}
		told(t, i, method, c.path, c.body)
		if got := curlStatus(t, signature.Curl); got != c.want {
			t.Errorf("%+v: a signature is answered %d", c, got)
		}
	}
	for _, body := range []string{"", "{}", `{"shift":"soon"}`, `{"shift":3}`} {
		if status, got := tell(t, i, http.MethodPut, "/_roster/clock", body); status != 400 || !strings.Contains(got, `"#/shift"`) {
			t.Errorf("%q: got %d, %s", body, status, got)
		}
	}
	if s := stateOf(t, i); s.Clock.Shift != fault.Duration(0) {
		t.Errorf("the clock is moved by %v", s.Clock.Shift)
	}
}
