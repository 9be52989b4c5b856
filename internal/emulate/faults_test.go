package emulate_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
)

// answer is what a client sees of an answer.
type answer struct {
	status int
	header http.Header
	body   string
	err    error // of the request, or of reading the body
}

func (a answer) isJSON() bool { return json.Valid([]byte(a.body)) }

func fetch(t *testing.T, api *emulate.API, path string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.BaseURL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(api.Credentials[0].Header, api.Credentials[0].Value)
	r.Close = true // else the client asks again by itself where a connection that was used before is reset
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, string(body), err}
}

// faulty starts one dialect with one rule, whose fault happens to the second request.
func faulty(t *testing.T, name, rule string) (*emulate.Instance, *emulate.API) {
	t.Helper()
	r, err := fault.ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	r.Requests = []int{2}
	o := options(name)
	o.Users, o.Faults = 40, &fault.Plan{Rules: []fault.Rule{r}}
	i := start(t, o)
	return i, i.APIs[0]
}

const d3layUsers = "/users?page_size=10"

// Each fault that is about one answer, as a client of it sees it over a real connection. The requests before and after
// are answered as ever.
func TestFaultsOfAnswers(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]func(got, good answer) bool{
		"kind=status,status=429,retry_after=1500ms": func(got, _ answer) bool {
			return got.status == 429 && got.header.Get("Retry-After") == "2" && got.isJSON()
		},
		"kind=status,status=500": func(got, _ answer) bool { return got.status == 500 && got.isJSON() },
		"kind=status,status=502": func(got, _ answer) bool { return got.status == 502 && got.isJSON() },
		"kind=status,status=401": func(got, _ answer) bool { return got.status == 401 && got.isJSON() },
		"kind=truncate": func(got, good answer) bool {
			return got.status == 200 && errors.Is(got.err, io.ErrUnexpectedEOF) && got.body == good.body[:len(good.body)/2]
		},
		"kind=truncate,bytes=7": func(got, good answer) bool {
			return errors.Is(got.err, io.ErrUnexpectedEOF) && got.body == good.body[:7]
		},
		"kind=malform": func(got, good answer) bool {
			return got.err == nil && got.status == 200 && len(got.body) == len(good.body) && good.isJSON() && !got.isJSON()
		},
		"kind=html": func(got, _ answer) bool {
			return got.status == 200 && got.header.Get("Content-Type") == "text/html; charset=utf-8" &&
				strings.Contains(got.body, "<h1>Maintenance</h1>")
		},
		"kind=html,status=502": func(got, _ answer) bool {
			return got.status == 502 && strings.Contains(got.body, "<h1>Bad Gateway</h1>")
		},
		"kind=reset":          func(got, _ answer) bool { return got.status == 0 && errors.Is(got.err, syscall.ECONNRESET) },
		"kind=reset,bytes=20": func(got, _ answer) bool { return errors.Is(got.err, syscall.ECONNRESET) },
		"kind=drip,mean=1us,bytes=100": func(got, good answer) bool {
			return got.err == nil && got.body == good.body && got.status == 200
		},
	} {
		_, api := faulty(t, "d3lay", rule)
		first, broken, last := fetch(t, api, d3layUsers), fetch(t, api, d3layUsers), fetch(t, api, d3layUsers)
		if first.status != 200 || first.err != nil || last.body != first.body {
			t.Errorf("%s: the first is %+v, the last %+v, want both answered", rule, first, last)
		}
		if !want(broken, first) {
			t.Errorf("%s is answered %+v", rule, broken)
		}
	}
}

