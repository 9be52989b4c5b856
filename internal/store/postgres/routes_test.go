package postgres

import (
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func TestNames(t *testing.T) { testNames(t, openNew(t, options{})) }

// named returns an organization with an id, a number and a slug.
func named(n byte, number int64, slug string) *roster.Organization {
	return &roster.Organization{ID: roster.ID{n}, Number: number, Slug: slug, Name: slug}
}

// commit makes ops in one change.
func commit(t *testing.T, s *Store, org roster.ID, ops ...roster.Op) error {
	t.Helper()
	_, err := s.Update(t.Context(), org, func(roster.State) (roster.Change, error) { return roster.Change{Ops: ops}, nil })
	return err
}

func mustCommit(t *testing.T, s *Store, org roster.ID, ops ...roster.Op) {
	t.Helper()
	if err := commit(t, s, org, ops...); err != nil {
		t.Fatal(err)
	}
}

// testNames holds the routes of names to leading to who has them, whatever was undone before.
func testNames(t *testing.T, s *Store) {
	t.Helper()
	one, two := named(1, 1, "one"), named(2, 2, "two")
	mustCommit(t, s, one.ID, roster.Op{After: one})

	// A creation that is undone after it has taken its names: the number is free, the slug is not.
	if err := commit(t, s, two.ID, roster.Op{After: named(2, 2, "one")}); roster.CodeOf(err) != roster.Conflict {
		t.Fatalf("got %v, want a conflict", err)
	}
	wantRoute(t, s, orgName{"number", "2"}, two.ID)
	three := named(3, 2, "three")
	mustCommit(t, s, three.ID, roster.Op{After: three})
	wantRoute(t, s, orgName{"number", "2"}, three.ID)
	if err := commit(t, s, two.ID, roster.Op{After: two}); roster.AsError(err).Field != "number" {
		t.Errorf("got %v, want a conflict about the number", err)
	}

	// A name that is given up is forgotten, and free; one that is undone again is not.
	renamed := named(1, 1, "uno")
	mustCommit(t, s, one.ID, roster.Op{Before: one, After: renamed})
	wantRoute(t, s, orgName{"slug", "one"}, roster.ID{})
	wantRoute(t, s, orgName{"slug", "uno"}, one.ID)
	mustCommit(t, s, one.ID, roster.Op{Before: renamed, After: one})
	wantRoute(t, s, orgName{"slug", "one"}, one.ID)
	mustCommit(t, s, one.ID, roster.Op{Before: one})
	wantRoute(t, s, orgName{"slug", "one"}, roster.ID{})
	wantRoute(t, s, orgName{"number", "1"}, roster.ID{})
}

func wantRoute(t *testing.T, s *Store, name orgName, want roster.ID) {
	t.Helper()
	var got roster.ID
	err := orNone(s.queryRow(t.Context(), []any{scanID{&got}}, readName, name.key()))
	if err != nil || got != want {
		t.Errorf("%v leads to %s, %v; want %s", name, got, err, want)
	}
}

// TestTokenRoutes holds the routes of tokens to going with them, also with their organization, and to leading nowhere
// where a transaction was undone.
func TestTokenRoutes(t *testing.T) {
	s := openNew(t, options{})
	one := named(1, 1, "one")
	token := func(n byte) *roster.Token {
		return &roster.Token{ID: roster.ID{9, n}, Name: "t", Kind: roster.TokenAccount, Hash: roster.HashSecret(string(rune('a' + n)))}
	}
	mustCommit(t, s, one.ID, roster.Op{After: one}, roster.Op{After: token(1)}, roster.Op{After: token(2)})
	if err := commit(t, s, one.ID, roster.Op{After: token(3)}, roster.Op{After: token(2)}); roster.CodeOf(err) != roster.Conflict {
		t.Fatalf("got %v, want a conflict", err)
	}
	wantRoutes := func(want int) {
		t.Helper()
		got := -1
		if err := s.queryRow(t.Context(), []any{&got}, `SELECT count(*) FROM token_routes`); err != nil || got != want {
			t.Errorf("got %d routes, %v; want %d", got, err, want)
		}
	}
	wantRoutes(3)
	if _, err := s.TokenOrg(t.Context(), token(3).Hash); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("a token that was undone: got %v", err)
	}
	mustCommit(t, s, one.ID, roster.Op{Before: token(1)})
	wantRoutes(2)
	mustCommit(t, s, one.ID, roster.Op{After: token(1)})
	mustCommit(t, s, one.ID, roster.Op{Before: one})
	wantRoutes(1) // of the token that never was
	if _, err := s.TokenOrg(t.Context(), token(1).Hash); roster.CodeOf(err) != roster.CodeOf(store.NoToken()) {
		t.Errorf("a token of an organization that is gone: got %v", err)
	}
}
