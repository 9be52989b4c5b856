package directory_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/store/sqlite"
)

const now = roster.Time(1_800_000_000_000)

// spy is a store that counts and lets tests step in between. Its hooks are set before the store is used.
type spy struct {
	store.Store
	loads, tokenOrgs atomic.Int64

	// beforeLoad runs before a load begins, loaded when it has its records and before it returns.
	beforeLoad, loaded func(ctx context.Context, org roster.ID)
	// beforeUpdate may refuse a change, committed may falsify one.
	beforeUpdate func() error
	committed    func(roster.Change) roster.Change
}

func (s *spy) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	s.loads.Add(1)
	if s.beforeLoad != nil {
		s.beforeLoad(ctx, org)
	}
	version, err := s.Store.Load(ctx, org, fn)
	if s.loaded != nil {
		s.loaded(ctx, org)
	}
	return version, err
}

func (s *spy) TokenOrg(ctx context.Context, hash string) (roster.ID, error) {
	s.tokenOrgs.Add(1)
	return s.Store.TokenOrg(ctx, hash)
}

func (s *spy) Update(
	ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	if s.beforeUpdate != nil {
		if err := s.beforeUpdate(); err != nil {
			return roster.Change{}, err
		}
	}
	change, err := s.Store.Update(ctx, org, fn)
	if err == nil && s.committed != nil {
		change = s.committed(change)
	}
	return change, err
}

// stores returns what opens a new, empty store, for every kind of store.
func stores() map[string]func(*testing.T) store.Store {
	return map[string]func(*testing.T) store.Store{
		"memory": func(*testing.T) store.Store { return memory.New() }, "sqlite": newSQLite,
	}
}

func newSQLite(t *testing.T) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "roster.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// newService returns a service whose clock stands and whose ids count.
func newService(s store.Store) *directory.Service {
	return directory.New(s, directory.Options{Now: func() roster.Time { return now }, NewID: newID(0)})
}

// newID returns what makes the ids after the n-th one.
func newID(n uint32) func() (roster.ID, error) {
	var ids atomic.Uint32
	ids.Store(n)
	return func() (roster.ID, error) { return id(int(ids.Add(1))), nil }
}

// id returns the n-th id that a service makes.
func id(n int) roster.ID {
	made := roster.MustParseID("0190a000-0000-7000-8000-000000000000")
	binary.BigEndian.PutUint32(made[12:], uint32(n))
	return made
}

// newOrg makes an organization.
func newOrg(t *testing.T, s *directory.Service, slug string) roster.ID {
	t.Helper()
	org, err := s.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: slug, Name: slug})
	if err != nil {
		t.Fatal(err)
	}
	return org.ID
}

func do(t *testing.T, s *directory.Service, org roster.ID, cmds ...roster.Command) roster.Change {
	t.Helper()
	change, err := s.Do(t.Context(), org, roster.Operator(), cmds...)
	if err != nil {
		t.Fatal(err)
	}
	return change
}

func view(t *testing.T, s *directory.Service, org roster.ID) *index.View {
	t.Helper()
	v, err := s.View(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func createUser(name string) roster.Command {
	return roster.Create{Record: &roster.User{Name: name, Email: name + "@example.com"}}
}

func byEmail(name string) roster.Ref { return roster.Ref{Email: name + "@example.com"} }

// names returns the names of all users by number.
func names(t *testing.T, v *index.View) []string {
	t.Helper()
	page, err := v.Users(roster.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for u := range page.Users {
		all = append(all, u.Name)
	}
	return all
}

func wantNames(t *testing.T, v *index.View, want ...string) {
	t.Helper()
	if got := names(t, v); !slices.Equal(got, want) {
		t.Errorf("users at version %d: got %q, want %q", v.Version(), got, want)
	}
}

func wantCode(t *testing.T, what string, err error, want roster.Code) {
	t.Helper()
	if got := roster.CodeOf(err); got != want {
		t.Errorf("%s: got code %q (%v), want %q", what, got, err, want)
	}
}

// wantVersions holds the history of an organization to have every version up to last.
func wantVersions(t *testing.T, s *directory.Service, org roster.ID, last int) {
	t.Helper()
	changes, err := s.Changes(t.Context(), org, 0, last+1)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, change := range changes {
		got = append(got, fmt.Sprint(change.Version))
	}
	for v := range last {
		want = append(want, fmt.Sprint(v+1))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got versions %v, want 1 to %d", got, last)
	}
}