// Every vendor's refusals are in the vendor's form, under the status that the rule says.
func TestFaultsInTheVendorsForm(t *testing.T) {
	t.Parallel()
	o := options("flxpoint", "kaiten", "sixeye", "d3lay")
	o.Faults = &fault.Plan{Rules: []fault.Rule{
		{Kind: fault.Status, Status: 429, Requests: []int{1}}, {Kind: fault.Status, Status: 503, Requests: []int{2}},
	}}
	for _, api := range start(t, o).APIs {
		path := map[string]string{
			"flxpoint": "/account/users", "kaiten": "/api/latest/company/users", "sixeye": "/users", "d3lay": "/users",
		}[api.Dialect]
		for _, want := range []int{429, 503, 200} {
			got := fetch(t, api, path)
			inForm := got.isJSON()
			if api.Dialect == "kaiten" && want == http.StatusTooManyRequests {
				inForm = got.body == "Too many requests, please try again later."
			}
			if got.status != want || !inForm {
				t.Errorf("%s: got %d, %s, want %d", api.Dialect, got.status, got.body, want)
			}
		}
	}
}

// The time that requests and pieces of a body wait is what the rule says, or more.
func TestFaultsTakeTime(t *testing.T) {
	t.Parallel()
	for rule, least := range map[string]time.Duration{
		"kind=latency,mean=60ms":          60 * time.Millisecond,
		"kind=drip,mean=20ms,bytes=10000": 20 * time.Millisecond,
	} {
		_, api := faulty(t, "sixeye", rule)
		fetch(t, api, "/users")
		began := time.Now()
		if got := fetch(t, api, "/users"); got.status != 200 || !got.isJSON() || len(got.body) <= 10_000 {
			t.Errorf("%s: got %d and %d bytes, want all of more than 10,000", rule, got.status, len(got.body))
		}
		if took := time.Since(began); took < least {
			t.Errorf("%s: it takes %s, want %s at least", rule, took, least)
		}
	}
}

// identifiers are those of the users in an answer.
func identifiers(t *testing.T, a answer) (list []string) {
	t.Helper()
	var users []struct{ ID string }
	if err := json.Unmarshal([]byte(a.body), &users); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	for _, u := range users {
		list = append(list, u.ID)
	}
	return list
}

// A page that is shifted is another one, in the numbers of pages as in offsets, and none is before the first.
func TestShiftedPages(t *testing.T) {
	t.Parallel()
	_, api := faulty(t, "d3lay", "kind=shift_page,by=-1")
	one, again, two := fetch(t, api, d3layUsers), fetch(t, api, d3layUsers+"&page=2"), fetch(t, api, d3layUsers+"&page=2")
	if diff := cmp.Diff(identifiers(t, one), identifiers(t, again)); diff != "" || two.body == one.body {
		t.Errorf("page 2 is not page 1 once (-1 +2):\n%s", diff)
	}
	const kaiten = "/api/latest/company/users?for_members_section=true&limit=5&offset="
	i, api := faulty(t, "kaiten", "kind=shift_page,by=2")
	want, got := fetch(t, api, kaiten+"7"), fetch(t, api, kaiten+"5")
	if want.body != got.body || want.status != 200 {
		t.Errorf("offset 5 and 2 are %s, want %s", got.body, want.body)
	}
	if diff := cmp.Diff([]fault.Count{{Rule: "shift_page", Requests: 1}}, i.Faults()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	i, api = faulty(t, "d3lay", "kind=shift_page,by=-1")
	if one, two := fetch(t, api, d3layUsers), fetch(t, api, d3layUsers); one.body != two.body || i.Faults()[0].Requests != 0 {
		t.Errorf("the first page is shifted: %v", i.Faults())
	}
}

// Users who come and go between the pages of a walk are seen by it.
func TestUsersComeAndGo(t *testing.T) {
	t.Parallel()
	for rule, change := range map[string]int{
		"kind=appear": 1, "kind=appear,users=3": 3, "kind=disappear": -1, "kind=disappear,users=100": -39,
	} {
		_, api := faulty(t, "d3lay", rule)
		for n, want := range []int{40, 40 + change} {
			got := fetch(t, api, d3layUsers+"&page="+strconv.Itoa(n+1))
			if total := got.header.Get("X-Total-Count"); total != strconv.Itoa(want) {
				t.Errorf("%s: page %d tells of %s users, want %d", rule, n+1, total, want)
			}
		}
	}
}

// A token that has expired or was revoked is refused from then on.
func TestTokensEnd(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"kind=expire_token", "kind=revoke_token"} {
		_, api := faulty(t, "kaiten", rule)
		for n, want := range []int{200, 401, 401} {
			if got := fetch(t, api, "/api/latest/company/users"); got.status != want {
				t.Errorf("%s: request %d is answered %d, want %d", rule, n+1, got.status, want)
			}
		}
	}
}

