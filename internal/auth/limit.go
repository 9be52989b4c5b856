package auth

import (
	"math"
	"net/netip"
	"time"

	"github.com/roster-dev/roster"
)

// Subject is who is counted: a credential or, before one is known, a client's address, each for one dialect.
// Subjects are comparable with ==.
type Subject struct {
	dialect string
	org     roster.ID
	id      [16]byte
	address bool
}

// PrincipalSubject counts the requests to a dialect by a principal: by its organization and [roster.Principal.Actor],
// since ids are unique within an organization only.
func PrincipalSubject(dialect string, p roster.Principal) Subject {
	return Subject{dialect: dialect, org: p.Org, id: p.Actor()}
}

// AddressSubject counts the requests to a dialect from an address; an IPv6 address counts with the whole /64 that its
// owner can choose addresses from. The zero Addr counts as one address.
func AddressSubject(dialect string, addr netip.Addr) Subject {
	addr = plain(addr)
	id := addr.As16()
	if addr.Is6() {
		clear(id[8:])
	}
	return Subject{dialect: dialect, id: id, address: true}
}

// Decision is what a [Limiter] says about a request.
type Decision struct {
	// Allowed requests are counted, others are not.
	Allowed bool
	// Limit is the size of the bucket in requests; Remaining and Used, after this request, add up to it.
	Limit, Remaining, Used int
	// ResetAfter is how long it takes until the bucket is full again if no more requests come.
	ResetAfter time.Duration
	// RetryAfter is how long it takes until the next request would be allowed; 0 where it would be at once.
	RetryAfter time.Duration
}

// Limiter counts requests by the generic cell rate algorithm: a bucket of Burst requests for each subject, which
// serves a request while it holds one and gains one every 1/Rate seconds, evenly. It is safe for concurrent use;
// requests of a subject are decided one after the other, so exactly Burst of those that come at once are allowed.
//
// The algorithm is written out here, and a test holds it to throttled's. That one gives up with an error after ten
// lost races for one key, wants a limiter per limit and a text per key made on every request, and after a limit was
// raised still waits for the debt under the old one.
type Limiter struct {
	now   func() time.Time
	start time.Time
	// full holds, for each subject, the instant at which its bucket is full again, in nanoseconds since start.
	full *shards[Subject, int64]
}

// NewLimiter returns a Limiter that reads the time from now and remembers about capacity subjects. Beyond that it
// forgets those whose buckets are full or fullest, which in the worst case (more subjects than that at once) is to
// their advantage. Where now returns monotonic readings, as [time.Now] does, setting the system's clock does not
// matter.
func NewLimiter(now func() time.Time, capacity int) *Limiter {
	return &Limiter{now: now, start: now(), full: newShards[Subject, int64](capacity)}
}

// Take counts a request by subject under a limit, which may differ from one call to the next: a bucket never owes more
// than the limit of the moment allows. A Rate that is not positive never refills the bucket; a Burst below 1 counts as
// 1. Where filling the bucket would take longer than a century it takes about that long.
func (l *Limiter) Take(subject Subject, limit roster.Limit) Decision {
	burst := max(int64(limit.Burst), 1)
	gap := interval(limit.Rate, burst)
	sh := l.full.of(subject)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	now := l.now().Sub(l.start).Nanoseconds()
	empty := now + gap*burst // when a bucket that is empty now is full again
	full := now
	if at, known := sh.entries[subject]; known {
		full = min(max(at, now), empty)
	}
	allowed := full+gap <= empty
	if allowed {
		full += gap
	}
	// Refusals are kept too: a debt that the limit of the moment cut must not come back.
	l.full.put(sh, subject, full, func(at int64) int64 { return at })
	return decide(burst, gap, full-now, allowed)
}

// decide describes a bucket that is full again in reset nanoseconds.
func decide(burst, gap, reset int64, allowed bool) Decision {
	remaining := (gap*burst - reset) / gap
	d := Decision{
		Allowed: allowed, Limit: int(burst), Remaining: int(remaining), Used: int(burst - remaining),
		ResetAfter: time.Duration(reset),
	}
	if remaining == 0 {
		d.RetryAfter = time.Duration(reset - gap*(burst-1))
	}
	return d
}

// interval returns the nanoseconds between two requests at a rate per second: at least 1, and little enough that
// a whole burst of them can be counted.
func interval(rate float64, burst int64) int64 {
	const century = 100 * 365 * 24 * time.Hour
	most := max(century.Nanoseconds()/burst, 1)
	if !(rate > 0) { // not a number, too
		return most
	}
	return int64(min(max(math.Round(1e9/rate), 1), float64(most)))
}
