package server

import "github.com/prometheus/client_golang/prometheus"

// Follower keeps up with what other processes write to the store. It is safe for concurrent use.
type Follower interface {
	// FollowStats returns how often the store was asked for what has changed ("polls"), how often it did not answer
	// ("failures"), how many changes were read ("changes"), and how many versions the organization that is the furthest
	// behind has still to go ("lag"); in seconds, for how long one has been behind ("behind"), and how long ago the
	// store answered last ("quiet").
	FollowStats() (counts map[string]int64, seconds map[string]float64)
}

// followMetrics tells how well a server keeps up with others when somebody asks.
type followMetrics struct {
	follower                                      Follower
	polls, failures, changes, lag, behind, silent *prometheus.Desc
}

func newFollowMetrics(f Follower) *followMetrics {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &followMetrics{
		follower: f,
		polls:    desc("roster_follow_polls_total", "Times that the store was asked for what others have changed."),
		failures: desc("roster_follow_failures_total", "Times that the store did not answer what others have changed."),
		changes:  desc("roster_follow_changes_total", "Changes that were read from the store to follow others."),
		lag: desc("roster_follow_lag_versions",
			"Versions that the organization which is the furthest behind has still to be brought up."),
		behind: desc("roster_follow_behind_seconds", "For how long an organization has been behind."),
		silent: desc("roster_follow_quiet_seconds", "Time since the store last answered what others have changed."),
	}
}

// Describe implements [prometheus.Collector].
func (m *followMetrics) Describe(descs chan<- *prometheus.Desc) {
	prometheus.DescribeByCollect(m, descs)
}

// Collect implements [prometheus.Collector].
func (m *followMetrics) Collect(metrics chan<- prometheus.Metric) {
	counts, seconds := m.follower.FollowStats()
	send := func(desc *prometheus.Desc, as prometheus.ValueType, value float64) {
		metrics <- prometheus.MustNewConstMetric(desc, as, value)
	}
	send(m.polls, prometheus.CounterValue, float64(counts["polls"]))
	send(m.failures, prometheus.CounterValue, float64(counts["failures"]))
	send(m.changes, prometheus.CounterValue, float64(counts["changes"]))
	send(m.lag, prometheus.GaugeValue, float64(counts["lag"]))
	send(m.behind, prometheus.GaugeValue, seconds["behind"])
	send(m.silent, prometheus.GaugeValue, seconds["quiet"])
}
