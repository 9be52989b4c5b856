package server

import "github.com/prometheus/client_golang/prometheus"

// spreadMetrics tells how organizations are spread when somebody asks.
type spreadMetrics struct {
	share                            func() (processes, owned, strangers int)
	sender                           *sender
	hops, processes, owned, stranger *prometheus.Desc
}

func newSpreadMetrics(share func() (processes, owned, strangers int), from *sender) *spreadMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &spreadMetrics{
		share: share, sender: from,
		hops: desc("roster_hops_total", "Requests between servers that organizations are spread over: passed on and "+
			"answered by the other one (passed), answered here since that could not be reached (alone), sent to it "+
			"but not answered (failed), received from another (received), and not believed to be from one (refused).",
			"result"),
		processes: desc("roster_spread_servers", "Servers that organizations are spread over, with this one."),
		owned:     desc("roster_spread_organizations", "Organizations that are to be in the memory of this server."),
		stranger: desc("roster_spread_loaded_strangers",
			"Organizations in memory that are to be in that of another server."),
	}
}

// Describe implements [prometheus.Collector].
func (m *spreadMetrics) Describe(descs chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, descs)
}

// Collect implements [prometheus.Collector].
func (m *spreadMetrics) Collect(metrics chan<- prometheus.Metric) {
	for h := range hopsKinds {
		metrics <- prometheus.MustNewConstMetric(m.hops, prometheus.CounterValue, float64(m.sender.counts[h].Load()),
			h.String())
	}
	processes, owned, strangers := m.share()
	for desc, value := range map[*prometheus.Desc]int{m.processes: processes, m.owned: owned, m.stranger: strangers} {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
}
