package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// testModel makes random changes with few keys, so that many collide, and holds the store against a plain map: a change
// is refused exactly where two users would share a key.
func testModel(t *testing.T, open Open) {
	t.Helper()
	s := open(t)
	next := 0
	rapid.Check(t, func(r *rapid.T) {
		next++
		o, users, version := org(next), map[roster.ID]*roster.User{}, roster.Version(1)
		if _, err := commit(t.Context(), s, o.ID, creations(o)...); err != nil {
			r.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(r, "changes") {
			ops, after := drawChange(r, users)
			_, err := commit(t.Context(), s, o.ID, ops...)
			field := firstTaken(after)
			switch {
			case field == "" && err != nil:
				r.Fatalf("refused: %v", err)
			case field != "" && roster.CodeOf(err) != roster.Conflict:
				r.Fatalf("two users share a %s: got %v, want a conflict", field, err)
			case err == nil && len(ops) > 0:
				users = after
				version++
			}
			if err := sameUsers(t, s, o.ID, version, users); err != nil {
				r.Fatal(err)
			}
		}
	})
}

// drawChange draws ops on users and returns the users after them.
func drawChange(r *rapid.T, users map[roster.ID]*roster.User) (ops []roster.Op, after map[roster.ID]*roster.User) {
	after = map[roster.ID]*roster.User{}
	for n := 1; n <= 5; n++ {
		before := users[id(n)]
		var op roster.Op
		if before != nil {
			op.Before, after[id(n)] = before, before
		}
		switch rapid.SampledFrom([]string{"keep", "write", "write", "delete"}).Draw(r, "action") {
		case "write":
			after[id(n)] = drawUser(r, n)
			op.After = after[id(n)]
			ops = append(ops, op)
		case "delete":
			if delete(after, id(n)); before != nil {
				ops = append(ops, op)
			}
		}
	}
	return rapid.Permutation(ops).Draw(r, "order"), after
}

func drawUser(r *rapid.T, n int) *roster.User {
	return &roster.User{
		ID: id(n), Name: "n", Number: int64(rapid.IntRange(0, 9).Draw(r, "number")),
		Email:      rapid.SampledFrom([]string{"", "", "a@x.y", "A@X.Y", "b@x.y", "c@x.y"}).Draw(r, "email"),
		Identifier: fmt.Sprint(rapid.IntRange(0, 9).Draw(r, "identifier")),
		Owner:      rapid.IntRange(0, 4).Draw(r, "owner") == 0,
	}
}

// firstTaken returns a key that two users share, or "".
func firstTaken(users map[roster.ID]*roster.User) string {
	seen := map[store.Unique]bool{}
	for _, u := range users {
		for _, unique := range store.Uniques(u) {
			if seen[unique] {
				return unique.Field
			}
			seen[unique] = true
		}
	}
	return ""
}

func sameUsers(
	t *testing.T, s store.Store, org roster.ID, version roster.Version, want map[roster.ID]*roster.User,
) error {
	t.Helper()
	got := map[roster.ID]*roster.User{}
	v, err := s.Load(t.Context(), org, func(e roster.Entity) error {
		if u, ok := e.(*roster.User); ok {
			got[u.ID] = u
		}
		return nil
	})
	if err != nil {
		return err
	}
	if v != version {
		return fmt.Errorf("got version %d, want %d", v, version)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		return errors.New("users (-want +got):\n" + diff)
	}
	return nil
}
