package server_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/server"
)

type loaded struct{}

func (loaded) Loaded() (organizations, users int, bytes map[string]int64) {
	return 3, 8, map[string]int64{"records": 4096, "order email": 1024}
}

func (loaded) Forms() (bytes int64, hits, misses uint64) { return 5, 11, 7 }

func TestMetrics(t *testing.T) {
	s := newStand(t, func(c *server.Config) { c.Metrics, c.Loaded, c.CacheBytes = true, loaded{}, 1<<20 })
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
		`roster_request_duration_seconds_count{dialect="toy",status="2xx"} 98`,
		`roster_response_bytes_total{dialect="toy"} ` + strconv.Itoa(bytes),
		`roster_rate_limited_total{dialect="toy"} 15`, `roster_rate_limited_total{dialect="none"} 0`,
		`roster_cache_hits_total 93`, `roster_cache_misses_total 7`,
		`roster_loaded_organizations 3`, `roster_loaded_users 8`,
		`roster_view_bytes{part="records"} 4096`, `roster_view_bytes{part="order email"} 1024`,
		`roster_view_bytes_per_user 640`,
		`roster_jobs_running 0`, `roster_jobs_total{state="failed"} 0`, `roster_jobs_total{state="succeeded"} 0`,
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
	for _, secretive := range []string{secret, "account", s.org.String(), "/users"} {
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
