package storetest

import (
	"fmt"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testConflict(t *testing.T, open Open) {
	t.Helper()
	t.Run("within an organization", func(t *testing.T) { testTakenUser(t, open(t)) })
	t.Run("within a change", func(t *testing.T) {
		s := open(t)
		mustCommit(t, s, id(1), creations(org(1))...)
		second := changed(user(2), func(u *roster.User) { u.Number = 1 })
		_, err := commit(t.Context(), s, id(1), creations(user(1), second)...)
		wantTaken(t, "two creations", err, "number")
		wantContent(t, s, id(1), 1, org(1))
	})
	t.Run("among many creations", func(t *testing.T) { testTakenAmongMany(t, open(t)) })
	t.Run("other types and organizations", func(t *testing.T) { testNotTaken(t, open(t)) })
	t.Run("among organizations", func(t *testing.T) { testTakenOrg(t, open(t)) })
	t.Run("absent keys", func(t *testing.T) {
		s := open(t)
		bare := func(n int) *roster.User { return &roster.User{ID: id(n), Name: "bare"} }
		mustCommit(t, s, id(1), creations(org(1), bare(2), bare(3))...)
		mustCommit(t, s, id(1), creations(bare(4), token(1), token(2))...)
		wantContent(t, s, id(1), 2, org(1), bare(2), bare(3), bare(4), token(1), token(2))
	})
}

func testTakenUser(t *testing.T, s store.Store) {
	t.Helper()
	boss := changed(user(1), func(u *roster.User) {
		u.Owner, u.Email, u.Identifier = true, "STRASSE@example.com", "Straße"
	})
	records := []roster.Entity{org(1), boss, user(2), token(1)}
	mustCommit(t, s, id(1), creations(records...)...)
	for field, set := range map[string]func(*roster.User){
		"id":         func(u *roster.User) { u.ID = boss.ID },
		"number":     func(u *roster.User) { u.Number = boss.Number },
		"email":      func(u *roster.User) { u.Email = "Straße@EXAMPLE.com" },
		"identifier": func(u *roster.User) { u.Identifier = "STRASSE" },
		"owner":      func(u *roster.User) { u.Owner = true },
	} {
		_, err := commit(t.Context(), s, id(1), creations(user(3), changed(user(4), set))...)
		wantTaken(t, "creation", err, field)
		if field == "id" {
			continue
		}
		_, err = commit(t.Context(), s, id(1), roster.Op{Before: user(2), After: changed(user(2), set)})
		wantTaken(t, "update", err, field)
		_, err = commit(t.Context(), s, id(1),
			roster.Op{After: user(3)}, roster.Op{Before: user(2), After: changed(user(2), set)})
		wantTaken(t, "update beside a creation", err, field)
		unchanged := roster.Op{Before: boss, After: changed(boss, func(u *roster.User) { u.Name = "Same keys" })}
		_, err = commit(t.Context(), s, id(1), creations(changed(user(4), set))[0], unchanged)
		wantTaken(t, "creation before an update that keeps the key", err, field)
	}
	same := changed(token(2), func(t *roster.Token) { t.Hash = token(1).Hash })
	_, err := commit(t.Context(), s, id(1), creations(same)...)
	wantTaken(t, "token", err, "identifier")
	wantContent(t, s, id(1), 1, records...)
}

// testTakenAmongMany breaks each key at several places of a change that a driver may write in batches.
func testTakenAmongMany(t *testing.T, s store.Store) {
	t.Helper()
	const users = 100
	boss := changed(user(users+1), func(u *roster.User) { u.Owner = true })
	mustCommit(t, s, id(1), creations(org(1), boss)...)
	for field, set := range map[string]func(u, taken *roster.User){
		"id":         func(u, taken *roster.User) { u.ID = taken.ID },
		"number":     func(u, taken *roster.User) { u.Number = taken.Number },
		"email":      func(u, taken *roster.User) { u.Email = taken.Email },
		"identifier": func(u, taken *roster.User) { u.Identifier = taken.Identifier },
		"owner":      func(u, taken *roster.User) { u.Owner = taken.Owner },
	} {
		for _, at := range []int{1, 50, users} {
			ops := make([]roster.Op, users)
			for n := range ops {
				u := user(n + 1)
				if n+1 == at {
					set(u, boss)
				}
				ops[n].After = u
			}
			_, err := commit(t.Context(), s, id(1), ops...)
			wantTaken(t, fmt.Sprintf("creation %d", at), err, field)
		}
	}
	wantContent(t, s, id(1), 1, org(1), boss)
}

func testNotTaken(t *testing.T, s store.Store) {
	t.Helper()
	boss := changed(user(1), func(u *roster.User) { u.Owner = true })
	group := &roster.Group{ID: boss.ID, Number: boss.Number, Name: "Same id and number"}
	role := &roster.Role{ID: boss.ID, Number: boss.Number, Handle: boss.Identifier, Name: "Same identifier"}
	for n := 1; n <= 2; n++ {
		mustCommit(t, s, id(n), creations(org(n), role, group, boss)...)
		wantContent(t, s, id(n), 1, org(n), role, group, boss)
	}
}

func testTakenOrg(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	mustCommit(t, s, id(2), creations(org(2))...)
	for field, set := range map[string]func(*roster.Organization){
		"number": func(o *roster.Organization) { o.Number = 1 },
		"slug":   func(o *roster.Organization) { o.Slug = "org-1" },
	} {
		_, err := commit(t.Context(), s, id(3), creations(user(1), changed(org(3), set))...)
		wantTaken(t, "creation", err, field)
		_, err = commit(t.Context(), s, id(2), roster.Op{Before: org(2), After: changed(org(2), set)})
		wantTaken(t, "update", err, field)
	}
	_, err := commit(t.Context(), s, id(1), creations(org(1))...)
	wantTaken(t, "creation of what exists", err, "id")
	wantContent(t, s, id(1), 1, org(1))
	wantContent(t, s, id(2), 1, org(2))
	_, err = load(t.Context(), s, id(3))
	wantCode(t, "load of what was not created", err, roster.NotFound)
}

func testSwap(t *testing.T, open Open) {
	t.Helper()
	take := func(to, from *roster.User) *roster.User {
		return changed(to, func(u *roster.User) {
			u.Number, u.Email, u.Identifier, u.Owner = from.Number, from.Email, from.Identifier, from.Owner
		})
	}
	boss := changed(user(1), func(u *roster.User) { u.Owner = true })
	swapped1, swapped2 := take(boss, user(2)), take(user(2), boss)
	turned2, turned3 := take(user(2), user(3)), take(user(3), boss)
	heir, newcomer := take(user(2), boss), take(user(9), boss)
	for name, test := range map[string]struct {
		ops  []roster.Op
		want []roster.Entity // beside the organization
	}{
		"two records swap": {
			[]roster.Op{{Before: boss, After: swapped1}, {Before: user(2), After: swapped2}},
			[]roster.Entity{swapped2, swapped1, user(3)},
		},
		"three records turn": {
			[]roster.Op{
				{Before: boss, After: swapped1}, {Before: user(2), After: turned2}, {Before: user(3), After: turned3},
			},
			[]roster.Entity{turned3, swapped1, turned2},
		},
		"taken, then deleted": {
			[]roster.Op{{Before: user(2), After: heir}, {Before: boss}},
			[]roster.Entity{heir, user(3)},
		},
		"deleted, then created": {
			[]roster.Op{{Before: boss}, {After: newcomer}},
			[]roster.Entity{newcomer, user(2), user(3)},
		},
		"created, then deleted": {
			[]roster.Op{{After: newcomer}, {Before: boss}},
			[]roster.Entity{newcomer, user(2), user(3)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			mustCommit(t, s, id(1), creations(org(1), boss, user(2), user(3))...)
			mustCommit(t, s, id(1), test.ops...)
			wantContent(t, s, id(1), 2, append([]roster.Entity{org(1)}, test.want...)...)
		})
	}
	t.Run("undone by a conflict", func(t *testing.T) { testSwapUndone(t, open(t)) })
}

func testSwapUndone(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), user(1), user(2), user(3))...)
	_, err := commit(
		t.Context(), s, id(1),
		roster.Op{Before: user(1)},
		roster.Op{Before: user(2), After: changed(user(2), func(u *roster.User) { u.Number = 1 })},
		roster.Op{After: changed(user(4), func(u *roster.User) { u.Email = user(3).Email })},
	)
	wantTaken(t, "the last op", err, "email")
	wantContent(t, s, id(1), 1, org(1), user(1), user(2), user(3))
}
