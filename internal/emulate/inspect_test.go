package emulate_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/emulate"
	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
)

// A client that keeps to the vendor's page is told nothing, under both contracts, and also where things go wrong that
// it copes with. Its list is synchronized twice, and complete.
func TestRightClientsAreClean(t *testing.T) {
	t.Parallel()
	plan := &fault.Plan{Seed: 3, Rules: []fault.Rule{
		{Kind: fault.Status, Status: 503, Every: 5},
		{Kind: fault.Status, Status: 429, RetryAfter: fault.Duration(3 * time.Second), Requests: []int{2}, For: 2},
		{Kind: fault.Truncate, Requests: []int{4}},
		{Kind: fault.Reset, Requests: []int{6}},
		{Kind: fault.HTML, Requests: []int{7}},
		{Kind: fault.Malform, Requests: []int{9}},
	}}
	for _, contract := range []roster.Contract{roster.Documented, roster.Live} {
		for dialect, c := range newClients(t, func(o *emulate.Options) { o.Contract = contract }) {
			for _, faults := range []*fault.Plan{{}, plan} {
				c.begin(faults)
				for range 3 {
					if got := c.sync(); got < 200 {
						t.Errorf("%s, %s: %d users are listed, want nearly 250", dialect, contract, got)
					}
					c.wait(time.Minute)
				}
				if got := c.instance.Inspector().Findings(); len(got) > 0 {
					t.Errorf("%s, %s, with faults %t: %+v", dialect, contract, len(faults.Rules) > 0, got)
				}
			}
		}
	}
}

// What is no operation, and is answered all the same, is nobody's fault: the OpenAPI document, and what a browser asks
// before a page of another origin may.
func TestWhatIsNoOperation(t *testing.T) {
	t.Parallel()
	clients := newClients(t, func(o *emulate.Options) { o.Users = 5 })
	for dialect, c := range clients {
		preflight := []func(*http.Request){set("Origin", "http://localhost"), set("Access-Control-Request-Method", "GET")}
		if got := c.ask(http.MethodOptions, c.firstPath(), preflight...); got.status != http.StatusNoContent {
			t.Errorf("%s: a preflight is answered %d", dialect, got.status)
		}
		if got := c.ask(http.MethodGet, "/openapi.json"); got.status != http.StatusOK {
			t.Errorf("%s: the OpenAPI document is answered %d", dialect, got.status)
		}
	}
	if got := clients["kaiten"].instance.Inspector().Findings(); len(got) > 0 {
		t.Errorf("found is %+v", got)
	}
}

// wrong is a client that breaks rules.
type wrong struct {
	dialect string
	faults  []fault.Rule
	live    bool
	do      func(*client)
	rules   []string
}

