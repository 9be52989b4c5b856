package directory_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// liar is a store that does not tell the truth.
type liar struct {
	store.Store

	records func(roster.Entity) roster.Entity // nil leaves one out
	history func([]roster.Change) []roster.Change
}

func (l *liar) Load(ctx context.Context, org roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	return l.Store.Load(ctx, org, func(e roster.Entity) error {
		if l.records != nil {
			e = l.records(e)
		}
		if e == nil {
			return nil
		}
		return fn(e)
	})
}

func (l *liar) Changes(
	ctx context.Context, org roster.ID, after roster.Version, limit int,
) ([]roster.Change, error) {
	changes, err := l.Store.Changes(ctx, org, after, limit)
	if l.history != nil {
		changes = l.history(changes)
	}
	return changes, err
}

// lived returns a service with an organization in which something of everything has happened.
func lived(t *testing.T, s store.Store) (*directory.Service, roster.ID) {
	t.Helper()
	service := newService(s)
	org := newOrg(t, service, "one")
	view(t, service, org)
	createToken(t, service, org, "token", "1")
	do(t, service, org, createUser("ann"), createUser("bob"))
	do(t, service, org, rename("ann", "Ann"), roster.Create{Record: &roster.Group{Name: "Group", Permissions: 3}})
	do(t, service, org, roster.Delete{Type: roster.TypeUser, Ref: byEmail("bob")})
	do(t, service, org, roster.Update{Type: roster.TypeUser, Ref: byEmail("ann"), Patch: []byte(`{"groups":[1]}`)})
	return service, org
}

func TestCheck(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			service, org := lived(t, open(t))
			for _, users := range []int{1, 301} { // few users are not indexed
				if users > 1 {
					fill(t, service, org, users-1)
				}
				r, err := service.Check(t.Context(), org)
				if err != nil {
					t.Fatal(err)
				}
				if len(r.Problems) > 0 || r.Users != users || r.Bytes <= 0 || r.Version != view(t, service, org).Version() {
					t.Errorf("got %+v, want no problem and %d users", r, users)
				}
				parts := int64(0)
				for _, p := range r.Parts {
					parts += p.Bytes
				}
				if parts != r.Bytes+r.TextBytes {
					t.Errorf("the parts take %d bytes, the whole %d", parts, r.Bytes+r.TextBytes)
				}
				if got := r.TextBytes > 0; got != (users > 1) {
					t.Errorf("of %d users the index over texts takes %d bytes", users, r.TextBytes)
				}
			}
			_, err := service.Check(t.Context(), id(77))
			wantCode(t, "of no organization", err, roster.NotFound)
		})
	}
}

func TestCheckFindsProblems(t *testing.T) {
	dropAnn := func(e roster.Entity) roster.Entity {
		if e.Key().Type == roster.TypeUser {
			return nil
		}
		return e
	}
	renameAnn := func(e roster.Entity) roster.Entity {
		if u, ok := e.(*roster.User); ok {
			other := *u
			other.Name = "Eve"
			return &other
		}
		return e
	}
	for name, test := range map[string]struct {
		records func(roster.Entity) roster.Entity
		history func([]roster.Change) []roster.Change
		want    []string
	}{
		"a record that is gone": {records: dropAnn, want: []string{
			"the view has 1 records of type user, the store has 0", "the history has 1 records of type user, the store has 0",
		}},
		"another record": {records: renameAnn, want: []string{
			"the records of type user that the view has are not those that the store has",
			"the records of type user that the history has are not those that the store has",
		}},
		"a gap": {
			history: func(c []roster.Change) []roster.Change { return slices.Delete(slices.Clone(c), 2, 4) },
			want:    []string{"the history lacks the versions from 3 to 4"},
		},
		"an end": {
			history: func(c []roster.Change) []roster.Change { return c[:max(0, len(c)-2)] },
			want:    []string{"the history ends at version 4, the organization is at 6"},
		},
		"another history": {
			history: func(c []roster.Change) []roster.Change {
				c = slices.Clone(c)
				c[1].Ops = nil
				return c
			},
			want: []string{"the history has 0 records of type token, the store has 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &liar{Store: memory.New()}
			service, org := lived(t, s)
			s.records, s.history = test.records, test.history
			r, err := service.Check(t.Context(), org)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Problems, test.want) {
				t.Errorf("got the problems\n%s\nwant\n%s", strings.Join(r.Problems, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
