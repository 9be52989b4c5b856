package rostertest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/rostertest"
)

// get asks with a credential, and returns the status and the body of the answer.
func get(t *testing.T, s *rostertest.Server, path string, c rostertest.Credential) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Authorize(r); err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// names returns the names of the users whom d3lay lists.
func names(t *testing.T, s *rostertest.Server) (names []string) {
	t.Helper()
	status, body := get(t, s, "/users?page_size=100", s.Credential())
	var users []struct{ Name string }
	if err := json.Unmarshal([]byte(body), &users); err != nil || status != http.StatusOK {
		t.Fatalf("%d, %v in %s", status, err, body)
	}
	for _, u := range users {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	return names
}

// total returns how many users d3lay says that there are.
func total(t *testing.T, s *rostertest.Server) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.URL+"/users", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token())
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.Header.Get("X-Total-Count")
}

func person(name string) *roster.User {
	return &roster.User{Name: name, Email: strings.ToLower(name) + "@example.com"}
}

// Every dialect starts, and each of its credentials is answered as it says.
func TestCredentials(t *testing.T) {
	t.Parallel()
	for d, path := range map[rostertest.Dialect]string{
		rostertest.Flxpoint: "/account", rostertest.Kaiten: "/api/latest/company/users", rostertest.SixEye: "/users",
		rostertest.D3lay: "/users", rostertest.Fipto: "/companies/9de0691c-bc8d-409b-8f40-75d4f45db2f3/users",
	} {
		s := rostertest.Start(t, d, rostertest.Users(10))
		for _, c := range s.Credentials() {
			if status, body := get(t, s, path, c); status != c.Status {
				t.Errorf("%s: %s is answered %d, %s, want %d", d, c.Name, status, body, c.Status)
			}
		}
		if c := s.Credential(); c.Status != http.StatusOK || c.Secret != s.Token() || (c.Secret == "") != (c.Key != nil) {
			t.Errorf("%s: the first credential is %+v", d, c)
		}
	}
}

// There are as many users as the test asks for, those that it gives, or both.
func TestWhoIsThere(t *testing.T) {
	t.Parallel()
	for want, options := range map[string][]rostertest.Option{
		"200 ":     nil,
		"7 ":       {rostertest.Users(7)},
		"0 ":       {rostertest.Users(0)},
		"2 XanZoe": {rostertest.Given(person("Zoe")), rostertest.Given(person("Xan"))},
		"3 Zoe":    {rostertest.Given(person("Zoe")), rostertest.Users(2)},
	} {
		s := rostertest.Start(t, rostertest.D3lay, append(options, rostertest.Live, rostertest.Seed(3))...)
		got := total(t, s) + " "
		for _, name := range names(t, s) {
			if name == "Xan" || name == "Zoe" {
				got += name
			}
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What a case changes is put back when it ends, and what a test changes by a reset.
func TestIsolation(t *testing.T) {
	t.Parallel()
	s := rostertest.Start(t, rostertest.D3lay, rostertest.Given(person("Ann")))
	check := func(t *testing.T, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, names(t, s)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	s.Add(t, person("Bob"))
	for range 2 {
		t.Run("case", func(t *testing.T) {
			s.Isolate(t)
			made := s.Add(t, person("Cleo"), person("Dan"))
			check(t, "Ann", "Bob", "Cleo", "Dan")
			s.Do(t, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: made[0].ID}})
			check(t, "Ann", "Bob", "Dan")
			s.SetFaults(t, rostertest.Fault{Kind: rostertest.Status, Status: 503})
			s.SetClock(time.Hour)
		})
	}
	check(t, "Ann", "Bob")
	if off := time.Until(s.Now()); off > time.Minute {
		t.Errorf("the clock is %s ahead", off)
	}
	before := s.Snapshot(t)
	s.Reset(t)
	check(t, "Ann")
	s.Restore(t, before)
	check(t, "Ann", "Bob")
}

// Faults happen from the start or from when they are set, to the requests that they say.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := rostertest.Start(t, rostertest.D3lay, rostertest.Faults(
		rostertest.Fault{Kind: rostertest.Status, Status: 429, RetryAfter: time.Second, Requests: []int{2}},
	))
	statuses := func(n int) (list []int) {
		for range n {
			status, _ := get(t, s, "/users", s.Credential())
			list = append(list, status)
		}
		return list
	}
	if diff := cmp.Diff([]int{200, 429, 200}, statuses(3)); diff != "" || s.Happened("status") != 1 {
		t.Errorf("%d have happened; -want +got:\n%s", s.Happened("status"), diff)
	}
	s.SetFaults(t, rostertest.Fault{Kind: rostertest.HTML, Name: "proxy", Status: 502, Every: 2})
	if diff := cmp.Diff([]int{200, 502, 200, 502}, statuses(4)); diff != "" || s.Happened("proxy") != 2 {
		t.Errorf("%d have happened; -want +got:\n%s", s.Happened("proxy"), diff)
	}
	s.SetFaults(t)
	if diff := cmp.Diff([]int{200, 200}, statuses(2)); diff != "" || s.Happened("proxy") != 0 {
		t.Errorf("%d have happened; -want +got:\n%s", s.Happened("proxy"), diff)
	}
}