func get(paths ...string) func(*client) {
	return func(c *client) {
		for _, path := range paths {
			c.ask(http.MethodGet, path)
			c.wait(time.Second)
		}
	}
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

const (
	page  = kaitenUsers + "?for_members_section=true&limit=100&offset="
	count = kaitenUsers + "?for_members_section=true&only_records_count=true"
)

func fails(status int, requests ...int) []fault.Rule {
	return []fault.Rule{{Kind: fault.Status, Status: status, Requests: requests}}
}

func wrongClients() map[string]wrong {
	return map[string]wrong{
		"a path with a slash too many": {dialect: "kaiten", do: get(kaitenUsers + "/"), rules: []string{"unknown-path"}},
		"a method that there is not": {
			dialect: "sixeye", do: func(c *client) { c.ask(http.MethodPost, "/users") }, rules: []string{"wrong-method"},
		},
		"an id that is none": {
			dialect: "fipto", do: get("/companies/17/users"), rules: []string{"path-parameter"},
		},
		"another company": {
			dialect: "fipto", do: get("/companies/00000000-bc8d-409b-8f40-75d4f45db2f3/users"),
			rules: []string{"path-parameter"},
		},
		"a body that nobody reads": {
			dialect: "kaiten", do: func(c *client) {
				c.ask(http.MethodGet, count, func(r *http.Request) {
					r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
				})
			}, rules: []string{"body-ignored"},
		},
		"Accept of XML": {
			dialect: "flxpoint", do: func(c *client) { c.ask(http.MethodGet, "/account", set("Accept", "text/xml")) },
			rules: []string{"not-accepted"},
		},
		"no User-Agent": {
			dialect: "flxpoint", do: func(c *client) { c.ask(http.MethodGet, "/account", set("User-Agent", "")) },
			rules: []string{"no-user-agent"},
		},
		"a page of 1000": {dialect: "d3lay", do: get("/users?page_size=1000"), rules: []string{"parameter-invalid"}},
		"a version that there is not": {
			dialect: "d3lay", do: func(c *client) {
				c.ask(http.MethodGet, "/users?page_size=5", set("X-API-Version", "v2"))
			}, rules: []string{"parameter-invalid"},
		},
		"a broken query":          {dialect: "d3lay", do: get("/users?search=%zz"), rules: []string{"parameter-invalid"}},
		"a misspelt parameter":    {dialect: "flxpoint", do: get("/account/users?email=a@example.com"), rules: []string{"parameter-unknown"}},
		"a filter without a flag": {dialect: "kaiten", do: get(kaitenUsers + "?owner_only=1&query=x"), rules: []string{"list-unpaged", "parameter-without-flag"}},
		"a filter of nothing":     {dialect: "flxpoint", do: get("/account/users?ids="), rules: []string{"parameter-empty"}},
		"a limit that is cut down": {
			dialect: "kaiten", do: get(kaitenUsers+"?for_members_section=true&limit=200",
				kaitenUsers+"?for_members_section=true&limit=200&offset=200"),
			rules: []string{"page-skipped", "parameter-clipped"},
		},
		"a parameter of ours": {
			dialect: "sixeye", do: get("/users?filter[suspended]=true"), rules: []string{"parameter-not-the-vendors"},
		},
		"the other path":  {dialect: "kaiten", do: get("/api/v1/company/groups"), rules: []string{"alias"}},
		"the other name":  {dialect: "d3lay", do: get("/users?fuzzy_search=ben&page_size=5"), rules: []string{"alias"}},
		"from after to":   {dialect: "d3lay", do: get("/users?created_at_from=2026-02-01T00:00:00Z&created_at_to=2026-01-01T00:00:00Z"), rules: []string{"refused"}},
		"a refusal again": {dialect: "d3lay", do: get("/users?page=0", "/users?page=0"), rules: []string{"parameter-invalid", "refused-again"}},
		"a body that was corrected": {
			dialect: "kaiten", do: func(c *client) {
				for _, body := range []string{`{"temporarily_inactive":"yes"}`, `{"temporarily_inactive":true}`} {
					c.ask(http.MethodPatch, kaitenUsers+"/2", func(r *http.Request) {
						r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
					})
				}
			}, rules: []string{"refused"},
		},
		"no credential": {
			dialect: "flxpoint", do: func(c *client) {
				c.ask(http.MethodGet, "/account", func(r *http.Request) { r.Header.Del("X-Api-Token") })
			}, rules: []string{"credential-missing"},
		},
		"a token in the URL": {
			dialect: "kaiten", do: func(c *client) { c.ask(http.MethodGet, count+"&access_token="+c.credential.Secret) },
			rules: []string{"credential-misplaced", "parameter-unknown"},
		},
		"a token without Bearer": {
			dialect: "kaiten", do: func(c *client) { c.ask(http.MethodGet, count, set("Authorization", c.credential.Secret)) },
			rules: []string{"credential-misplaced"},
		},
		"a token in a header that nobody reads": {
			dialect: "kaiten", do: func(c *client) {
				c.ask(http.MethodGet, count, set("X-Api-Token", c.credential.Secret), func(r *http.Request) { r.Header.Del("Authorization") })
			}, rules: []string{"credential-misplaced"},
		},
		"a bearer token instead of a key": {
			dialect: "flxpoint", do: func(c *client) { c.use("account token in Authorization"); c.ask(http.MethodGet, "/account") },
			rules: []string{"credential-scheme"},
		},
		"a token instead of a signature": {
			dialect: "fipto", do: func(c *client) {
				path := c.firstPath()
				c.use("account token in Authorization")
				c.ask(http.MethodGet, path+"?page_size=5")
			}, rules: []string{"credential-scheme"},
		},
		"a token of another kind": {
			dialect: "flxpoint", do: func(c *client) { c.use("channel token"); c.ask(http.MethodGet, "/account") },
			rules: []string{"credential-kind"},
		},
		"a token of another kind, live": {
			dialect: "flxpoint", live: true, do: func(c *client) { c.use("source token"); c.ask(http.MethodGet, "/account") },
			rules: []string{"credential-kind"},
		},
		"a token without permission": {
			dialect: "kaiten", do: func(c *client) { c.use("token without permission"); c.ask(http.MethodGet, count) },
			rules: []string{"credential-permission"},
		},
		"an expired token": {
			dialect: "d3lay", do: func(c *client) { c.use("expired token"); c.ask(http.MethodGet, "/users") },
			rules: []string{"credential-refused"},
		},
		"a revoked token, again and again": {
			dialect: "sixeye", do: func(c *client) { c.use("revoked token"); get("/users", "/users")(c) },
			rules: []string{"credential-refused", "refused-again"},
		},
		"a client that there is not": {
			dialect: "fipto", do: func(c *client) {
				c.use("signature of a client that there is not")
				c.ask(http.MethodGet, c.firstPath())
			}, rules: []string{"credential-refused"},
		},
		"a token that has ended, again and again": {
			dialect: "kaiten", faults: []fault.Rule{{Kind: fault.RevokeToken, Requests: []int{2}}},
			do: get(count, count, count), rules: []string{"refused-again"},
		},
		"too fast": {
			dialect: "flxpoint", do: func(c *client) {
				for range 41 {
					c.ask(http.MethodGet, "/account")
				}
				c.wait(time.Second)
				c.ask(http.MethodGet, "/account")
			}, rules: []string{"rate-limit"},
		},
		"at once after 429": {
			dialect: "d3lay", faults: fails(429, 1), do: func(c *client) {
				c.ask(http.MethodGet, "/users?page_size=5")
				c.ask(http.MethodGet, "/users?page_size=5")
			}, rules: []string{"no-back-off"},
		},
		"too soon after 429, with something else": {
			dialect: "d3lay", faults: fails(429, 1), do: func(c *client) {
				c.ask(http.MethodGet, "/users?page_size=5")
				c.wait(500 * time.Millisecond)
				c.ask(http.MethodGet, "/users?page_size=4")
				c.wait(500 * time.Millisecond)
				c.ask(http.MethodGet, "/users?page_size=5")
			}, rules: []string{"no-back-off"},
		},
		"no pause after 500": {
			dialect: "kaiten", faults: fails(500, 1, 2, 3), do: func(c *client) {
				for range 4 {
					c.ask(http.MethodGet, kaitenUsers+"?for_members_section=true&limit=5")
				}
			}, rules: []string{"hammering"},
		},
		"never again after 502":      {dialect: "sixeye", faults: fails(502, 1), do: get("/users"), rules: []string{"not-retried"}},
		"never again after half":     {dialect: "sixeye", faults: []fault.Rule{{Kind: fault.Truncate, Requests: []int{1}}}, do: get("/users"), rules: []string{"not-retried"}},
		"never again after a reset":  {dialect: "sixeye", faults: []fault.Rule{{Kind: fault.Reset, Requests: []int{1}}}, do: get("/users"), rules: []string{"not-retried"}},
		"the whole list":             {dialect: "kaiten", do: get(kaitenUsers), rules: []string{"list-unpaged"}},
		"the first page, live":       {dialect: "kaiten", live: true, do: get(kaitenUsers), rules: []string{"first-page-only"}},
		"the first page":             {dialect: "d3lay", do: get("/users"), rules: []string{"first-page-only"}},
		"the first page, every hour": {dialect: "fipto", do: func(c *client) { get(c.firstPath(), c.firstPath())(c) }, rules: []string{"first-page-only"}},
		"a page left out":            {dialect: "d3lay", do: get("/users?page_size=100", "/users?page_size=100&page=3"), rules: []string{"page-skipped"}},
		"from the second page on":    {dialect: "kaiten", do: get(page+"100", page+"200"), rules: []string{"page-skipped"}},
		"a page that failed is left out": {
			dialect: "d3lay", faults: fails(500, 2), do: get("/users?page_size=100", "/users?page_size=100&page=2", "/users?page_size=100&page=3"),
			rules: []string{"not-retried", "page-skipped"},
		},
		"a page twice":            {dialect: "kaiten", do: get(page+"0", page+"100", page+"100", page+"200"), rules: []string{"page-repeated"}},
		"another size on the way": {dialect: "d3lay", do: get("/users?page_size=100", "/users?page_size=50&page=2", "/users?page_size=100&page=2", "/users?page_size=100&page=3"), rules: []string{"page-repeated"}},
		"no end":                  {dialect: "kaiten", do: get(page+"0", page+"100", page+"200", page+"300", page+"400"), rules: []string{"page-after-end"}},
		"half of the pages":       {dialect: "kaiten", do: get(page+"0", page+"100"), rules: []string{"walk-unfinished"}},
	}
}

func TestWrongClients(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	documented := newClients(t, func(*emulate.Options) {})
	live := newClients(t, func(o *emulate.Options) { o.Contract = roster.Live })
	for name, w := range wrongClients() {
		c := documented[w.dialect]
		if w.live {
			c = live[w.dialect]
		}
		c.begin(&fault.Plan{Rules: w.faults})
		w.do(c)
		if diff := cmp.Diff(w.rules, c.rules()); diff != "" {
			t.Errorf("%s (-want +got):\n%s%+v", name, diff, c.instance.Inspector().Findings())
		}
		for _, rule := range w.rules {
			tested[rule] = true
		}
	}
	for _, rule := range inspect.Rules() {
		if !tested[rule.ID] {
			t.Errorf("no client breaks %s", rule.ID)
		}
	}
}

// The control API tells what was asked for and what was found, and forgets it.
func TestInspectOverTheControlAPI(t *testing.T) {
	t.Parallel()
	i := controlled(t, 20, "d3lay", "sixeye")
	fetch(t, i.APIs[0], "/users?page_size=5&sorted=1")
	fetch(t, i.APIs[1], "/users")
	requests := func(query string) (list emulate.RequestList) {
		t.Helper()
		if err := json.Unmarshal([]byte(told(t, i, http.MethodGet, "/_roster/requests"+query, "")), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	findings := func() (list emulate.FindingList) {
		t.Helper()
		if err := json.Unmarshal([]byte(told(t, i, http.MethodGet, "/_roster/findings", "")), &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := requests("").Requests; len(got) != 2 || got[0].Client != "account token" || got[1].Dialect != "sixeye" {
		t.Errorf("recorded is %+v", got)
	}
	if got := requests("?after=1").Requests; len(got) != 1 || got[0].Number != 2 {
		t.Errorf("recorded after the first is %+v", got)
	}
	if got := findings().Findings; len(got) != 1 || got[0].Rule != "parameter-unknown" || got[0].Where != "sorted" {
		t.Errorf("found is %+v", got)
	}
	told(t, i, http.MethodDelete, "/_roster/requests", "")
	if got := len(requests("").Requests) + len(findings().Findings); got != 0 {
		t.Errorf("%d things are left", got)
	}
	fetch(t, i.APIs[0], "/users?sorted=1")
	told(t, i, http.MethodPost, "/_roster/reset", "")
	if got := len(requests("").Requests) + len(findings().Findings); got != 0 {
		t.Errorf("%d things are left by a reset", got)
	}
	if status, body := tell(t, i, http.MethodGet, "/_roster/requests?after=x", ""); status != 400 || !strings.Contains(body, "after") {
		t.Errorf("got %d, %s, want 400 about after", status, body)
	}
}

// Users of whom nothing optional is known are listed by all vendors, without it.
func TestSparse(t *testing.T) {
	t.Parallel()
	for dialect, c := range newClients(t, func(o *emulate.Options) { o.Sparse = true }) {
		c.begin(&fault.Plan{})
		if got := c.sync(); got < 200 {
			t.Errorf("%s: %d users are listed, want nearly 250", dialect, got)
		}
		var answers string
		for _, r := range c.instance.Inspector().Requests(0) {
			answers += r.Response.Body
		}
		for _, optional := range []string{`"lastLoginAt":`, `"role":{`, `"created_by":"`, `"lastLoginTime":"`, `"groups":[{`} {
			if strings.Contains(answers, optional) {
				t.Errorf("%s: a user has %s", dialect, optional)
			}
		}
	}
}
