package auth_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

// buckets keep buckets with the tests' clock.
type buckets struct {
	clock *clock

	mu     sync.Mutex
	full   map[string]time.Time // guarded by mu, as are the others
	asked  int
	failed error // what drawing fails with
}

func newBuckets(c *clock) *buckets { return &buckets{clock: c, full: map[string]time.Time{}} }

func (b *buckets) draw(_ context.Context, of auth.Bucket, want int64) (int64, time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if b.failed != nil {
		return 0, 0, b.failed
	}
	key := string(of.Org[:]) + string(of.Key)
	now := b.clock.read()
	empty := now.Add(of.Gap * time.Duration(of.Size))
	full := slices.MinFunc([]time.Time{slices.MaxFunc([]time.Time{b.full[key], now}, time.Time.Compare), empty},
		time.Time.Compare)
	got := min(want, int64(empty.Sub(full)/of.Gap))
	full = full.Add(of.Gap * time.Duration(got))
	b.full[key] = full
	return got, full.Sub(now), nil
}

// TestSharedTakeAlone holds a shared limiter that nobody shares to allowing no less than one that counts by itself, and
// to allowing and saying the same where it takes one request at a time.
func TestSharedTakeAlone(t *testing.T) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		gap := rapid.Int64Range(1, 1e10).Draw(t, "gap")
		limit := roster.Limit{Rate: 1e9 / float64(gap), Burst: rapid.IntRange(1, 60).Draw(t, "burst")}
		own := auth.NewLimiter(c.read, 10_000)
		l := auth.NewSharedLimiter(c.read, 10_000, newBuckets(c).draw)
		var wanted, allowed int
		for range 100 {
			want, got := own.Take(subject, limit), l.Take(ctx, subject, limit)
			if want.Allowed {
				wanted++
			}
			if got.Allowed {
				allowed++
			}
			if allowed < wanted {
				t.Fatalf("%d requests were allowed, want %d at least", allowed, wanted)
			}
			if diff := cmp.Diff(want, got); limit.Burst < 20 && diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			if got.Used+got.Remaining != got.Limit || got.Remaining < 0 || got.Allowed && got.Used == 0 {
				t.Fatalf("%+v does not add up", got)
			}
			c.pass(time.Duration(rapid.Int64Range(0, 2*gap).Draw(t, "pause")))
		}
	})
}

// TestSharedTakeTogether holds limiters over the same buckets to allowing no more together than they promise, in any
// time from the start.
func TestSharedTakeTogether(t *testing.T) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		gap := rapid.Int64Range(1, 1e10).Draw(t, "gap")
		limit := roster.Limit{Rate: 1e9 / float64(gap), Burst: rapid.IntRange(1, 60).Draw(t, "burst")}
		b := newBuckets(c)
		nodes := make([]*auth.SharedLimiter, rapid.IntRange(1, 4).Draw(t, "nodes"))
		for i := range nodes {
			nodes[i] = auth.NewSharedLimiter(c.read, 10_000, b.draw)
		}
		held := len(nodes) * max(limit.Burst/10-1, 0)
		var passed time.Duration
		var at []time.Duration // of the requests that were allowed
		for range 200 {
			n := rapid.IntRange(0, len(nodes)-1).Draw(t, "node")
			if nodes[n].Take(ctx, subject, limit).Allowed {
				at = append(at, passed)
			}
			if rapid.IntRange(0, 4).Draw(t, "at once") == 0 {
				pause := time.Duration(rapid.Int64Range(0, 20*gap).Draw(t, "pause"))
				c.pass(pause)
				passed += pause
			}
		}
		for i, from := range at {
			for j, to := range at[i:] {
				if most := limit.Burst + held + int((to-from)/time.Duration(gap)); j+1 > most {
					t.Fatalf("%d requests were allowed in %s by %d nodes, want %d at most", j+1, to-from, len(nodes), most)
				}
			}
		}
	})
}

