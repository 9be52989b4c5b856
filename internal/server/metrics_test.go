package server_test

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/server"
	"github.com/roster-dev/roster/internal/store"
)

type loaded struct{}

func (loaded) Loaded() (organizations, users int, bytes map[string]int64) {
	return 3, 8, map[string]int64{"records": 4096, "order email": 1024}
}

func (loaded) Forms() (bytes int64, hits, misses uint64) { return 5, 11, 7 }

func (loaded) Queued() (all, most int) { return 6, 4 }

// idle is webhooks to which nothing was sent.
type idle struct{ server.Webhooks }

func (idle) Stats() (outcomes map[string]int64, lag, backlog int64) {
	return map[string]int64{"delivered": 0}, 0, 0
}

// trailing is a follower that is a little behind.
type trailing struct{}

func (trailing) FollowStats() (counts map[string]int64, seconds map[string]float64) {
	return map[string]int64{"polls": 50, "failures": 2, "changes": 30, "lag": 4},
		map[string]float64{"behind": 0.5, "quiet": 0.25}
}

// tellsAll has a server tell all that it can.
func tellsAll(c *server.Config) {
	c.Metrics, c.Loaded, c.CacheBytes, c.Software = true, loaded{}, 1<<20, "1.2.3"
	c.Webhooks, c.StoreTimes = idle{}, server.NewStoreTimes(directory.Operations()...)
	c.Follower = trailing{}
	c.Spread = &server.Spread{
		Owner: func(roster.ID) server.Peer { return nil }, Orgs: nowhere{}, Secret: make([]byte, 32),
		Share: func() (processes, owned, strangers int) { return 3, 40, 2 },
	}
	c.Pools = func() []server.Pool {
		return []server.Pool{{Name: "write", Most: 16, Used: 3, Idle: 2, Waits: 9, Waited: 1500 * time.Millisecond}}
	}
}

// nowhere finds no organization.
type nowhere struct{}

func (nowhere) TokenOrg(context.Context, string) (roster.ID, error) { return roster.ID{}, errBroken }

func (nowhere) SlugOrg(context.Context, string) (roster.ID, error) { return roster.ID{}, errBroken }

func (nowhere) UserOrg(context.Context, roster.ID) (roster.ID, error) {
	return roster.ID{}, errBroken
}

func TestMetrics(t *testing.T) {
	var times *server.StoreTimes
	s := newStand(t, func(c *server.Config) {
		tellsAll(c)
		times = c.StoreTimes
	})
	for _, err := range []error{nil, errBroken, roster.Errorf(roster.Conflict, "taken"), context.Canceled, store.ErrUnknown} {
		times.Observe("update", time.Millisecond, err)
	}
	secret := s.token(t, "account")
	bytes := 0
	for _, target := range []string{"/toy/users", "/toy/users", "/toy/users/7", "/toy/panic", "/toy/medium"} {
		bytes += s.get(t, target, secret).Body.Len()
	}
	for range 110 {
		bytes += s.get(t, "/toy/url", secret).Body.Len()
	}
	s.get(t, "/nothing", "")
	w := send(t, s.MetricsHandler(), http.MethodGet, "/metrics")
	wantStatus(t, "/metrics", w, http.StatusOK)
	lines := strings.Split(w.Body.String(), "\n")
	for _, want := range []string{
		`roster_requests_total{dialect="toy",status="2xx"} 98`, `roster_requests_total{dialect="toy",status="4xx"} 16`,
		`roster_requests_total{dialect="toy",status="5xx"} 1`, `roster_requests_total{dialect="none",status="4xx"} 1`,
		`roster_request_duration_seconds_count{dialect="toy",route="GET /users",status="2xx"} 2`,
		`roster_request_duration_seconds_count{dialect="toy",route="GET /url",status="2xx"} 95`,
		`roster_request_duration_seconds_count{dialect="toy",route="GET /users/{id}",status="4xx"} 1`,
		`roster_request_duration_seconds_count{dialect="none",route="none",status="4xx"} 1`,
		`roster_store_duration_seconds_count{operation="update"} 5`, `roster_store_failures_total{operation="update"} 2`,
		`roster_store_duration_seconds_count{operation="load"} 0`, `roster_store_failures_total{operation="changes"} 0`,
		`roster_pool_max_connections{pool="write"} 16`, `roster_pool_connections{pool="write",state="used"} 3`,
		`roster_pool_connections{pool="write",state="idle"} 2`, `roster_pool_waits_total{pool="write"} 9`,
		`roster_pool_wait_seconds_total{pool="write"} 1.5`, `roster_build_info{version="1.2.3"} 1`,
		`roster_follow_polls_total 50`, `roster_follow_failures_total 2`, `roster_follow_changes_total 30`,
		`roster_follow_lag_versions 4`, `roster_follow_behind_seconds 0.5`, `roster_follow_quiet_seconds 0.25`,
		`roster_write_queue 6`, `roster_write_queue_longest 4`,
		`roster_response_bytes_total{dialect="toy"} ` + strconv.Itoa(bytes),
		`roster_rate_limited_total{dialect="toy"} 15`, `roster_rate_limited_total{dialect="none"} 0`,
		`roster_cache_hits_total 93`, `roster_cache_misses_total 7`,
		`roster_loaded_organizations 3`, `roster_loaded_users 8`,
		`roster_view_bytes{part="records"} 4096`, `roster_view_bytes{part="order email"} 1024`,
		`roster_view_bytes_per_user 640`,
		`roster_jobs_running 0`, `roster_jobs_total{state="failed"} 0`, `roster_jobs_total{state="succeeded"} 0`,
		`roster_hops_total{result="passed"} 0`, `roster_spread_servers 3`, `roster_spread_organizations 40`,
		`roster_spread_loaded_strangers 2`,
		`roster_forms_hits_total 11`, `roster_forms_misses_total 7`, `roster_forms_bytes 5`,
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("there is no line %s", want)
		}
	}
	if !slices.ContainsFunc(lines, func(s string) bool {
		return strings.HasPrefix(s, "roster_cache_bytes ") && s != "roster_cache_bytes 0"
	}) {
		t.Error("the cache is empty")
	}
	for _, secretive := range []string{secret, "account", s.org.String(), "/users/7"} {
		if strings.Contains(w.Body.String(), secretive) {
			t.Errorf("the metrics tell %q", secretive)
		}
	}
	if t.Failed() {
		for _, line := range lines {
			if strings.HasPrefix(line, "roster_") && !strings.Contains(line, "_bucket") {
				t.Log(line)
			}
		}
	}
}

