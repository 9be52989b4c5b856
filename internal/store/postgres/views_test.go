package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/roster-dev/roster"
)

// TestViews holds the views for people to showing what there is, and no secrets.
func TestViews(t *testing.T) {
	s := openNew(t, options{})
	org := named(1, 1, "acme")
	user := &roster.User{ID: roster.ID{2}, Number: 5, Name: "Ann\x00 \u00fc", Email: "ann@example.com"}
	token := &roster.Token{ID: roster.ID{3}, Name: "CI", Kind: roster.TokenAccount, Hash: roster.HashSecret("x")}
	mustCommit(t, s, org.ID, roster.Op{After: org}, roster.Op{After: token})
	mustCommit(t, s, org.ID, roster.Op{After: user})
	mustCommit(t, s, org.ID, roster.Op{After: &roster.User{ID: roster.ID{4}, Number: 6, Name: "a\\u0000\x00", Email: "nul@example.com"}})
	mustCommit(t, s, org.ID, roster.Op{Before: user, After: &roster.User{ID: user.ID, Number: 5, Name: "Anna", Email: "ann@example.com"}})
	if err := s.TouchTokens(t.Context(), []roster.TokenUse{{Org: org.ID, Token: token.ID, At: 1000}}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		`SELECT organization || ' ' || number || ' ' || name || ' ' || email FROM users WHERE number = 5`: "acme 5 Anna ann@example.com",
		`SELECT name || ' ' || (last_used_at AT TIME ZONE 'UTC')::text FROM tokens`:                       "CI 1970-01-01 00:00:01",
		`SELECT string_agg(version || ' ' || op || ' ' || type, ', ' ORDER BY version, type) FROM history`: "1 create organization, " +
			"1 create token, 2 create user, 3 create user, 4 update user",
		`SELECT count(*)::text FROM history WHERE type = 'token' AND (before IS NOT NULL OR after IS NOT NULL)`: "0",
		`SELECT name FROM users WHERE number = 6`:  "a\\ufffd\ufffd",
		`SELECT count(*)::text FROM webhooks`:      "0",
		`SELECT count(*)::text FROM groups`:        "0",
		`SELECT count(*)::text FROM spaces`:        "0",
		`SELECT count(*)::text FROM roles`:         "0",
		`SELECT count(*)::text FROM invitations`:   "0",
		`SELECT count(*)::text FROM deleted_users`: "0",
		`SELECT count(*)::text FROM audit`:         "0",
	} {
		var got string
		if err := s.queryRow(t.Context(), []any{&got}, query); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", query, got, err, want)
		}
	}
	wantDeletedViews(t, s, org)
	err := s.query(t.Context(), func(rows pgx.Rows) error {
		values, err := rows.Values()
		for _, v := range values {
			if text, ok := v.(string); ok && strings.Contains(text, token.Hash) {
				t.Errorf("a view shows the hash of a secret: %v", values)
			}
		}
		return err
	}, `SELECT t::text FROM tokens AS t UNION ALL SELECT h::text FROM history AS h`)
	if err != nil {
		t.Error(err)
	}
}

// wantDeletedViews holds the views to what was deleted: records of an organization, and then that.
func wantDeletedViews(t *testing.T, s *Store, org *roster.Organization) {
	t.Helper()
	about := roster.Deletion{DeletedAt: 1000, PurgeAt: 2000, DeletedBy: roster.ID{2}}
	group := &roster.Group{ID: roster.ID{5}, Number: 7, Name: "Staff"}
	space := &roster.Space{ID: roster.ID{6}, Number: 8, Title: "Home", Path: "home"}
	role := &roster.Role{ID: roster.ID{7}, Number: 9, Handle: "guide", Name: "Guide"}
	gone := *org
	gone.DeletedAt, gone.PurgeAt = 3000, 4000
	mustCommit(t, s, org.ID,
		roster.Op{After: &roster.DeletedGroup{ID: group.ID, Group: group, Deletion: about}},
		roster.Op{After: &roster.DeletedSpace{ID: space.ID, Space: space, Deletion: about}},
		roster.Op{After: &roster.DeletedRole{ID: role.ID, Role: role, Deletion: about}},
		roster.Op{Before: org, After: &gone})
	const when = `' ' || deleted_at || ' ' || purge_at`
	const second, by = " 1970-01-01T00:00:01.000Z 1970-01-01T00:00:02.000Z", " 02000000-0000-0000-0000-000000000000"
	for query, want := range map[string]string{
		`SELECT organization || number || name || ` + when + ` || ' ' || deleted_by FROM deleted_groups`:          "acme7Staff" + second + by,
		`SELECT organization || number || title || path || ` + when + ` || ' ' || deleted_by FROM deleted_spaces`: "acme8Homehome" + second + by,
		`SELECT organization || number || handle || name || ` + when + ` || ' ' || deleted_by FROM deleted_roles`: "acme9guideGuide" + second + by,
		`SELECT organization || number || name || ` + when + ` FROM deleted_organizations`: "acme1acme" +
			" 1970-01-01T00:00:03.000Z 1970-01-01T00:00:04.000Z",
		`SELECT count(*)::text FROM deleted_organizations WHERE deleted_by IS NULL`: "1",
	} {
		var got string
		if err := s.queryRow(t.Context(), []any{&got}, query); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", query, got, err, want)
		}
	}
}
