package otel

import (
	"sync"

	api "go.opentelemetry.io/otel/trace"

	"github.com/roster-dev/roster"
)

// change names a version of an organization.
type change struct {
	org     roster.ID
	version roster.Version
}

// mostMade is how many changes are remembered.
const mostMade = 4096

// made remembers within which spans the last changes were made. It is safe for concurrent use.
type made struct {
	mu     sync.Mutex
	within map[change]api.SpanContext // guarded by mu
	order  [mostMade]change           // the ring of those that are remembered; guarded by mu
	next   int                        // place of the ring; guarded by mu
}

func (m *made) put(c change, within api.SpanContext) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.within == nil {
		m.within = map[change]api.SpanContext{}
	}
	delete(m.within, m.order[m.next])
	m.order[m.next] = c
	m.next = (m.next + 1) % mostMade
	m.within[c] = within
}

func (m *made) get(c change) (within api.SpanContext, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	within, known = m.within[c]
	return within, known
}