// All that a rule of a plan can say, a Fault can.
func TestFaultsAreRules(t *testing.T) {
	t.Parallel()
	var want, got []string
	for f := range reflect.TypeFor[fault.Rule]().Fields() {
		if f.Name != "Dialect" { // there is one
			want = append(want, f.Name)
		}
	}
	for f := range reflect.TypeFor[rostertest.Fault]().Fields() {
		got = append(got, f.Name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	kinds := []rostertest.FaultKind{
		rostertest.Latency, rostertest.Status, rostertest.Truncate, rostertest.Malform, rostertest.HTML, rostertest.Reset,
		rostertest.Drip, rostertest.ShiftPage, rostertest.Appear, rostertest.Disappear, rostertest.ExpireToken,
		rostertest.RevokeToken, rostertest.ShiftClock,
	}
	for i, k := range fault.Kinds() {
		if i >= len(kinds) || string(kinds[i]) != string(k) {
			t.Errorf("the kind %s is missing", k)
		}
	}
}

// failing is a test that notes what it is ended with.
type failing struct{ said string }

func (f *failing) Helper()        {}
func (f *failing) Cleanup(func()) {}

func (f *failing) Errorf(format string, args ...any) { f.said = fmt.Sprintf(format, args...) }

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	panic(f)
}

// What makes no sense ends the test and says why.
func TestMisuse(t *testing.T) {
	t.Parallel()
	s := rostertest.Start(t, rostertest.D3lay, rostertest.Users(1))
	before := names(t, s)
	for want, misuse := range map[string]func(t rostertest.T){
		`rostertest: start kaiden: dialects: must be one of flxpoint, kaiten,`: func(t rostertest.T) {
			rostertest.Start(t, "kaiden")
		},
		"rostertest: start kaiten: users: must be from 0 to 100000000": func(t rostertest.T) {
			rostertest.Start(t, rostertest.Kaiten, rostertest.Users(-3))
		},
		"rostertest: start kaiten: faults: rule 1: status: is required": func(t rostertest.T) {
			rostertest.Start(t, rostertest.Kaiten, rostertest.Faults(rostertest.Fault{Kind: rostertest.Status}))
		},
		"rostertest: start d3lay: change organization": func(t rostertest.T) {
			rostertest.Start(t, rostertest.D3lay, rostertest.Given(&roster.User{Name: "Ann"}))
		},
		"rostertest: user 2 of those given is nil": func(t rostertest.T) { s.Add(t, person("Bob"), nil) },
		`rostertest: faults: rule 1: path: must be one of /users, not "/user"`: func(t rostertest.T) {
			s.SetFaults(t, rostertest.Fault{Kind: rostertest.Reset, Path: "/user"})
		},
		"email: is required for a person": func(t rostertest.T) { s.Add(t, person("Bob"), &roster.User{Name: "Ann"}) },
	} {
		f := &failing{}
		func() {
			defer func() { _ = recover() }()
			misuse(f)
		}()
		if !strings.Contains(f.said, want) {
			t.Errorf("got %q, want %q", f.said, want)
		}
	}
	if diff := cmp.Diff(before, names(t, s)); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}

// A signature is of the API's clock, so that it counts whatever the clock shows; a token that has expired by then does not.
func TestClock(t *testing.T) {
	t.Parallel()
	s := rostertest.Start(t, rostertest.Fipto, rostertest.Users(0))
	const path = "/companies/9de0691c-bc8d-409b-8f40-75d4f45db2f3/users"
	for _, d := range []time.Duration{-48 * time.Hour, 48 * time.Hour} {
		s.SetClock(d)
		if status, body := get(t, s, path, s.Credential()); status != http.StatusOK {
			t.Errorf("%s: got %d, %s", d, status, body)
		}
	}
}

// What the client asks is there once it has the answer, without secrets, and is judged. All of it begins anew with what
// is put back.
func TestWhatTheClientDid(t *testing.T) {
	t.Parallel()
	s := rostertest.Start(t, rostertest.D3lay, rostertest.Users(250), rostertest.Faults(
		rostertest.Fault{Kind: rostertest.Status, Name: "busy", Status: 429, RetryAfter: time.Hour, Requests: []int{2}},
	))
	for range 3 {
		get(t, s, "/users?page_size=10&colour=red", s.Credential())
	}
	requests := s.Requests()
	if len(requests) != 3 {
		t.Fatalf("got %d requests, want 3", len(requests))
	}
	r := requests[1]
	if r.Number != 2 || r.Method != http.MethodGet || r.URL != "/users?page_size=10&colour=red" || r.Operation != "/users" ||
		r.Status != 429 || r.ResponseHeader.Get("Retry-After") != "3600" || !json.Valid([]byte(r.ResponseBody)) ||
		cmp.Diff([]string{"busy"}, r.Faults) != "" || r.At.IsZero() {
		t.Errorf("the second request is %+v", r)
	}
	if text := fmt.Sprint(requests, s.Findings()); strings.Contains(text, s.Token()) {
		t.Errorf("the token is shown: %s", text)
	}
	f := &failing{}
	s.RequireClean(f)
	for _, want := range []string{"warning: parameter-unknown at GET /users, colour (3 times", "no-back-off"} {
		if !strings.Contains(f.said, want) {
			t.Errorf("the test is told %s, want %s", f.said, want)
		}
	}
	s.Reset(t)
	if len(s.Requests())+len(s.Findings()) != 0 {
		t.Errorf("after a reset: %v, %v", s.Requests(), s.Findings())
	}
	s.RequireClean(t)
}
