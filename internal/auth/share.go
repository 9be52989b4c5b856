package auth

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/roster-dev/roster"
)

// Bucket is a bucket that several limiters draw from.
type Bucket struct {
	// Org is whose it is, the zero ID where that is not known; Key tells it from others of Org.
	Org roster.ID
	Key []byte
	// Gap is how long it takes until the bucket gains a request, and Size how many it holds.
	Gap  time.Duration
	Size int64
}

// Draw takes up to want requests, 1 at least, out of a bucket, and returns how many it got and how long it then takes
// until the bucket is full again. It is safe for concurrent use.
type Draw func(ctx context.Context, b Bucket, want int64) (got int64, full time.Duration, err error)

// How a shared bucket is drawn from.
const (
	// share is the part of a bucket that a limiter takes at a time.
	share = 10
	// drawAgain is how long a limiter goes on without looking at the bucket.
	drawAgain = time.Second
	// drawTime is how long a request waits for the bucket, and away for how long nobody asks after that was in vain.
	drawTime, away = 250 * time.Millisecond, time.Second
)

// SharedLimiter counts requests as a [Limiter] does, together with others that draw from the same buckets. It takes a
// tenth of a bucket at a time (a request, where that is less) and serves from what it has taken, so that most requests
// wait for nobody. Of any bucket of Burst requests, n limiters together allow no more than one Limiter would, and
// n*(Burst/10-1) requests besides, which is nothing for a Burst below 20. A subject that keeps to one limiter is
// allowed no less than by a Limiter; where others hold some of the bucket, less by those.
//
// While the buckets can't be reached, or take longer than 250 ms, it counts on its own. It is safe for concurrent use.
type SharedLimiter struct {
	own   *Limiter
	draw  Draw
	now   func() time.Time
	start time.Time
	retry atomic.Int64 // when to ask for buckets again, in nanoseconds since start; 0 where they can be reached
	parts *shards[Subject, *part]
}

// part is what a limiter knows of a bucket, and has taken out of it.
type part struct {
	// mu guards what follows; who has it may wait for the bucket.
	mu    sync.Mutex
	used  atomic.Int64 // when it was used last
	limit roster.Limit
	held  int64 // requests
	asked int64 // when it drew last
	full  int64 // when the bucket is full, as was known then
}

// NewSharedLimiter returns a limiter that draws from buckets, reads the time from now, and remembers what it has taken
// for about capacity subjects.
func NewSharedLimiter(now func() time.Time, capacity int, draw Draw) *SharedLimiter {
	return &SharedLimiter{
		own: NewLimiter(now, capacity), draw: draw, now: now, start: now(),
		parts: newShards[Subject, *part](capacity),
	}
}

// Take counts a request as [Limiter.Take] does. What it says of the bucket is no older than a second.
func (l *SharedLimiter) Take(ctx context.Context, subject Subject, limit roster.Limit) Decision {
	size := max(int64(limit.Burst), 1)
	gap := interval(limit.Rate, size)
	p := l.part(subject)
	p.mu.Lock()
	defer p.mu.Unlock()
	now := l.since()
	p.used.Store(now)
	if p.limit != limit { // what was taken under another one is no measure
		p.limit, p.held, p.asked, p.full = limit, 0, now-drawAgain.Nanoseconds()-1, now
	}
	if p.stale(now) || p.held == 0 && p.full+gap <= now+gap*size {
		b := Bucket{Org: subject.org, Key: subject.key(), Gap: time.Duration(gap), Size: size}
		if !l.fill(ctx, p, b) && p.held == 0 {
			return l.own.Take(subject, limit)
		}
		now = l.since()
	}
	allowed := p.held > 0
	least := int64(0)
	if allowed {
		p.held--
		least = gap
		l.own.Take(subject, limit) // where it goes on, should the buckets be away
	}
	return decide(size, gap, min(max(p.full-now-p.held*gap, least), gap*size), allowed)
}

// stale reports whether what is known of a bucket is too old to tell.
func (p *part) stale(now int64) bool { return now-p.asked > drawAgain.Nanoseconds() }

// fill takes what p may hold out of its bucket, and reports whether the bucket was reached.
func (l *SharedLimiter) fill(ctx context.Context, p *part, b Bucket) bool {
	if !l.mayAsk() {
		return false
	}
	// The client's leaving is no failure of the buckets.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drawTime)
	defer cancel()
	got, full, err := l.draw(ctx, b, max(b.Size/share, 1)-p.held)
	now := l.since()
	if err != nil {
		l.retry.Store(now + away.Nanoseconds())
		return false
	}
	l.retry.Store(0)
	p.held, p.asked, p.full = p.held+got, now, now+full.Nanoseconds()
	return true
}

// mayAsk reports whether to ask for buckets: of those who find them away, one at a time.
func (l *SharedLimiter) mayAsk() bool {
	now, retry := l.since(), l.retry.Load()
	return retry == 0 || now >= retry && l.retry.CompareAndSwap(retry, now+away.Nanoseconds())
}

func (l *SharedLimiter) part(subject Subject) *part {
	sh := l.parts.of(subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	p := sh.entries[subject]
	if p == nil {
		p = &part{}
		l.parts.put(sh, subject, p, func(p *part) int64 { return p.used.Load() })
	}
	return p
}

func (l *SharedLimiter) since() int64 { return l.now().Sub(l.start).Nanoseconds() }

// key returns what tells a subject from others of its organization.
func (s Subject) key() []byte {
	key := make([]byte, 0, 1+len(s.id)+len(s.dialect))
	if s.address {
		key = append(key, 'a')
	} else {
		key = append(key, 'p')
	}
	return append(append(key, s.id[:]...), s.dialect...)
}
