package server

import "github.com/prometheus/client_golang/prometheus"

// hookMetrics tells about the delivery to webhooks when somebody asks.
type hookMetrics struct {
	webhooks               Webhooks
	outcomes, lag, backlog *prometheus.Desc
}

func newHookMetrics(w Webhooks) *hookMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &hookMetrics{
		webhooks: w,
		outcomes: desc("roster_webhook_deliveries_total", "Attempts at messages to webhooks that were delivered or "+
			"failed, messages that were given up (dead), and webhooks that were disabled.", "outcome"),
		lag: desc("roster_webhook_lag_versions",
			"Versions that the webhook which is the furthest behind has still to be sent."),
		backlog: desc("roster_webhook_backlog_versions", "Versions that all webhooks together have still to be sent."),
	}
}

// Describe implements [prometheus.Collector].
func (m *hookMetrics) Describe(descs chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, descs) }

// Collect implements [prometheus.Collector].
func (m *hookMetrics) Collect(metrics chan<- prometheus.Metric) {
	outcomes, lag, backlog := m.webhooks.Stats()
	for outcome, n := range outcomes {
		metrics <- prometheus.MustNewConstMetric(m.outcomes, prometheus.CounterValue, float64(n), outcome)
	}
	metrics <- prometheus.MustNewConstMetric(m.lag, prometheus.GaugeValue, float64(lag))
	metrics <- prometheus.MustNewConstMetric(m.backlog, prometheus.GaugeValue, float64(backlog))
}

// jobMetrics tells about jobs when somebody asks.
type jobMetrics struct {
	jobs           Jobs
	ended, running *prometheus.Desc
}

func newJobMetrics(j Jobs) *jobMetrics {
	return &jobMetrics{
		jobs:    j,
		ended:   prometheus.NewDesc("roster_jobs_total", "Jobs that have ended, by how.", []string{"state"}, nil),
		running: prometheus.NewDesc("roster_jobs_running", "Jobs that are being carried out.", nil, nil),
	}
}

// Describe implements [prometheus.Collector].
func (m *jobMetrics) Describe(descs chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, descs) }

// Collect implements [prometheus.Collector].
func (m *jobMetrics) Collect(metrics chan<- prometheus.Metric) {
	ended, running := m.jobs.Stats()
	for state, n := range ended {
		metrics <- prometheus.MustNewConstMetric(m.ended, prometheus.CounterValue, float64(n), string(state))
	}
	metrics <- prometheus.MustNewConstMetric(m.running, prometheus.GaugeValue, float64(running))
}
