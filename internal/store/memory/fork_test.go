package memory_test

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
	"github.com/roster-dev/roster/internal/store/storetest"
)

// forking is a store that is forked after every change.
type forking struct{ *memory.Store }

// Update implements [store.Store].
func (s forking) Update(
	ctx context.Context, id roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	change, err := s.Store.Update(ctx, id, fn)
	if err == nil {
		_, _ = s.Fork(ctx) // fails where the test has ended ctx
	}
	return change, err
}

// A store that was forked is a store as ever.
func TestForkedStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) store.Store { return forking{memory.New()} }, nil)
}

// branch is a store, and the names of the users that it must have.
type branch struct {
	store *memory.Store
	names map[roster.ID]string
}

var org = roster.MustParseID("00000000-0000-4000-8000-000000000001")

// write makes, renames or deletes a user, whichever the branch can.
func (b *branch) write(t *rapid.T, id roster.ID, name string) {
	_, err := b.store.Update(context.Background(), org, func(s roster.State) (roster.Change, error) {
		var op roster.Op
		var err error
		if op.Before, err = s.Get(roster.TypeUser, id); err != nil {
			return roster.Change{}, err
		}
		if name != "" {
			op.After = &roster.User{ID: id, Number: int64(id[15]), Name: name, Kind: roster.Virtual}
		}
		change := roster.Change{}
		if s.Version() == 0 {
			change.Ops = append(change.Ops, roster.Op{After: &roster.Organization{ID: org, Number: 1, Slug: "org"}})
		}
		if op.Before != nil || op.After != nil {
			change.Ops = append(change.Ops, op)
		}
		return change, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if b.names[id] = name; name == "" {
		delete(b.names, id)
	}
}

func (b *branch) check(t *rapid.T) {
	got := map[roster.ID]string{}
	_, err := b.store.Load(context.Background(), org, func(e roster.Entity) error {
		if u, ok := e.(*roster.User); ok {
			got[u.ID] = u.Name
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.names, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What is written to one store is not seen by those that it was forked from, or that were forked from it.
func TestForksPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		branches := []*branch{{memory.New(), map[roster.ID]string{}}}
		branches[0].write(t, roster.ID{15: 1}, "first")
		for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
			b := branches[rapid.IntRange(0, len(branches)-1).Draw(t, "branch")]
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0:
				fork, err := b.store.Fork(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				branches = append(branches, &branch{fork, maps.Clone(b.names)})
			case 1:
				b.write(t, roster.ID{15: rapid.Byte().Draw(t, "id")%20 + 1}, "")
			default:
				b.write(t, roster.ID{15: rapid.Byte().Draw(t, "id")%20 + 1}, fmt.Sprint("name ", n))
			}
		}
		for _, b := range branches {
			b.check(t)
		}
	})
}
