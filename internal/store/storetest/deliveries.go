package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

func testDeliveries(t *testing.T, open Open) {
	t.Helper()
	t.Run("hooks", func(t *testing.T) { testHooks(t, open(t)) })
	t.Run("progress is kept", func(t *testing.T) { testProgress(t, open(t)) })
	t.Run("progress is no change", func(t *testing.T) { testProgressIsNoChange(t, open(t)) })
	t.Run("the last ones stay", func(t *testing.T) { testKeptDeliveries(t, open(t)) })
	t.Run("it goes with its webhook", func(t *testing.T) { testProgressGoes(t, open(t)) })
}

// webhook returns the n-th webhook, which was made at version 3.
func webhook(n int) *roster.Webhook {
	return &roster.Webhook{
		ID: id(3_000_000 + n), Name: fmt.Sprintf("Webhook %d", n), URL: "https://hook.example", Enabled: n%2 == 1,
		Since: 3, Permissions: roster.Permissions{roster.UsersRead},
		Secrets: []roster.WebhookSecret{{Secret: "whsec_" + fmt.Sprintf("%032d", n)}},
	}
}

// standing returns a standing with a value for every member.
func standing(position roster.Version) roster.Standing {
	return roster.Standing{
		Position: position, Round: 2, Attempts: 3, NextAt: 1_700_000_000_004,
		Last:        roster.Attempt{At: 1_700_000_000_005, Took: 6 * time.Millisecond, Status: 503, Error: "no"},
		SucceededAt: 1_700_000_000_007, FailingSince: 1_700_000_000_008,
	}
}

func delivery(version roster.Version, state roster.DeliveryState, at roster.Time) roster.Delivery {
	return roster.Delivery{
		Version: version, State: state, Attempts: 1, Last: roster.Attempt{At: at, Took: time.Millisecond, Status: 200},
	}
}

func progress(org, n int, s roster.Standing, deliveries ...roster.Delivery) roster.Progress {
	return roster.Progress{Org: id(org), Webhook: webhook(n).ID, Standing: s, Deliveries: deliveries}
}

func mustKeep(t *testing.T, s store.Store, progress ...roster.Progress) {
	t.Helper()
	if err := s.KeepProgress(t.Context(), progress); err != nil {
		t.Fatalf("keep progress: %v", err)
	}
}

func wantStandings(t *testing.T, s store.Store, org int, want map[int]roster.Standing) {
	t.Helper()
	got, err := s.Standings(t.Context(), id(org))
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[roster.ID]roster.Standing{}
	for n, standing := range want {
		wanted[webhook(n).ID] = standing
	}
	if diff := cmp.Diff(wanted, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("standings of organization %d (-want +got):\n%s", org, diff)
	}
}

// wantDeliveries holds the versions of deliveries to the first webhook of organization 1 of a state, and how many there
// are.
func wantDeliveries(t *testing.T, s store.Store, q roster.DeliveryQuery, total int, want ...roster.Version) {
	t.Helper()
	list, n, err := s.Deliveries(t.Context(), id(1), webhook(1).ID, q)
	if err != nil {
		t.Fatal(err)
	}
	var got []roster.Version
	for _, d := range list {
		got = append(got, d.Version)
	}
	if diff := cmp.Diff(want, got); diff != "" || n != total {
		t.Errorf("deliveries %+v: got a total of %d, want %d (-want +got):\n%s", q, n, total, diff)
	}
}

func testHooks(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(2), creations(org(2), webhook(1))...)
	mustCommit(t, s, id(1), creations(org(1), user(1), token(1), webhook(2), webhook(1))...)
	mustCommit(t, s, id(3), creations(org(3), user(1))...)
	mustCommit(t, s, id(1), creations(user(2))...)
	mustKeep(t, s, progress(1, 2, standing(5)), progress(3, 1, standing(5)), progress(9, 1, standing(5)))
	want := []roster.Hook{
		{Org: id(1), Version: 2, Webhook: webhook(1), Standing: roster.Standing{Position: 3}},
		{Org: id(1), Version: 2, Webhook: webhook(2), Standing: standing(5)},
		{Org: id(2), Version: 1, Webhook: webhook(1), Standing: roster.Standing{Position: 3}},
	}
	var got []roster.Hook
	err := s.Hooks(t.Context(), func(h roster.Hook) error {
		got = append(got, h)
		_, err := s.Standings(t.Context(), h.Org)
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("hooks: %v (-want +got):\n%s", err, diff)
	}
	enough := errors.New("enough")
	if err := s.Hooks(t.Context(), func(roster.Hook) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("hooks: got %v, want what fn failed with", err)
	}
}

