package server

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/roster-dev/roster"
)

// StoreTimes counts what a store was asked for, and how long that took. It is safe for concurrent use.
type StoreTimes struct {
	seconds *prometheus.HistogramVec
	failed  *prometheus.CounterVec
}

// NewStoreTimes returns one that has counted nothing of some operations, besides which there are none.
func NewStoreTimes(operations ...string) *StoreTimes {
	t := &StoreTimes{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "roster_store_duration_seconds",
			Help: "Time that the store took: for a transaction from when it was asked for to its commit (update), " +
				"for reading an organization into memory (load), for reading some of its history (changes).",
			Buckets: prometheus.ExponentialBuckets(0.000_1, 2.5, 14), // 100 us to 15 s
		}, []string{"operation"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "roster_store_failures_total", Help: "Calls of the store that failed for no fault of the client.",
		}, []string{"operation"}),
	}
	for _, operation := range operations {
		t.seconds.WithLabelValues(operation)
		t.failed.WithLabelValues(operation)
	}
	return t
}

// Observe counts a call of the store that has ended, maybe with an error.
func (t *StoreTimes) Observe(operation string, took time.Duration, err error) {
	t.seconds.WithLabelValues(operation).Observe(took.Seconds())
	code := roster.CodeOf(err)
	if err != nil && (code == roster.Internal || code == roster.Unavailable) && !errors.Is(err, context.Canceled) {
		t.failed.WithLabelValues(operation).Inc()
	}
}

// Describe implements [prometheus.Collector].
func (t *StoreTimes) Describe(descs chan<- *prometheus.Desc) {
	t.seconds.Describe(descs)
	t.failed.Describe(descs)
}

// Collect implements [prometheus.Collector].
func (t *StoreTimes) Collect(metrics chan<- prometheus.Metric) {
	t.seconds.Collect(metrics)
	t.failed.Collect(metrics)
}

// Pool is a number of connections to a database: see [Config.Pools].
type Pool struct {
	// Name says what they are for.
	Name string
	// Most is how many connections there can be, Used how many somebody has, Idle how many are open besides.
	Most, Used, Idle int
	// Waits is how often somebody has waited for a connection, Waited for how long together.
	Waits  int64
	Waited time.Duration
}

// poolMetrics tell about the connections to a database when somebody asks.
type poolMetrics struct {
	pools                            func() []Pool
	most, connections, waits, waited *prometheus.Desc
}

func newPoolMetrics(pools func() []Pool) *poolMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"pool"}, labels...), nil)
	}
	return &poolMetrics{
		pools: pools,
		most: desc("roster_pool_max_connections",
			"Connections to the database that there can be, by what they are for."),
		connections: desc("roster_pool_connections",
			"Connections to the database that are in use (used), or open besides (idle).", "state"),
		waits:  desc("roster_pool_waits_total", "How often a connection to the database was waited for."),
		waited: desc("roster_pool_wait_seconds_total", "For how long connections to the database were waited for."),
	}
}

// Describe implements [prometheus.Collector].
func (m *poolMetrics) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.most, m.connections, m.waits, m.waited} {
		descs <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *poolMetrics) Collect(metrics chan<- prometheus.Metric) {
	for _, p := range m.pools() {
		gauge := func(d *prometheus.Desc, value int, labels ...string) {
			metrics <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(value),
				append([]string{p.Name}, labels...)...)
		}
		gauge(m.most, p.Most)
		gauge(m.connections, p.Used, "used")
		gauge(m.connections, p.Idle, "idle")
		metrics <- prometheus.MustNewConstMetric(m.waits, prometheus.CounterValue, float64(p.Waits), p.Name)
		metrics <- prometheus.MustNewConstMetric(m.waited, prometheus.CounterValue, p.Waited.Seconds(), p.Name)
	}
}
