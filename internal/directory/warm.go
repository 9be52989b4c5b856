package directory

import (
	"context"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

const (
	// manyChanges is after how many ops the texts are worth indexing again: below, a view looks at them one by one.
	manyChanges = 1024
	// quietTime is how long nothing must be written before that is done, quietTimes how often that is waited for: an
	// import would have it done over and over.
	quietTime, quietTimes = time.Second, 30
)

// warm makes, in the background, what the first search in the present view would have to wait for: at once after a
// load, and otherwise when the writing stops.
func (s *Service) warm(org *organization, loaded bool) {
	if !s.warmViews || !org.warming.CompareAndSwap(false, true) {
		return
	}
	if s.enter() != nil {
		return
	}
	go func() {
		defer s.background.Done()
		defer org.warming.Store(false)
		for loaded || s.quiet(org) {
			loaded = false
			s.warmNow(org)
			if org.unwarmed.Load() < manyChanges {
				return
			}
		}
	}()
}

// quiet waits until nothing has been written for a while, and reports whether the service is still open then.
func (s *Service) quiet(org *organization) bool {
	for range quietTimes {
		before := org.view.Load()
		select {
		case <-time.After(quietTime):
		case <-s.closing:
			return false
		}
		if org.view.Load() == before {
			break
		}
	}
	return true
}

// warmNow warms the present view, while no other is warmed: requests need the processors, too.
//
//nolint:contextcheck,nolintlint // it goes on when the request that led to it is over
func (s *Service) warmNow(org *organization) {
	select {
	case s.warmer <- struct{}{}:
		defer func() { <-s.warmer }()
	case <-s.closing:
		return
	}
	view := org.view.Load()
	if view == nil || s.isClosing() {
		return
	}
	org.unwarmed.Store(0)
	if view.Warm(untilClosing{s}) != nil {
		return
	}
	<-org.writer
	defer org.release()
	if present := org.view.Load(); present != nil {
		s.measure(org, present)
	}
}

// changed has the texts indexed again once many have changed.
func (s *Service) changed(org *organization, ops int) {
	if org.unwarmed.Add(int64(ops)) >= manyChanges {
		s.warm(org, false)
	}
}

// enter lets something begin that Close waits for, and that must call s.background.Done when it ends.
func (s *Service) enter() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.isClosing() {
		return store.ErrClosed
	}
	s.background.Add(1)
	return nil
}

// untilClosing is a context that is done when the service is closing.
type untilClosing struct{ *Service }

// Deadline implements [context.Context].
func (c untilClosing) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

// Done implements [context.Context].
func (c untilClosing) Done() <-chan struct{} { return c.closing }

// Err implements [context.Context].
func (c untilClosing) Err() error {
	if c.isClosing() {
		return context.Canceled
	}
	return nil
}

// Value implements [context.Context].
func (c untilClosing) Value(any) any { return nil }

func (s *Service) isClosing() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}

// Close ends what the service does in the background and waits for that: for loads, and for the part of a view that is
// being warmed. Afterwards organizations that are not loaded are [roster.Unavailable]; everything else goes on. Call it
// before the store is closed; it may be called again.
func (s *Service) Close() {
	s.mu.Lock()
	if !s.isClosing() {
		close(s.closing)
	}
	s.mu.Unlock()
	s.background.Wait()
}
