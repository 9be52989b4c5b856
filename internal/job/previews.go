package job

import (
	"context"
	"sync"

	"github.com/roster-dev/roster"
)

// previews are the previews that are being made: a few at once, and one at a time of each organization, so that none
// keeps the others waiting for all of its own. It is safe for concurrent use.
type previews struct {
	all chan struct{} // holds a token for each that is being made

	mu   sync.Mutex
	orgs map[roster.ID]*queue // of the organizations that have some; guarded by mu
}

// queue is those who want a preview of one organization, of whom the one with the token has it.
type queue struct {
	token chan struct{}
	long  int // guarded by previews.mu
}

func newPreviews(most int) *previews {
	return &previews{all: make(chan struct{}, most), orgs: map[roster.ID]*queue{}}
}

// enter waits until a preview of an organization can be made, which is being made until done is called.
func (p *previews) enter(ctx context.Context, org roster.ID) (done func(), err error) {
	q := p.join(org)
	free, err := enter(ctx, q.token)
	if err != nil {
		p.leave(org, q)
		return nil, err
	}
	end, err := enter(ctx, p.all)
	if err != nil {
		free()
		p.leave(org, q)
		return nil, err
	}
	return func() { end(); free(); p.leave(org, q) }, nil
}

func (p *previews) join(org roster.ID) *queue {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.orgs[org]
	if q == nil {
		q = &queue{token: make(chan struct{}, 1)}
		p.orgs[org] = q
	}
	q.long++
	return q
}

func (p *previews) leave(org roster.ID, q *queue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if q.long--; q.long == 0 {
		delete(p.orgs, org)
	}
}