// Metrics are not for those who use the API.
func TestMetricsAreElsewhere(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Metrics = true })
	wantStatus(t, "the handler for everything", s.get(t, "/metrics", ""), http.StatusNotFound)
	own, err := s.DialectHandler("toy")
	if err != nil {
		t.Fatal(err)
	}
	wantFault(t, "a dialect's", send(t, own, http.MethodGet, "/metrics"), http.StatusNotFound, roster.NotFound)
	wantStatus(t, "another path", send(t, s.MetricsHandler(), http.MethodGet, "/"), http.StatusNotFound)
	off := newStand(t, nil)
	wantStatus(t, "without metrics", send(t, off.MetricsHandler(), http.MethodGet, "/metrics"), http.StatusNotFound)
}

// The guide to operating has every metric, with the words of the server itself.
func TestMetricsAreInTheGuide(t *testing.T) {
	s := newStand(t, tellsAll)
	s.get(t, "/toy/users", s.token(t, "account"))
	page, err := os.ReadFile("../../docs/guides/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "<!-- metrics -->\n")
	got, _, _ := strings.Cut(after, "<!-- end of metrics -->")
	want := metricsTable(send(t, s.MetricsHandler(), http.MethodGet, "/metrics").Body.String())
	if got != want {
		t.Errorf("docs/guides/operations.md lists the metrics\n%s\nwant\n%s", got, want)
	}
}

// metricsTable returns a table of Roster's own metrics as they are exposed.
func metricsTable(exposed string) string {
	var table strings.Builder
	table.WriteString("| metric | type | labels | what it tells |\n|---|---|---|---|\n")
	family := regexp.MustCompile(`(?m)^# HELP (roster_\w+) (.*)\n# TYPE \w+ (\w+)\n\w+?(?:\{(.*)\})? `)
	label := regexp.MustCompile(`(\w+)="`)
	for _, m := range family.FindAllStringSubmatch(exposed, -1) {
		var labels []string
		for _, l := range label.FindAllStringSubmatch(m[4], -1) {
			if l[1] != "le" { // of histograms
				labels = append(labels, "`"+l[1]+"`")
			}
		}
		table.WriteString("| `" + m[1] + "` | " + m[3] + " | " + strings.Join(labels, ", ") + " | " + m[2] + " |\n")
	}
	return table.String()
}
