package storetest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// testBatches holds a store that loads in batches to what it loads one by one.
func testBatches(t *testing.T, s store.Store) {
	t.Helper()
	b, ok := s.(store.Batcher)
	if !ok {
		return // it need not
	}
	const users = 2500
	records := []roster.Entity{org(1), fullUser(), token(1), token(2)}
	for n := range users {
		records = append(records, user(n+100))
	}
	mustCommit(t, s, id(1), creations(records...)...)
	want, err := load(t.Context(), s, id(1))
	if err != nil {
		t.Fatal(err)
	}
	got, sizes, err := loadBatches(t.Context(), b, id(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := diffOf(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("in batches (-one by one +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{1, 1024, 1024, users + 1 - 2048, 2}, sizes); diff != "" {
		t.Errorf("the sizes of the batches (-want +got):\n%s", diff)
	}
	_, _, err = loadBatches(t.Context(), b, id(2), nil)
	wantCode(t, "load batches of nothing", err, roster.NotFound)
	stop := errors.New("stop")
	for at := range sizes {
		_, sizes, err := loadBatches(t.Context(), b, id(1), func(n int) error {
			if n == at {
				return stop
			}
			return nil
		})
		if !errors.Is(err, stop) || len(sizes) != at {
			t.Errorf("got %v after %d batches, want %v after %d", err, len(sizes), stop, at)
		}
	}
}

// loadBatches returns what a store loads in batches, and how many records each has; fail, if there is one, is asked
// before each.
func loadBatches(
	ctx context.Context, b store.Batcher, id roster.ID, fail func(n int) error,
) (got content, sizes []int, err error) {
	var at atomic.Int32 // calls that run
	got.Version, err = b.LoadBatches(ctx, id, func(batch iter.Seq[roster.Entity]) func() error {
		var records []roster.Entity
		for e := range batch {
			if u, ok := e.(*roster.User); ok {
				kept := *u
				kept.Groups, kept.Spaces = slices.Clone(u.Groups), slices.Clone(u.Spaces)
				kept.NotificationChannels = slices.Clone(u.NotificationChannels)
				kept.WhitelistedIPs = slices.Clone(u.WhitelistedIPs)
				e = &kept
			}
			records = append(records, uncounted(e))
		}
		return func() error {
			if at.Add(1) > 1 {
				return errors.New("called concurrently")
			}
			defer at.Add(-1)
			if fail != nil {
				if err := fail(len(sizes)); err != nil {
					return err
				}
			}
			got.Records, sizes = append(got.Records, records...), append(sizes, len(records))
			return nil
		}
	})
	return got, sizes, err
}
