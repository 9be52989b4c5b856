package bench

import (
	"context"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
)

// grace is how long after its round the last answer of a measure may come.
const grace = time.Minute

// maxRequests bounds the requests of a connection in a round.
const maxRequests = 5_000_000

// measure is work for a server.
type measure struct {
	name    string
	server  *process
	clients int
	// status is what every answer must have.
	status int
	// request appends the nth request, from 0, to b. It is called by many goroutines at once.
	request func(b []byte, n uint64) []byte
	// next counts the requests over all rounds, so that no round repeats what an earlier one asked.
	next *atomic.Uint64
}

// load is what one round of a measure came to.
type load struct {
	requests int
	took     time.Duration
	cpu      time.Duration // of the server; 0 where it is not known
	latency  []time.Duration
}

// drive sends requests over the measure's connections, each the next as soon as the last one is answered, for a round.
func (r *runner) drive(ctx context.Context, m *measure) (load, error) {
	conns := make([]*conn, m.clients)
	for i := range conns {
		c, err := dial(ctx, m.server.addr, r.Now().Add(r.Round+grace))
		if err != nil {
			return load{}, err
		}
		defer func() { _ = c.Close() }()
		conns[i] = c
	}
	all := make([][]time.Duration, m.clients)
	cpu, start := m.server.cpu(), r.Now()
	var group errgroup.Group
	for i, c := range conns {
		group.Go(func() (err error) {
			all[i], err = r.repeat(ctx, m, c, start.Add(r.Round))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return load{}, err
	}
	l := load{took: r.Now().Sub(start), cpu: m.server.cpu() - cpu, latency: slices.Concat(all...)}
	l.requests = len(l.latency)
	slices.Sort(l.latency)
	return l, nil
}

// repeat sends requests over one connection until a time and returns how long each took.
func (r *runner) repeat(ctx context.Context, m *measure, c *conn, until time.Time) ([]time.Duration, error) {
	var took []time.Duration
	var request []byte
	for sent := r.Now(); sent.Before(until) && len(took) < maxRequests; {
		request = m.request(request[:0], m.next.Add(1)-1)
		answer, err := c.do(request, false)
		if err == nil && answer.Status != m.status {
			err = roster.Errorf(roster.Internal, "%s answers %d, want %d, to\n%s",
				m.name, answer.Status, m.status, request)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		now := r.Now()
		took = append(took, now.Sub(sent))
		sent = now
	}
	return took, nil
}

// record adds the figures of a round.
func (r *runner) record(m *measure, l load) {
	r.counts[m.name] += l.requests
	r.add(m.name+".rate", float64(l.requests)/l.took.Seconds())
	r.add(m.name+".p50", micros(percentile(l.latency, 0.50)))
	r.add(m.name+".p99", micros(percentile(l.latency, 0.99)))
	if l.cpu > 0 && l.requests > 0 {
		r.add(m.name+".cpu", micros(l.cpu)/float64(l.requests))
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// percentile returns the value below which the fraction p of sorted lies, 0 where there is none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(float64(len(sorted))*p), len(sorted)-1)]
}

// median returns the middle of values, the mean of two middles, and NaN where there are none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
