package directory_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// measured counts how often a history is measured.
type measured struct {
	store.Store
	times atomic.Int64
}

func (m *measured) History(ctx context.Context, org roster.ID) (roster.HistoryInfo, error) {
	m.times.Add(1)
	return m.Store.History(ctx, org)
}

// How much is kept is measured again after a change, a trim and an erasure, and not for each who asks.
func TestKeptIsMeasuredOnce(t *testing.T) {
	t.Parallel()
	ctx, m := t.Context(), &measured{Store: memory.New()}
	s, org := newServiceOver(t, m)
	ask := func(what string, times int64) {
		t.Helper()
		for range 3 {
			got, err := s.Kept(ctx, org)
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.Store.History(ctx, org)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", what, err, diff)
			}
		}
		if got := m.times.Load(); got != times {
			t.Errorf("%s: the history was measured %d times, want %d", what, got, times)
		}
	}
	do := func(cmd roster.Command) {
		t.Helper()
		if _, err := s.Do(ctx, org, roster.Operator(), cmd); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.View(ctx, org); err != nil {
		t.Fatal(err)
	}
	ask("at first", 1)
	do(roster.Create{Record: &roster.User{Name: "Ann", Email: "ann@example.com"}})
	do(roster.Create{Record: &roster.User{Name: "Bob", Email: "bob@example.com"}})
	ask("after changes", 2)
	do(roster.Erase{Ref: roster.Ref{Email: "ann@example.com"}})
	ask("after an erasure", 3)
	if _, err := s.Trim(ctx, org, roster.Moment{Version: 2}); err != nil {
		t.Fatal(err)
	}
	ask("after a trim", 4)
}

func newServiceOver(t *testing.T, over store.Store) (*directory.Service, roster.ID) {
	t.Helper()
	var ids atomic.Int64
	s := directory.New(over, directory.Options{
		Now: func() roster.Time { return 1_700_000_000_000 },
		NewID: func() (roster.ID, error) {
			n := ids.Add(1)
			return roster.ID{0: 1, 14: byte(n >> 8), 15: byte(n)}, nil
		},
	})
	t.Cleanup(s.Close)
	o, err := s.CreateOrg(t.Context(), roster.Operator(), roster.Organization{Slug: "acme", Name: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	return s, o.ID
}
