package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testUses(t *testing.T, open Open) {
	t.Helper()
	t.Run("the latest stays", func(t *testing.T) { testLatestUse(t, open(t)) })
	t.Run("a use is no change", func(t *testing.T) { testUseIsNoChange(t, open(t)) })
	t.Run("a use goes with its token", func(t *testing.T) { testUsesGo(t, open(t)) })
	t.Run("inside an update", func(t *testing.T) { testUseDuringUpdate(t, open(t)) })
}

// use returns a use of the n-th token of an organization.
func use(org, n int, at roster.Time) roster.TokenUse {
	return roster.TokenUse{Org: id(org), Token: token(n).ID, At: at}
}

func mustTouch(t *testing.T, s store.Store, uses ...roster.TokenUse) {
	t.Helper()
	if err := s.TouchTokens(t.Context(), uses); err != nil {
		t.Fatalf("touch: %v", err)
	}
}

func wantUses(t *testing.T, s store.Store, org int, want ...roster.TokenUse) {
	t.Helper()
	got, err := s.TokenUses(t.Context(), id(org))
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[roster.ID]roster.Time{}
	for _, u := range want {
		wanted[u.Token] = u.At
	}
	if diff := cmp.Diff(wanted, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("uses of organization %d (-want +got):\n%s", org, diff)
	}
}

func testLatestUse(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), token(1), token(2), token(3), user(1))...)
	mustCommit(t, s, id(2), creations(org(2), token(1))...)
	wantUses(t, s, 1)
	mustTouch(t, s)
	mustTouch(t, s,
		use(1, 1, 1_700_000_000_005), use(1, 2, 7), use(2, 1, 3),
		use(1, 9, 1), use(3, 1, 1), roster.TokenUse{Org: id(1), Token: user(1).ID, At: 1}) // there are no such tokens
	wantUses(t, s, 1, use(1, 1, 1_700_000_000_005), use(1, 2, 7))
	wantUses(t, s, 2, use(2, 1, 3))
	wantUses(t, s, 3)
	mustTouch(t, s, use(1, 1, 4), use(1, 2, 9), use(1, 2, 8), use(1, 3, 1), use(2, 1, 3))
	wantUses(t, s, 1, use(1, 1, 1_700_000_000_005), use(1, 2, 9), use(1, 3, 1))
	wantUses(t, s, 2, use(2, 1, 3))
}

func testUseIsNoChange(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), token(1))...)
	mustTouch(t, s, use(1, 1, 5))
	wantContent(t, s, id(1), 1, org(1), token(1))
	wantVersions(t, s, id(1), 1)
	renamed := changed(token(1), func(t *roster.Token) { t.Name = "Renamed" })
	mustCommit(t, s, id(1), roster.Op{Before: token(1), After: renamed})
	wantContent(t, s, id(1), 2, org(1), renamed)
	wantUses(t, s, 1, use(1, 1, 5))
}

func testUsesGo(t *testing.T, s store.Store) {
	t.Helper()
	namesake := user(1)
	namesake.ID = token(2).ID // ids are unique within a type only
	mustCommit(t, s, id(1), creations(org(1), token(1), token(2), namesake)...)
	mustCommit(t, s, id(2), creations(org(2), token(1))...)
	mustTouch(t, s, use(1, 1, 5), use(1, 2, 6), use(2, 1, 7))
	mustCommit(t, s, id(1), roster.Op{Before: token(1)}, roster.Op{Before: namesake})
	wantUses(t, s, 1, use(1, 2, 6))
	wantUses(t, s, 2, use(2, 1, 7))
	mustCommit(t, s, id(1), creations(token(1))...)
	wantUses(t, s, 1, use(1, 2, 6))
	mustCommit(t, s, id(1), roster.Op{Before: org(1)})
	wantUses(t, s, 1)
	mustCommit(t, s, id(1), creations(org(1), token(2))...)
	wantUses(t, s, 1)
	wantUses(t, s, 2, use(2, 1, 7))
}

// testUseDuringUpdate has a use arrive while an update runs that fails: the one must not undo the other.
func testUseDuringUpdate(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), token(1))...)
	stop, touched := errors.New("stop"), make(chan error, 1)
	_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
		go func() { touched <- s.TouchTokens(t.Context(), []roster.TokenUse{use(1, 1, 5)}) }()
		return roster.Change{}, stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("update: got %v, want %v", err, stop)
	}
	if err := <-touched; err != nil {
		t.Errorf("touch: %v", err)
	}
	wantUses(t, s, 1, use(1, 1, 5))
	wantVersions(t, s, id(1), 1)
}
