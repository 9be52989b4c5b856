package main

import (
	"context"
	"strconv"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// serverStatus is a line of `roster db status --servers`.
type serverStatus struct {
	ID       roster.ID   `json:"id"`
	URL      string      `json:"url,omitempty"`
	Host     string      `json:"host"`
	PID      int         `json:"pid"`
	Software string      `json:"software"`
	Started  roster.Time `json:"started_at"`
	Quiet    float64     `json:"quiet_seconds"`
	Working  bool        `json:"working"`
}

// listServers shows the servers that have a store, of which there are none where only one can.
func (a *app) listServers(ctx context.Context, r store.Reader, out format) error {
	var nodes []store.Node
	if shared, ok := r.(interface {
		Nodes(ctx context.Context) ([]store.Node, error)
	}); ok {
		var err error
		if nodes, err = shared.Nodes(ctx); err != nil {
			return doing("read the store", err)
		}
	}
	columns := []string{"url", "host", "pid", "software", "started_at", "quiet_seconds", "working"}
	return out.list(a.out, columns, func(yield func(row) bool) {
		for _, n := range nodes {
			s := serverStatus{
				n.ID, n.URL, n.Host, n.PID, n.Software, n.Started, n.Quiet.Round(time.Millisecond).Seconds(), n.Working,
			}
			if !yield(row{s, []string{
				s.URL, s.Host, strconv.Itoa(s.PID), s.Software, s.Started.String(),
				strconv.FormatFloat(s.Quiet, 'f', -1, 64), strconv.FormatBool(s.Working),
			}}) {
				return
			}
		}
	})
}
