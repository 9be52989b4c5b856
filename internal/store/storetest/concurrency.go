package storetest

import (
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testConcurrency(t *testing.T, open Open) {
	t.Helper()
	t.Run("writers of one organization", func(t *testing.T) { testWriters(t, open(t), 1) })
	t.Run("writers of many organizations", func(t *testing.T) { testWriters(t, open(t), 4) })
	t.Run("readers beside a writer", func(t *testing.T) { testReaders(t, open(t)) })
	t.Run("one of many takes a key", func(t *testing.T) { testRace(t, open(t)) })
}

// testWriters lets every writer add users under the number after the largest one that it sees: a lost update or a gap
// in the versions shows in the end.
func testWriters(t *testing.T, s store.Store, orgs int) {
	t.Helper()
	const writers, updates = 8, 10
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			for range updates {
				n := w%orgs + 1
				if _, err := s.Update(t.Context(), id(n), addUser(n)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	for n := range orgs {
		total := writers * updates / orgs
		records := []roster.Entity{org(n + 1)}
		for i := 2; i <= total; i++ { // the first update creates the organization
			records = append(records, user(i))
		}
		wantContent(t, s, id(n+1), roster.Version(total), records...)
		wantVersions(t, s, id(n+1), total)
	}
}

// addUser returns an update that adds the user whose number is the next version, or creates the n-th organization.
func addUser(n int) func(roster.State) (roster.Change, error) {
	return func(state roster.State) (roster.Change, error) {
		if state.Version() == 0 {
			return roster.Change{Ops: creations(org(n))}, nil
		}
		next := int(state.Version()) + 1
		if before, err := state.Find(roster.TypeUser, roster.Keys{Number: int64(next) - 1}); err != nil {
			return roster.Change{}, err
		} else if before == nil && next > 2 {
			return roster.Change{}, fmt.Errorf("at version %d the last user is missing", state.Version())
		}
		return roster.Change{Ops: creations(user(next))}, nil
	}
}

// wantVersions holds the history of an organization to have every version up to the last one.
func wantVersions(t *testing.T, s store.Store, org roster.ID, last int) {
	t.Helper()
	changes, err := s.Changes(t.Context(), org, 0, last+1)
	if err != nil || len(changes) != last {
		t.Fatalf("got %d changes, %v, want %d", len(changes), err, last)
	}
	for i, change := range changes {
		if change.Version != roster.Version(i+1) {
			t.Errorf("change %d has version %d", i+1, change.Version)
		}
	}
}

// testReaders holds every read beside a writer to be of one version: version v has v-1 users, and v changes.
func testReaders(t *testing.T, s store.Store) {
	t.Helper()
	const updates = 50
	mustCommit(t, s, id(1), creations(org(1))...)
	var group errgroup.Group
	written := make(chan struct{})
	group.Go(func() error {
		defer close(written)
		for range updates {
			if _, err := s.Update(t.Context(), id(1), addUser(1)); err != nil {
				return err
			}
		}
		return nil
	})
	for range 3 {
		group.Go(func() error {
			for {
				if err := consistent(t, s); err != nil {
					return err
				}
				select {
				case <-written:
					return consistent(t, s)
				default:
				}
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

func consistent(t *testing.T, s store.Store) error {
	t.Helper()
	got, err := load(t.Context(), s, id(1))
	if err != nil {
		return err
	}
	o, ok := got.Records[0].(*roster.Organization)
	if !ok || int(got.Version) != len(got.Records) || o.Version != got.Version {
		return fmt.Errorf("%d records and %+v at version %d", len(got.Records), got.Records[0], got.Version)
	}
	changes, err := s.Changes(t.Context(), id(1), 0, int(got.Version)+1)
	if err != nil {
		return err
	}
	if len(changes) < int(got.Version) {
		return fmt.Errorf("%d changes at version %d", len(changes), got.Version)
	}
	return nil
}

func testRace(t *testing.T, s store.Store) {
	t.Helper()
	const writers = 8
	mustCommit(t, s, id(1), creations(org(1))...)
	errs := make([]error, writers)
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			mine := changed(user(w+1), func(u *roster.User) { u.Email = "one@x.y" })
			_, errs[w] = commit(t.Context(), s, id(1), creations(mine)...)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantTaken(t, "a loser", err, "email")
	}
	if won != 1 {
		t.Errorf("%d writers took the key, want 1", won)
	}
	wantVersions(t, s, id(1), 2)
}
