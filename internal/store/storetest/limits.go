package storetest

import (
	"math"
	"strings"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testLimits(t *testing.T, open Open) {
	t.Helper()
	t.Run("many records in a change", func(t *testing.T) {
		const users = 3000
		s, records := open(t), []roster.Entity{org(1)}
		for n := range users {
			records = append(records, user(n+1))
		}
		mustCommit(t, s, id(1), creations(records...)...)
		wantContent(t, s, id(1), 1, records...)
		changes, err := s.Changes(t.Context(), id(1), 0, 1)
		if err != nil || len(changes) != 1 || len(changes[0].Ops) != users+1 {
			t.Errorf("got %d changes, %v, want 1 with %d ops", len(changes), err, users+1)
		}
	})
	t.Run("large documents", func(t *testing.T) {
		s, large := open(t), fullUser()
		large.PersonalSettings = roster.Object(`{"a":"` + strings.Repeat("x", 4<<20) + `"}`)
		small := user(1)
		mustCommit(t, s, id(1), creations(org(1), large, small)...)
		mustCommit(t, s, id(1), roster.Op{Before: large, After: changed(large, func(u *roster.User) { u.Name = "n" })})
		mustCommit(t, s, id(1), roster.Op{Before: changed(large, func(u *roster.User) { u.Name = "n" }), After: large})
		wantContent(t, s, id(1), 3, org(1), small, large)
	})
	t.Run("largest numbers", func(t *testing.T) {
		last := changed(user(1), func(u *roster.User) {
			u.Number, u.OwnPermissions, u.MinutesOfActivity = roster.MaxNumber, math.MaxInt64, math.MinInt64
			u.Groups = []int64{1, roster.MaxNumber}
		})
		o := changed(org(1), func(o *roster.Organization) { o.Number = roster.MaxNumber })
		s := open(t)
		mustCommit(t, s, id(1), creations(o, user(2), last)...)
		wantContent(t, s, id(1), 1, o, user(2), last)
		inState(t, s, id(1), func(state roster.State) {
			wantRecord(t, "find", last)(state.Find(roster.TypeUser, roster.Keys{Number: roster.MaxNumber}))
			before := roster.Keys{Number: roster.MaxNumber - 1}
			wantRecord(t, "find the one before", nil)(state.Find(roster.TypeUser, before))
		})
	})
	t.Run("texts", func(t *testing.T) { testTexts(t, open(t)) })
	t.Run("instants", func(t *testing.T) {
		s := open(t)
		early := changed(user(1), func(u *roster.User) { u.CreatedAt, u.UpdatedAt = -62167219200000, 1 })
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			return roster.Change{At: -1, Ops: creations(org(1), early)}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantContent(t, s, id(1), 1, org(1), early)
		if changes, err := s.Changes(t.Context(), id(1), 0, 1); err != nil || changes[0].At != -1 {
			t.Errorf("got %+v, %v, want a change one millisecond before 1970", changes, err)
		}
	})
}

func testTexts(t *testing.T, s store.Store) {
	t.Helper()
	records := []roster.Entity{org(1)}
	for i, text := range []string{
		strings.Repeat("😀", roster.MaxText), strings.Repeat("x", 100_000), "'; DROP TABLE users; --",
		`\" %s ? :a @b $1`, "Zoë\u0301", "Ελληνικά", "日本語", "\u202eright to left", "null", "\u2028",
		"<script>&amp;", "a\x00b", "\u00e9", "e\u0301x",
	} {
		records = append(records, changed(user(i+1), func(u *roster.User) {
			u.Name, u.Description, u.Identifier, u.Email = text, text, text, text+"@example.com"
		}))
	}
	mustCommit(t, s, id(1), creations(records...)...)
	wantContent(t, s, id(1), 1, records...)
	inState(t, s, id(1), func(state roster.State) {
		for _, e := range records[1:] {
			for _, unique := range store.Uniques(e) {
				wantRecord(t, "find by "+unique.Field, e)(state.Find(roster.TypeUser, unique.Keys))
			}
		}
	})
}
