package directory

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// organization is what the service keeps of one organization.
type organization struct {
	id roster.ID
	// view is nil until the organization is loaded, and again after it is evicted.
	view atomic.Pointer[index.View]
	// writer holds a token while nobody writes to the organization or replaces its view.
	writer chan struct{}
	// mu guards moved and queue.
	mu sync.Mutex
	// moved is closed when the view is replaced or should be looked at again, and then replaced itself.
	moved chan struct{}
	queue queue

	// bytes is what the view, or the one that is being built, takes up; 0 where there is none, and always without a
	// limit. needs is what it would have taken up when it did not fit.
	bytes, needs atomic.Int64
	// used says when the organization was last used: see Service.uses. seen is what it was when Shed looked last, which
	// nobody else uses.
	used atomic.Int64
	seen int64
	// written counts the ops since bytes was measured; surprised is set while what is imported exists already. Whoever
	// holds the writer's token uses them.
	written   int
	surprised bool
	// gone is set while the organization is deleted: a view that was being built then is of no use. Whoever holds the
	// writer's token uses it.
	gone bool
	// warming is set while the view is, or is about to be, warmed; unwarmed counts the ops since.
	warming  atomic.Bool
	unwarmed atomic.Int64

	// pins are the views that are kept besides the present one; none are while there is no present one. ops counts the
	// ops that made one view from another.
	pins pins
	ops  atomic.Int64
	// history is how much of the history was kept at some version, nil where nobody has asked.
	history atomic.Pointer[roster.HistoryInfo]
}

func newOrganization(id roster.ID) *organization {
	org := &organization{id: id, writer: make(chan struct{}, 1), moved: make(chan struct{})}
	org.release()
	return org
}

// release gives the writer's token back.
func (o *organization) release() { o.writer <- struct{}{} }

// settled waits until what the store has committed before is published.
func (o *organization) settled(ctx context.Context) error {
	select {
	case <-o.writer: // whoever commits has it until then
		o.release()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publish puts a view, or nil to have it loaded again, in the place of the present one and wakes those who wait for
// that. Without a view none are kept. The caller holds the writer's token.
func (o *organization) publish(view *index.View) {
	o.view.Store(view)
	if view == nil {
		o.pins.clear()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.moved)
	o.moved = make(chan struct{})
}

// isWanted reports whether somebody waits to write.
func (o *organization) isWanted() bool {
	return o.waiting() > 0
}

// waiting returns how many calls wait to be written.
func (o *organization) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue)
}

func (o *organization) next() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.moved
}

func (o *organization) enqueue(c *call) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, c)
}

// withdraw takes a call out of the queue and reports whether it was still there.
func (o *organization) withdraw(c *call) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.remove(c)
}

func (o *organization) take() []*call {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queue.take()
}
