package store

import "sync"

// Gate counts the calls under way in a driver, so that Close can wait for them. The zero Gate is open. It is safe for
// concurrent use; calls may nest, and a nested call fails like any other once the gate is closed.
type Gate struct {
	mu     sync.Mutex
	closed bool // guarded by mu
	calls  sync.WaitGroup
}

// Enter lets a call in, which must call Leave when it returns. It fails with [ErrClosed] after Close.
func (g *Gate) Enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return ErrClosed
	}
	g.calls.Add(1)
	return nil
}

// Leave ends a call that Enter let in.
func (g *Gate) Leave() { g.calls.Done() }

// Close lets no further call in and waits for those under way. It fails with [ErrClosed] the second time.
func (g *Gate) Close() error {
	g.mu.Lock()
	closed := g.closed
	g.closed = true
	g.mu.Unlock()
	if closed {
		return ErrClosed
	}
	g.calls.Wait()
	return nil
}
