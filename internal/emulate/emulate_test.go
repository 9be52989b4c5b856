package emulate_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
)

func options(dialects ...string) emulate.Options {
	return emulate.Options{
		Dialects: dialects, Users: 5, Seed: 1, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		NewID: func() (roster.ID, error) { return roster.NewID(roster.TimeOf(time.Now()), rand.Reader) },
	}
}

func start(t *testing.T, o emulate.Options) *emulate.Instance {
	t.Helper()
	i, err := emulate.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

// Each credential is answered as it says, by the curl line that stands there, under both contracts.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for _, contract := range []roster.Contract{roster.Documented, roster.Live} {
		o := options(emulate.Dialects()...)
		o.Contract, o.Users = contract, 30 // the eighth is an API client
		i := start(t, o)
		for _, api := range i.APIs {
			counting := 0
			for _, c := range api.Credentials {
				if c.Status == http.StatusOK {
					counting++
				}
				if got := curlStatus(t, c.Curl); got != c.Status {
					t.Errorf("%s, %s: %s is answered %d, want %d", contract, api.Dialect, c.Name, got, c.Status)
				}
			}
			if refused := len(api.Credentials) - counting; counting == 0 || refused < 3 {
				t.Errorf("%s: %d credentials count and %d are refused, want some and 3 at least", api.Dialect, counting, refused)
			}
		}
	}
}

// Who is refused belongs to no organization, and is yet answered by the contract.
func TestRefusedByTheContract(t *testing.T) {
	t.Parallel()
	for contract, want := range map[roster.Contract]string{
		roster.Documented: "Invalid token", roster.Live: "Unauthorized",
	} {
		o := options("kaiten")
		o.Contract = contract
		url := start(t, o).APIs[0].BaseURL + "/api/latest/company/users"
		if got := string(ask(t, http.MethodGet, url, emulate.Credential{Header: "X-None"})); got != want {
			t.Errorf("%s: got %q, want %q", contract, got, want)
		}
	}
}

// TestCurrentUser asks whose the token is, and has that user change and remove others, as administrators can.
func TestCurrentUser(t *testing.T) {
	t.Parallel()
	o := options("kaiten")
	o.Users = 40
	api := start(t, o).APIs[0]
	url, by := api.BaseURL+"/api/latest", api.Credentials[0]
	if got := string(ask(t, http.MethodGet, url+"/users/current", by)); !strings.Contains(got, `"role":1,`) {
		t.Errorf("the current user is not the owner: %s", got)
	}
	var virtual []struct{ ID int64 }
	if err := json.Unmarshal(ask(t, http.MethodGet, url+"/company/users?only_virtual=1", by), &virtual); err != nil {
		t.Fatal(err)
	}
	if len(virtual) == 0 {
		t.Fatal("there is no virtual user")
	}
	want := fmt.Sprintf(`{"id":%d}`, virtual[0].ID)
	removed := ask(t, http.MethodDelete, fmt.Sprintf("%s/company/users/%d", url, virtual[0].ID), by)
	if string(removed) != want {
		t.Errorf("removed %s, want %s", removed, want)
	}
}

// sixEye tells the version of its software, which clients may read.
func TestVersion(t *testing.T) {
	t.Parallel()
	o := options("sixeye")
	o.Software = "1.4.0"
	api := start(t, o).APIs[0]
	got := string(ask(t, http.MethodGet, api.BaseURL+"/version", api.Credentials[0]))
	if !strings.Contains(got, `"backendVersion":"1.4.0"`) {
		t.Errorf("got %s", got)
	}
}

