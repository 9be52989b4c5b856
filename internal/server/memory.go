package server

import "github.com/prometheus/client_golang/prometheus"

// memory collects what organizations take up when somebody asks for it.
type memory struct {
	loaded Loaded

	organizations, users, view, perUser *prometheus.Desc
	formBytes, formHits, formMisses     *prometheus.Desc
	queue, longest                      *prometheus.Desc
}

func newMemory(l Loaded) *memory {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &memory{
		loaded:        l,
		organizations: desc("roster_loaded_organizations", "Organizations in memory."),
		users:         desc("roster_loaded_users", "Users of the organizations in memory."),
		view:          desc("roster_view_bytes", "Memory that the views of organizations take up, about.", "part"),
		perUser:       desc("roster_view_bytes_per_user", "Memory of the views for each user, about."),
		formBytes:     desc("roster_forms_bytes", "Memory that users take up in the forms that were asked for."),
		formHits:      desc("roster_forms_hits_total", "Users in answers who were found in the form asked for."),
		formMisses:    desc("roster_forms_misses_total", "Users in answers who were encoded."),
		queue:         desc("roster_write_queue", "Writes that wait for those before them, of all organizations."),
		longest: desc("roster_write_queue_longest",
			"Writes that wait for those before them, of the organization in which the most do."),
	}
}

// Describe implements [prometheus.Collector].
func (m *memory) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		m.organizations, m.users, m.view, m.perUser, m.formBytes, m.formHits, m.formMisses, m.queue,
		m.longest,
	} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *memory) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	organizations, users, parts := m.loaded.Loaded()
	gauge(m.organizations, float64(organizations))
	gauge(m.users, float64(users))
	total := int64(0)
	for name, bytes := range parts {
		total += bytes
		gauge(m.view, float64(bytes), name)
	}
	gauge(m.perUser, float64(total)/float64(max(users, 1)))
	queued, most := m.loaded.Queued()
	gauge(m.queue, float64(queued))
	gauge(m.longest, float64(most))
	bytes, hits, misses := m.loaded.Forms()
	gauge(m.formBytes, float64(bytes))
	out <- prometheus.MustNewConstMetric(m.formHits, prometheus.CounterValue, float64(hits))
	out <- prometheus.MustNewConstMetric(m.formMisses, prometheus.CounterValue, float64(misses))
}
