package auth_test

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/throttled/throttled/v2"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/auth"
)

// clock is a time that tests move.
type clock struct{ now time.Time }

func newClock() *clock                { return &clock{now: noon.Std()} }
func (c *clock) read() time.Time      { return c.now }
func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

var subject = credential("fipto", tokenID)

func credential(dialect string, token roster.ID) auth.Subject {
	return auth.PrincipalSubject(dialect, roster.Principal{Org: orgID, Token: token})
}

func TestTakeServesABurstAndThenTheRate(t *testing.T) {
	for _, limit := range []roster.Limit{
		{Rate: 1, Burst: 1},
		{Rate: 5, Burst: 10},
		{Rate: 3, Burst: 7},
		{Rate: 0.1, Burst: 2},
		{Rate: 1e6, Burst: 1000},
		{Rate: 1.0 / 3600, Burst: 100},
		{Rate: 250.5, Burst: 1_000_000},
	} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			c := newClock()
			l := auth.NewLimiter(c.read, 100)
			for i := range limit.Burst {
				d := l.Take(subject, limit)
				if !d.Allowed || d.Used != i+1 || d.Remaining != limit.Burst-i-1 || d.Limit != limit.Burst {
					t.Fatalf("request %d: %+v", i+1, d)
				}
			}
			gap := time.Duration(math.Round(1e9 / limit.Rate))
			for i := range 20 {
				want := auth.Decision{
					Limit: limit.Burst, Used: limit.Burst,
					ResetAfter: gap * time.Duration(limit.Burst), RetryAfter: gap,
				}
				if diff := cmp.Diff(want, l.Take(subject, limit)); diff != "" {
					t.Fatalf("empty bucket, round %d (-want +got):\n%s", i, diff)
				}
				c.pass(gap - 1)
				if d := l.Take(subject, limit); d.Allowed || d.RetryAfter != 1 {
					t.Fatalf("1 ns early, round %d: %+v", i, d)
				}
				c.pass(1)
				if d := l.Take(subject, limit); !d.Allowed || d.RetryAfter != gap {
					t.Fatalf("in time, round %d: %+v", i, d)
				}
			}
		})
	}
}

func TestTakeRefills(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.read, 100)
	limit := roster.Limit{Rate: 10, Burst: 5}
	for range 5 {
		l.Take(subject, limit)
	}
	c.pass(time.Hour)
	want := auth.Decision{Allowed: true, Limit: 5, Remaining: 4, Used: 1, ResetAfter: 100 * time.Millisecond}
	if diff := cmp.Diff(want, l.Take(subject, limit)); diff != "" {
		t.Errorf("after a long pause (-want +got):\n%s", diff)
	}
}

func TestTakeKeepsSubjectsApart(t *testing.T) {
	l := auth.NewLimiter(newClock().read, 1000)
	once := roster.Limit{Rate: 1, Burst: 1}
	address := func(s string) auth.Subject { return auth.AddressSubject("fipto", netip.MustParseAddr(s)) }
	mapped := roster.ID(netip.MustParseAddr("192.0.2.1").As16())
	for _, test := range []struct {
		name    string
		subject auth.Subject
		want    bool
	}{
		{"a token", subject, true},
		{"the same", credential("fipto", tokenID), false},
		{"another dialect", credential("kaiten", tokenID), true},
		{"a signer", auth.PrincipalSubject("fipto", roster.Principal{Org: orgID, ActsAs: orgID}), true},
		{"the same id elsewhere", auth.PrincipalSubject("fipto", roster.Principal{Org: userID, Token: tokenID}), true},
		{"another token", credential("fipto", userID), true},
		{"an address", address("192.0.2.1"), true},
		{"the same in IPv6", address("::ffff:192.0.2.1"), false},
		{"the next address", address("192.0.2.2"), true},
		{"a token with the bytes of an address", credential("fipto", mapped), true},
		{"an IPv6 address", address("2001:db8::1"), true},
		{"the same /64", address("2001:db8::ffff:1"), false},
		{"the next /64", address("2001:db8:0:1::1"), true},
		{"no address", auth.AddressSubject("fipto", netip.Addr{}), true},
		{"no address again", auth.AddressSubject("fipto", netip.Addr{}), false},
	} {
		if got := l.Take(test.subject, once).Allowed; got != test.want {
			t.Errorf("%s: allowed = %t, want %t", test.name, got, test.want)
		}
	}
}

// TestTakeAfterTheLimitChanged checks that debt under an old, slower limit does not outlast it.
func TestTakeAfterTheLimitChanged(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.read, 100)
	slow, fast := roster.Limit{Rate: 0.001, Burst: 10}, roster.Limit{Rate: 10, Burst: 3}
	for range 10 {
		l.Take(subject, slow)
	}
	if d := l.Take(subject, fast); d.Allowed || d.RetryAfter != 100*time.Millisecond {
		t.Errorf("just after the change: %+v, want a wait of 100 ms", d)
	}
	c.pass(100 * time.Millisecond)
	if d := l.Take(subject, fast); !d.Allowed || d.Limit != 3 {
		t.Errorf("100 ms later: %+v, want it allowed", d)
	}
	if d := l.Take(subject, roster.Limit{Rate: 10, Burst: 5}); !d.Allowed || d.Remaining != 1 {
		t.Errorf("after the burst grew by two: %+v, want it allowed with one left", d)
	}
}