// TestSharedTakeAsksRarely holds requests to being served from what was taken, and refusals to asking nobody.
func TestSharedTakeAsksRarely(t *testing.T) {
	c := newClock()
	b := newBuckets(c)
	l := auth.NewSharedLimiter(c.read, 100, b.draw)
	limit := roster.Limit{Rate: 1, Burst: 100}
	for n := range 150 {
		if got := l.Take(t.Context(), subject, limit); got.Allowed != (n < 100) || got.Remaining != max(99-n, 0) {
			t.Fatalf("request %d: %+v", n+1, got)
		}
	}
	if b.asked != 10 {
		t.Errorf("150 requests asked %d times, want 10", b.asked)
	}
}

// TestSharedTakeSeesOthers holds what is said of a bucket to being no older than a second.
func TestSharedTakeSeesOthers(t *testing.T) {
	c := newClock()
	b := newBuckets(c)
	one, other := auth.NewSharedLimiter(c.read, 100, b.draw), auth.NewSharedLimiter(c.read, 100, b.draw)
	limit := roster.Limit{Rate: 0.001, Burst: 100}
	one.Take(t.Context(), subject, limit)
	for range 90 {
		other.Take(t.Context(), subject, limit)
	}
	c.pass(time.Second + 1)
	if got := one.Take(t.Context(), subject, limit); !got.Allowed || got.Remaining != 8 {
		t.Errorf("got %+v, want 8 of what is held to remain", got)
	}
	lower := roster.Limit{Rate: 0.001, Burst: 10}
	if got := one.Take(t.Context(), subject, lower); got.Allowed {
		t.Errorf("got %+v under a lower limit, want it refused: what was taken before does not count", got)
	}
}

// TestSharedTakeAway has a limiter go on by itself while the buckets are away, and come back to them.
func TestSharedTakeAway(t *testing.T) {
	c := newClock()
	b := newBuckets(c)
	l := auth.NewSharedLimiter(c.read, 100, b.draw)
	limit := roster.Limit{Rate: 0.001, Burst: 5}
	take := func(want bool, remaining int) {
		t.Helper()
		if got := l.Take(t.Context(), subject, limit); got.Allowed != want || got.Remaining != remaining {
			t.Errorf("got %+v, want %t with %d", got, want, remaining)
		}
	}
	take(true, 4)
	b.failed = errors.New("away")
	take(true, 3)
	take(true, 2)
	if b.asked != 2 {
		t.Errorf("asked %d times, want once while they are away", b.asked)
	}
	c.pass(time.Second)
	take(true, 1)
	take(true, 0)
	take(false, 0)
	if b.asked != 3 {
		t.Errorf("asked %d times, want once more after a second", b.asked)
	}
	b.failed = nil
	c.pass(time.Second)
	take(true, 3) // the bucket knows of one
}

// TestSharedTakeKeepsSubjectsApart holds subjects to buckets of their own.
func TestSharedTakeKeepsSubjectsApart(t *testing.T) {
	b := newBuckets(newClock())
	l := auth.NewSharedLimiter(b.clock.read, 1000, b.draw)
	subjects := []auth.Subject{
		subject, credential("kaiten", tokenID), credential("fipto", userID),
		auth.PrincipalSubject("fipto", roster.Principal{Org: userID, Token: tokenID}),
		auth.AddressSubject("fipto", netip.AddrFrom16(tokenID)),
	}
	for _, s := range subjects {
		if !l.Take(t.Context(), s, roster.Limit{Rate: 0.001, Burst: 1}).Allowed {
			t.Errorf("%v shares a bucket", s)
		}
	}
}

// TestSharedTakeConcurrently has exactly a burst served of what comes at once to two limiters.
func TestSharedTakeConcurrently(t *testing.T) {
	b := newBuckets(newClock())
	const burst = 200
	var mu sync.Mutex
	allowed := 0
	var group sync.WaitGroup
	for range 2 {
		l := auth.NewSharedLimiter(b.clock.read, 100, b.draw)
		for range 4 {
			group.Go(func() {
				for range 100 {
					if l.Take(t.Context(), subject, roster.Limit{Rate: 1, Burst: burst}).Allowed {
						mu.Lock()
						allowed++
						mu.Unlock()
					}
				}
			})
		}
	}
	group.Wait()
	if allowed != burst {
		t.Errorf("%d requests were allowed, want %d", allowed, burst)
	}
}