// The Date of an answer shows the server's clock.
func TestShiftedClock(t *testing.T) {
	t.Parallel()
	_, api := faulty(t, "sixeye", "kind=shift_clock,shift=-48h")
	for n, want := range []time.Duration{0, -48 * time.Hour, -48 * time.Hour} {
		got := fetch(t, api, "/users")
		at, err := http.ParseTime(got.header.Get("Date"))
		if off := time.Until(at) - want; err != nil || off < -time.Hour || off > time.Hour {
			t.Errorf("request %d is answered at %s (%v), want %s from now", n+1, at, err, want)
		}
	}
}

// What was injected is counted, by the names of rules; a connection that is reset has no status.
func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	o := options("sixeye")
	o.Faults = &fault.Plan{Rules: []fault.Rule{
		{Name: "cut", Kind: fault.Reset, Every: 2}, {Kind: fault.HTML, Requests: []int{2, 3}},
	}}
	i := start(t, o)
	for range 4 {
		fetch(t, i.APIs[0], "/users")
	}
	want := []fault.Count{{Rule: "cut", Requests: 2}, {Rule: "html", Requests: 1}}
	if diff := cmp.Diff(want, i.Faults()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	counts := []inspect.Count{
		{Dialect: "sixeye", Method: "GET", Path: "/users", Status: 0, Requests: 2},
		{Dialect: "sixeye", Method: "GET", Path: "/users", Status: 200, Requests: 2},
	}
	if diff := cmp.Diff(counts, i.Inspector().Counts()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A signed request is still one for a page that is shifted, and too old where the clock has gone on.
func TestFaultsOfSignedRequests(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string][2]int{
		"kind=shift_page,by=1":         {200, 200},
		"kind=shift_clock,shift=25h":   {200, 401},
		"kind=shift_clock,shift=-25h":  {200, 401},
		"kind=revoke_token":            {200, 200}, // there is none
		"kind=status,status=403,for=2": {200, 403},
	} {
		i, api := faulty(t, "fipto", rule)
		at := slices.IndexFunc(api.Credentials, func(c emulate.Credential) bool { return c.KeyFile != "" })
		for n, want := range want {
			if got := curlStatus(t, api.Credentials[at].Curl); got != want {
				t.Errorf("%s: request %d is answered %d, want %d", rule, n+1, got, want)
			}
		}
		if got := i.Faults()[0].Requests; got != 1 {
			t.Errorf("%s happens %d times, want once", rule, got)
		}
	}
}

// Users come and go at any time that the clock shows.
func TestUsersComeAtAnyTime(t *testing.T) {
	t.Parallel()
	o := options("d3lay")
	o.Faults = &fault.Plan{Rules: []fault.Rule{
		{Kind: fault.ShiftClock, Shift: fault.Duration(-100_000 * time.Hour), Requests: []int{2}}, // before all else
		{Kind: fault.ShiftClock, Shift: fault.Duration(100_000 * time.Hour), Requests: []int{3}},
		{Kind: fault.Appear},
	}}
	api := start(t, o).APIs[0]
	for n := range 3 {
		if total := fetch(t, api, d3layUsers).header.Get("X-Total-Count"); total != strconv.Itoa(o.Users+n+1) {
			t.Errorf("request %d tells of %s users, want %d", n+1, total, o.Users+n+1)
		}
	}
}