func TestTakeUnderOddLimits(t *testing.T) {
	for _, limit := range []roster.Limit{
		{},
		{Rate: -1, Burst: -1},
		{Rate: math.NaN(), Burst: 2},
		{Rate: math.Inf(1), Burst: 2},
		{Rate: 1e-300, Burst: math.MaxInt32},
		{Rate: 1e300, Burst: 1},
	} {
		l := auth.NewLimiter(newClock().read, 100)
		first := l.Take(subject, limit)
		burst := max(limit.Burst, 1)
		if !first.Allowed || first.Limit != burst || first.Used != 1 || first.Remaining != burst-1 ||
			first.ResetAfter <= 0 {
			t.Errorf("%v: %+v", limit, first)
		}
	}
}

func TestTakeWhenTheClockGoesBack(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.read, 100)
	limit := roster.Limit{Rate: 1, Burst: 2}
	l.Take(subject, limit)
	c.pass(-time.Hour)
	if d := l.Take(subject, limit); d.ResetAfter > 2*time.Second || d.RetryAfter > time.Second {
		t.Errorf("an hour back: %+v, want waits of at most a full bucket", d)
	}
}

func TestLimiterForgetsFullBucketsFirst(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.read, 64*8)
	limit := roster.Limit{Rate: 1.0 / 3600, Burst: 2}
	l.Take(subject, limit)
	l.Take(subject, limit)
	brief := roster.Limit{Rate: 1000, Burst: 1}
	for n := range 100_000 {
		c.pass(time.Millisecond)
		l.Take(credential("fipto", numbered(n).ID), brief)
	}
	if d := l.Take(subject, limit); d.Allowed {
		t.Errorf("an empty bucket was forgotten for full ones: %+v", d)
	}
}

// TestTakeConcurrently checks that exactly a burst is served of what comes at once.
func TestTakeConcurrently(t *testing.T) {
	l := auth.NewLimiter(newClock().read, 100)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if l.Take(subject, roster.Limit{Rate: 1, Burst: 777}).Allowed {
					allowed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if got := allowed.Load(); got != 777 {
		t.Errorf("%d requests were allowed, want 777", got)
	}
}

// model is throttled's store with the tests' clock.
type model struct {
	clock *clock
	cells map[string]int64
}

func (m *model) GetWithTime(_ context.Context, key string) (int64, time.Time, error) {
	if at, known := m.cells[key]; known {
		return at, m.clock.now, nil
	}
	return -1, m.clock.now, nil
}

func (m *model) SetIfNotExistsWithTTL(_ context.Context, key string, value int64, _ time.Duration) (bool, error) {
	m.cells[key] = value
	return true, nil
}

func (m *model) CompareAndSwapWithTTL(_ context.Context, key string, _, value int64, _ time.Duration) (bool, error) {
	m.cells[key] = value
	return true, nil
}

// TestTakeAgreesWithThrottled compares with github.com/throttled/throttled/v2 under one unchanging limit.
func TestTakeAgreesWithThrottled(t *testing.T) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		gap := time.Duration(rapid.Int64Range(1, 1e11).Draw(t, "gap"))
		limit := roster.Limit{Rate: 1e9 / float64(gap), Burst: rapid.IntRange(1, 20).Draw(t, "burst")}
		other, err := throttled.NewGCRARateLimiterCtx(&model{c, map[string]int64{}},
			throttled.RateQuota{MaxRate: throttled.PerDuration(1, gap), MaxBurst: limit.Burst - 1})
		if err != nil {
			t.Fatal(err)
		}
		l := auth.NewLimiter(c.read, 10_000)
		for range 50 {
			n := rapid.IntRange(0, 2).Draw(t, "subject")
			got := l.Take(credential("fipto", numbered(n).ID), limit)
			limited, want, err := other.RateLimitCtx(ctx, fmt.Sprint(n), 1)
			if err != nil {
				t.Fatal(err)
			}
			if got.Allowed == limited || got.Limit != want.Limit || got.Remaining != want.Remaining ||
				got.ResetAfter != want.ResetAfter || limited && got.RetryAfter != want.RetryAfter {
				t.Fatalf("got %+v, throttled says %t %+v", got, limited, want)
			}
			c.pass(time.Duration(rapid.Int64Range(0, 3*int64(gap)).Draw(t, "pause")))
		}
	})
}

func TestTakeDoesNotAllocate(t *testing.T) {
	l := auth.NewLimiter(newClock().read, 100)
	limit := roster.Limit{Rate: 1, Burst: 10_000}
	l.Take(subject, limit)
	got := testing.AllocsPerRun(100, func() { l.Take(credential("fipto", tokenID), limit) })
	if got != 0 {
		t.Errorf("Take allocates %v times", got)
	}
}

func BenchmarkTake(b *testing.B) {
	l := auth.NewLimiter(time.Now, 100)
	limit := roster.Limit{Rate: 1e6, Burst: 1e6}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Take(subject, limit)
		}
	})
}
