package directory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// again is a store that runs what decides on a change several times before it commits, and may then fail to commit.
type again struct {
	store.Store

	times int
	fail  error
}

func (s *again) Update(
	ctx context.Context, org roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	return s.Store.Update(ctx, org, func(state roster.State) (change roster.Change, err error) {
		for range s.times {
			if change, err = fn(state); err != nil {
				return change, err
			}
		}
		return change, s.fail
	})
}

// A view that was made while its change was being committed shows only what was committed.
func TestViewsAheadOfCommits(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := &again{Store: open(t), times: 3}
			service := newService(s)
			org := newOrg(t, service, "one")
			before := view(t, service, org)
			do(t, service, org, createUser("ann"))
			wantNames(t, view(t, service, org), "ann")
			wantNames(t, before)

			s.fail = errors.New("disk full")
			ann := view(t, service, org)
			_, err := service.Do(t.Context(), org, roster.Operator(), createUser("bob"))
			if !errors.Is(err, s.fail) || view(t, service, org) != ann {
				t.Errorf("a commit that fails with %v leaves another view", err)
			}
			s.fail = nil
			do(t, service, org, createUser("cid"))
			wantNames(t, view(t, service, org), "ann", "cid")
			wantNames(t, ann, "ann")
			report, err := service.Check(t.Context(), org)
			if err != nil || len(report.Problems) > 0 {
				t.Errorf("check: %v, %v", report.Problems, err)
			}
		})
	}
}
