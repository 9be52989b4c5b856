package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// trimmed is a store that keeps the changes after a version only.
type trimmed struct {
	store.Store
	since roster.Version
}

func (s *trimmed) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	return s.Store.Changes(ctx, org, max(after, s.since), limit)
}

func TestChangesAreKeptOrGone(t *testing.T) {
	t.Parallel()
	kept := &trimmed{Store: memory.New()}
	s := newService(kept)
	org := newOrg(t, s, "acme")
	for n := range 4 {
		u := &roster.User{Name: "U", Email: fmt.Sprintf("u%d@example.com", n)}
		if _, err := s.Do(t.Context(), org, roster.Operator(), roster.Create{Record: u}); err != nil {
			t.Fatal(err)
		}
	}
	view, err := s.View(t.Context(), org) // without it nobody knows that changes are missing at the end
	if err != nil || view.Version() != 5 {
		t.Fatalf("at version %d, want 5: %v", view.Version(), err)
	}
	for _, tc := range []struct {
		since, after roster.Version
		want         int // of the first change; 0 for none, -1 for Gone
	}{
		{0, 0, 1},
		{0, 4, 5},
		{0, 5, 0},
		{0, 9, 0},
		{2, 0, -1},
		{2, 1, -1},
		{2, 2, 3},
		{2, 3, 4},
		{2, 5, 0},
		{5, 4, -1},
		{5, 5, 0},
		{5, 6, 0},
	} {
		kept.since = tc.since
		changes, err := s.Changes(t.Context(), org, tc.after, 2)
		got := 0
		if len(changes) > 0 {
			got = int(changes[0].Version)
		}
		if roster.CodeOf(err) == roster.Gone {
			got = -1
			if gone, ok := errors.AsType[*roster.TrimmedError](err); !ok || gone.Since != tc.since {
				t.Errorf("kept after %d, asked for after %d: %+v", tc.since, tc.after, gone)
			}
		}
		if got != tc.want {
			t.Errorf("kept after %d, asked for after %d: %d, want %d (%v)", tc.since, tc.after, got, tc.want, err)
		}
	}
	if changes, err := s.Changes(t.Context(), roster.ID{1}, 0, 1); len(changes) > 0 || err != nil {
		t.Errorf("of no organization: %d changes, %v", len(changes), err)
	}
}

// Whoever waits does not load an organization that was forgotten, but hears of what is written to it.
func TestWaitingLoadsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under := &spy{Store: memory.New()}
		s := newService(under)
		org := newOrg(t, s, "acme")
		version := view(t, s, org).Version()
		waited := make(chan roster.Version)
		go func() {
			v, err := s.Wait(t.Context(), org, version+1)
			if err != nil {
				t.Error(err)
			}
			waited <- v.Version()
		}()
		synctest.Wait()
		before := under.loads.Load()
		for range 3 {
			s.Evict(org)
			synctest.Wait()
		}
		if loads := under.loads.Load() - before; loads > 0 {
			t.Errorf("an organization that was forgotten 3 times is loaded %d times", loads)
		}
		do(t, s, org, createUser("ann"))
		if got := <-waited; got != version+1 {
			t.Errorf("waited for version %d, want %d", got, version+1)
		}
	})
}

func TestWaitingEndsWithTheOrganization(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		under := memory.New()
		s := newService(under)
		org := newOrg(t, s, "acme")
		version := view(t, s, org).Version()
		failed := make(chan error)
		go func() {
			_, err := s.Wait(t.Context(), org, version+1)
			failed <- err
		}()
		synctest.Wait()
		_, err := under.Update(t.Context(), org, func(state roster.State) (roster.Change, error) {
			e, err := state.Get(roster.TypeOrganization, org)
			return roster.Change{Ops: []roster.Op{{Before: e}}}, err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Evict(org)
		if err := <-failed; roster.CodeOf(err) != roster.NotFound {
			t.Errorf("got %v, want %s", err, roster.NotFound)
		}
	})
}
