package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// Loaded tells what organizations take up. It is safe for concurrent use.
type Loaded interface {
	// Loaded returns how many organizations are in memory, how many users they have, and about how many bytes their
	// views have by part.
	Loaded() (organizations, users int, bytes map[string]int64)
	// Forms returns how many bytes users take up in the forms in which they were asked for, how many of them were found
	// there when somebody asked, and how many were encoded.
	Forms() (bytes int64, hits, misses uint64)
	// Queued returns how many calls wait to be written, of all organizations and of the one of which the most do.
	Queued() (all, most int)
}

// metrics counts what a server does.
type metrics struct {
	registry  *prometheus.Registry
	byDialect map[string]*dialectMetrics // that of what is for no dialect is under ""
}

// dialectMetrics are looked up once, as each request needs them.
type dialectMetrics struct {
	requests [5]prometheus.Counter               // by the first digit of the status, from 1
	routes   map[*dialect.Endpoint]*routeMetrics // that of what is for no endpoint is under nil
	bytes    prometheus.Counter
	limited  prometheus.Counter
}

// routeMetrics are the times of a route, by the first digit of the status, from 1. They are made when they are needed:
// of most routes few are.
type routeMetrics [5]func() prometheus.Observer

func newRouteMetrics(seconds *prometheus.HistogramVec, dialectName, route string) *routeMetrics {
	m := &routeMetrics{}
	for i := range m {
		m[i] = sync.OnceValue(func() prometheus.Observer {
			return seconds.WithLabelValues(dialectName, route, statusClass(i))
		})
	}
	return m
}

// statusClass names the statuses that begin with a digit, of which the first is 1.
func statusClass(i int) string { return strconv.Itoa(i+1) + "xx" }

// routeOf names an endpoint.
func routeOf(e *dialect.Endpoint) string { return e.Method + " " + e.Path }

func newMetrics(s *Server) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), byDialect: map[string]*dialectMetrics{}}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(vec)
		return vec
	}
	requests := counters("roster_requests_total", "Requests that were answered.", "dialect", "status")
	bytes := counters("roster_response_bytes_total", "Bytes of bodies of responses, as they were sent.", "dialect")
	limited := counters("roster_rate_limited_total", "Requests beyond a rate limit.", "dialect")
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "roster_request_duration_seconds",
		Help:    "Time from a request's header to the end of its answer, without what was waited for changes.",
		Buckets: prometheus.ExponentialBuckets(0.000_05, 2.5, 14), // 50 us to 7 s
	}, []string{"dialect", "route", "status"})
	m.registry.MustRegister(seconds)
	add := func(key, label string, endpoints []dialect.Endpoint) {
		d := &dialectMetrics{
			bytes: bytes.WithLabelValues(label), limited: limited.WithLabelValues(label),
			routes: map[*dialect.Endpoint]*routeMetrics{nil: newRouteMetrics(seconds, label, "none")},
		}
		for i := range d.requests {
			d.requests[i] = requests.WithLabelValues(label, statusClass(i))
		}
		for i := range endpoints {
			d.routes[&endpoints[i]] = newRouteMetrics(seconds, label, routeOf(&endpoints[i]))
		}
		m.byDialect[key] = d
	}
	add("", "none", nil)
	for _, d := range s.Dialects {
		add(d.Name, d.Name, d.Endpoints)
	}
	m.gauges(s)
	return m
}

// gauges registers what is looked up when somebody asks for it.
func (m *metrics) gauges(s *Server) {
	gauge := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	counter := func(name, help string, value func() float64) {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	if c := s.answers; c != nil {
		counter("roster_cache_hits_total", "Requests whose answer was in the cache.",
			func() float64 { return float64(c.hits.Load()) })
		counter("roster_cache_misses_total", "Requests whose answer could have been in the cache.",
			func() float64 { return float64(c.misses.Load()) })
		gauge("roster_cache_bytes", "Memory that the cache of answers takes up.", func() float64 {
			used, _ := c.size()
			return float64(used)
		})
	}
	if s.Loaded != nil {
		m.registry.MustRegister(newMemory(s.Loaded))
	}
	if s.StoreTimes != nil {
		m.registry.MustRegister(s.StoreTimes)
	}
	if s.Pools != nil {
		m.registry.MustRegister(newPoolMetrics(s.Pools))
	}
	if s.Webhooks != nil {
		m.registry.MustRegister(newHookMetrics(s.Webhooks))
	}
	if s.Follower != nil {
		m.registry.MustRegister(newFollowMetrics(s.Follower))
	}
	if s.Spread != nil {
		m.registry.MustRegister(newSpreadMetrics(s.Spread.Share, s.sender))
	}
	if s.Jobs != nil {
		m.registry.MustRegister(newJobMetrics(s.Jobs))
	}
	build := prometheus.NewDesc("roster_build_info", "1, with the version of Roster.", []string{"version"}, nil)
	m.registry.MustRegister(
		constant{prometheus.MustNewConstMetric(build, prometheus.GaugeValue, 1, s.Software)},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
}

// constant is a metric that never changes.
type constant struct{ prometheus.Metric }

// Describe implements [prometheus.Collector].
func (c constant) Describe(descs chan<- *prometheus.Desc) { descs <- c.Desc() }

// Collect implements [prometheus.Collector].
func (c constant) Collect(metrics chan<- prometheus.Metric) { metrics <- c.Metric }

// note counts a request that is done.
func (m *metrics) note(rec *requestRecord, took time.Duration) {
	d, class := m.byDialect[rec.dialect], rec.status/100-1
	if class < 0 || class >= len(d.requests) {
		class = 1 // nothing was written, which is sent as 200
	}
	d.requests[class].Inc()
	d.routes[rec.endpoint][class]().Observe(took.Seconds())
	d.bytes.Add(float64(rec.bytes))
	if roster.CodeOf(rec.err) == roster.RateLimited {
		d.limited.Inc()
	}
}

// MetricsHandler returns the handler of a listener for those who watch the server: GET /metrics, in the text format
// of Prometheus. It answers 404 to everything where the configuration does not ask for metrics. It asks for no
// credential, and names dialects and their routes but neither organizations nor anybody in them.
func (s *Server) MetricsHandler() http.Handler {
	mux := http.NewServeMux()
	if s.metrics != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	}
	return mux
}