func testProgress(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), webhook(1), webhook(2))...)
	mustKeep(t, s)
	wantStandings(t, s, 1, nil)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 10}, 0)
	dead := roster.Delivery{
		Version: 4, Round: 1, State: roster.Dead, Attempts: 10,
		Last: roster.Attempt{At: 1_700_000_000_000, Took: 15 * time.Second, Error: "nobody answers"},
	}
	four, three := delivery(4, roster.Delivered, 10), delivery(3, roster.Delivered, 10)
	mustKeep(t, s, progress(1, 1, standing(4), four, dead, three), progress(1, 2, standing(9)))
	wantStandings(t, s, 1, map[int]roster.Standing{1: standing(4), 2: standing(9)})
	wantStandings(t, s, 2, nil)
	list, _, err := s.Deliveries(t.Context(), id(1), webhook(1).ID, roster.DeliveryQuery{State: roster.Dead, Limit: 9})
	if diff := cmp.Diff([]roster.Delivery{dead}, list); diff != "" || err != nil {
		t.Errorf("dead letters: %v (-want +got):\n%s", err, diff)
	}
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 10}, 3, 4, 4, 3)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 2, State: roster.Delivered}, 2, 4, 3)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 1}, 3, 4)
	dead.State = roster.Delivered
	mustKeep(t, s, progress(1, 1, roster.Standing{Position: 5}, dead))
	wantStandings(t, s, 1, map[int]roster.Standing{1: {Position: 5}, 2: standing(9)})
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 10, State: roster.Dead}, 0)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 10}, 3, 4, 4, 3)
}

func testProgressIsNoChange(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), webhook(1))...)
	mustKeep(t, s, progress(1, 1, standing(7)))
	wantContent(t, s, id(1), 1, org(1), webhook(1))
	wantVersions(t, s, id(1), 1)
	renamed := changed(webhook(1), func(w *roster.Webhook) { w.Name = "Renamed" })
	mustCommit(t, s, id(1), roster.Op{Before: webhook(1), After: renamed})
	wantStandings(t, s, 1, map[int]roster.Standing{1: standing(7)})
}

func testKeptDeliveries(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), webhook(1), webhook(2))...)
	mustKeep(t, s, progress(1, 2, standing(1), delivery(1, roster.Delivered, 1)))
	var many []roster.Delivery
	for v := range roster.Version(roster.KeptDelivered + 3) {
		many = append(many, delivery(v+1, roster.Delivered, roster.Time(1000-v)))
	}
	for v := range roster.Version(roster.KeptDead + 2) {
		many = append(many, delivery(v+5000, roster.Dead, 1))
	}
	mustKeep(t, s, progress(1, 1, standing(1), many[:50]...), progress(1, 1, standing(1), many[50:]...))
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 3}, roster.KeptDelivered+roster.KeptDead, 1, 2, 3)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 1, State: roster.Dead}, roster.KeptDead, 5000+roster.KeptDead+1)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 1, State: roster.Delivered}, roster.KeptDelivered, 1)
	list, total, err := s.Deliveries(t.Context(), id(1), webhook(2).ID, roster.DeliveryQuery{Limit: 5})
	if err != nil || total != 1 || len(list) != 1 {
		t.Errorf("of another webhook: got %d of %d, %v, want 1", len(list), total, err)
	}
}

func testProgressGoes(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), webhook(1), webhook(2))...)
	mustCommit(t, s, id(2), creations(org(2), webhook(1))...)
	mustKeep(t, s, progress(1, 1, standing(1), delivery(1, roster.Dead, 1)), progress(1, 2, standing(2)),
		progress(2, 1, standing(3)))
	mustCommit(t, s, id(1), roster.Op{Before: webhook(1)})
	wantStandings(t, s, 1, map[int]roster.Standing{2: standing(2)})
	mustKeep(t, s, progress(1, 1, standing(1), delivery(1, roster.Dead, 1)))
	mustCommit(t, s, id(1), creations(webhook(1))...)
	wantStandings(t, s, 1, map[int]roster.Standing{2: standing(2)})
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 5}, 0)
	mustKeep(t, s, progress(1, 1, standing(1), delivery(1, roster.Dead, 1)))
	mustCommit(t, s, id(1), roster.Op{Before: org(1)})
	wantStandings(t, s, 1, nil)
	mustCommit(t, s, id(1), creations(org(1), webhook(1), webhook(2))...)
	wantStandings(t, s, 1, nil)
	wantDeliveries(t, s, roster.DeliveryQuery{Limit: 5}, 0)
	wantStandings(t, s, 2, map[int]roster.Standing{1: standing(3)})
}
