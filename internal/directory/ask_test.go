package directory_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store/memory"
)

// Calls that wait for those before them are counted, and nobody else.
func TestQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		for range 3 {
			c.call(t.Context(), roster.Operator(), createUser(""))
		}
		if all, most := c.service.Queued(); all != 3 || most != 3 {
			t.Errorf("%d wait, %d in one organization, want 3", all, most)
		}
		c.run()
		if all, most := c.service.Queued(); all != 0 || most != 0 {
			t.Errorf("%d wait, %d in one organization, want none", all, most)
		}
	})
}

// Who takes the times of the store is told of each call, and of how it ended.
func TestTimes(t *testing.T) {
	spied, o := &spy{Store: memory.New()}, newOptions()
	broken := errors.New("the disk is gone")
	var got []string
	o.Times = func(operation string, took time.Duration, err error) {
		if took < 0 || !slices.Contains(directory.Operations(), operation) {
			t.Errorf("%s took %s", operation, took)
		}
		if errors.Is(err, broken) {
			operation += " failed"
		}
		got = append(got, operation)
	}
	s := directory.New(spied, o)
	org := newOrg(t, s, "one")
	got = nil
	view(t, s, org)
	do(t, s, org, createUser("ann"))
	if _, err := s.Changes(t.Context(), org, 0, 10); err != nil {
		t.Fatal(err)
	}
	spied.beforeUpdate = func() error { return broken }
	if _, err := s.Do(t.Context(), org, roster.Operator(), createUser("bob")); !errors.Is(err, broken) {
		t.Fatalf("got %v, want %v", err, broken)
	}
	want := []string{"load", "changes", "update", "changes", "update failed"} // a load catches up at its end
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the calls of the store (-want +got):\n%s", diff)
	}
}
