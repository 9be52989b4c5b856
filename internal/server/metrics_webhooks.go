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
