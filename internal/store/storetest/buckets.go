package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/roster-dev/roster/internal/store"
)

// testBuckets holds buckets to what they promise, as far as that shows without the store's clock: they gain next to
// nothing while the test runs.
func testBuckets(t *testing.T, _ store.Store, shared store.Shared) {
	t.Helper()
	buckets, ok := shared.(store.Buckets)
	if !ok {
		return
	}
	const gap = 24 * time.Hour
	b := store.Bucket{Org: id(1), Key: []byte("one"), Gap: gap, Size: 20}
	draw := func(b store.Bucket, want, wantGot, wantOwed int64) {
		t.Helper()
		got, full, err := buckets.Draw(t.Context(), b, want)
		if err != nil {
			t.Fatal(err)
		}
		most := time.Duration(wantOwed) * b.Gap
		if got != wantGot || full > most || full < most-time.Minute {
			t.Errorf("%d of %s, full in %s, want %d of %d, full in %s", got, b.Key, full, wantGot, want, most)
		}
	}
	draw(b, 5, 5, 5)
	draw(b, 10, 10, 15)
	draw(store.Bucket{Org: id(2), Key: b.Key, Gap: gap, Size: 20}, 30, 20, 20) // no more than it holds
	draw(store.Bucket{Key: []byte("another"), Gap: gap, Size: 20}, 1, 1, 1)
	if err := shared.Register(t.Context(), store.Node{ID: id(1)}); err != nil { // which forgets those that are full
		t.Fatal(err)
	}
	draw(b, 4, 4, 19)
	draw(b, 4, 1, 20)
	draw(b, 4, 0, 20)
	b.Size = 10
	draw(b, 1, 0, 10)
	b.Size = 12
	draw(b, 1, 1, 11)
	b.Gap = time.Nanosecond
	draw(b, 1, 0, 12) // which is full by the next statement
	draw(b, 1, 1, 1)
	if err := shared.Unregister(t.Context(), id(1)); err != nil {
		t.Fatal(err)
	}
	testDrawsAtOnce(t, buckets)
}

// testDrawsAtOnce has many draw from a bucket at once: all together get what is in it.
func testDrawsAtOnce(t *testing.T, buckets store.Buckets) {
	t.Helper()
	const size = 25
	var sum atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 5 {
				b := store.Bucket{Org: id(3), Key: []byte("many"), Gap: 24 * time.Hour, Size: size}
				got, _, err := buckets.Draw(t.Context(), b, 3)
				if err != nil {
					t.Error(err)
				}
				sum.Add(got)
			}
		})
	}
	group.Wait()
	if sum.Load() != size {
		t.Errorf("20 who wanted 3 each got %d, want %d", sum.Load(), size)
	}
}