// curlStatus runs a line that a user would paste into a shell, and returns the status of the answer.
func curlStatus(t *testing.T, line string) int {
	t.Helper()
	at := strings.LastIndex(line, "curl -sS")
	line = line[:at] + "curl -sS -o /dev/null -w '%{http_code}'" + line[at+len("curl -sS"):]
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	status, err := strconv.Atoi(string(out))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func TestSummary(t *testing.T) {
	t.Parallel()
	i := start(t, options("sixeye", "kaiten"))
	if got := i.Inspector().Counts(); len(got) != 0 {
		t.Errorf("before anything was asked for: %v", got)
	}
	kaiten := i.APIs[1]
	for range 2 {
		ask(t, http.MethodGet, kaiten.BaseURL+"/api/latest/company/users?limit=5", kaiten.Credentials[0])
	}
	ask(t, http.MethodHead, kaiten.BaseURL+"/api/v1/company/users", kaiten.Credentials[0])
	ask(t, http.MethodPost, kaiten.BaseURL+"/nothing", kaiten.Credentials[0])
	want := []inspect.Count{
		{Dialect: "kaiten", Method: "HEAD", Path: "/api/latest/company/users", Status: 200, Requests: 1},
		{Dialect: "kaiten", Method: "GET", Path: "/api/latest/company/users", Status: 200, Requests: 2},
		{Dialect: "kaiten", Method: "POST", Path: "/nothing", Status: 404, Requests: 1},
	}
	got := i.Inspector().Counts()
	byUse := cmp.Transformer("map", func(list []inspect.Count) map[inspect.Count]bool {
		all := map[inspect.Count]bool{}
		for _, c := range list {
			all[c] = true
		}
		return all
	})
	if diff := cmp.Diff(want, got, byUse); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A client that asks for anything does not make the summary grow without end.
func TestTheSummaryIsBounded(t *testing.T) {
	t.Parallel()
	i := start(t, options("sixeye"))
	for n := range 130 {
		ask(t, http.MethodGet, i.APIs[0].BaseURL+"/"+strconv.Itoa(n), i.APIs[0].Credentials[0])
	}
	all := 0
	got := i.Inspector().Counts()
	for _, c := range got {
		all += c.Requests
	}
	if all != 130 || len(got) > 101 {
		t.Errorf("%d requests in %d lines, want 130 in at most 101", all, len(got))
	}
}

// ask returns the body of the answer.
func ask(t *testing.T, method, url string, c emulate.Credential) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(c.Header, c.Value)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return body
}

// The vendors' limits count: Flxpoint's bucket holds 40 requests.
func TestLimitsCount(t *testing.T) {
	t.Parallel()
	i := start(t, options("flxpoint"))
	for range 60 {
		ask(t, http.MethodGet, i.APIs[0].BaseURL+"/account", i.APIs[0].Credentials[0])
	}
	for _, c := range i.Inspector().Counts() {
		if c.Status == http.StatusTooManyRequests {
			return
		}
	}
	t.Errorf("60 requests at once are not limited: %v", i.Inspector().Counts())
}

func TestCloseRemovesKeys(t *testing.T) {
	t.Parallel()
	o := options("fipto")
	o.Users = 10
	i := start(t, o)
	file := i.APIs[0].Credentials[0].KeyFile
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the key is left: %v", err)
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	taken := start(t, options("sixeye"))
	_, port, _ := strings.Cut(strings.TrimPrefix(taken.APIs[0].BaseURL, "http://"), ":")
	for want, change := range map[string]func(*emulate.Options){
		"dialects: must name one or more of flxpoint, kaiten, sixeye, d3lay, fipto": func(o *emulate.Options) {
			o.Dialects = nil
		},
		`dialects: must be one of flxpoint, kaiten, sixeye, d3lay, fipto, not "x"`: func(o *emulate.Options) {
			o.Dialects = []string{"x"}
		},
		"dialects: has kaiten twice":                      func(o *emulate.Options) { o.Dialects = []string{"kaiten", "kaiten"} },
		`contract: must be documented or live, not "old"`: func(o *emulate.Options) { o.Contract = "old" },
		"users: must be from 0 to 100000000":              func(o *emulate.Options) { o.Users = -1 },
		"port: must be from 0 to 65535, for the last dialect as well": func(o *emulate.Options) {
			o.Port = 65536
		},
		"emulate kaiten: listen tcp 127.0.0.1:" + port + ": bind: address already in use": func(o *emulate.Options) {
			o.Port, _ = strconv.Atoi(port)
		},
	} {
		o := options("kaiten")
		change(&o)
		i, err := emulate.Start(t.Context(), o)
		if i != nil || err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The documentation is beside the API: faults spare it, nobody counts it, and its token reads the users.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	o := options("kaiten")
	rule, err := fault.ParseRule("kind=status,status=503")
	if err != nil {
		t.Fatal(err)
	}
	o.Faults = &fault.Plan{Rules: []fault.Rule{rule}}
	i := start(t, o)
	api, none := i.APIs[0], emulate.Credential{Header: "X-None"}
	reference := string(ask(t, http.MethodGet, api.BaseURL+"/docs/api/kaiten", none))
	if !strings.Contains(reference, `data-document="/openapi.json"`) {
		t.Errorf("got the reference %s", reference)
	}
	var visitor struct{ Token string }
	if err := json.Unmarshal(ask(t, http.MethodPost, api.BaseURL+"/docs/token", none), &visitor); err != nil {
		t.Fatal(err)
	}
	if requests := i.Inspector().Requests(0); len(requests) > 0 {
		t.Errorf("reading is judged: %v", requests)
	}
	if err := i.SetFaults(&fault.Plan{}); err != nil {
		t.Fatal(err)
	}
	users := ask(t, http.MethodGet, api.BaseURL+"/api/latest/company/users",
		emulate.Credential{Header: "Authorization", Value: "Bearer " + visitor.Token})
	if !strings.Contains(string(users), `"email":`) {
		t.Errorf("a visitor reads %s", users)
	}
}
