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
	t.Run("a standing that was overtaken", func(t *testing.T) { testOvertaken(t, open(t)) })
	t.Run("answers are kept with it", func(t *testing.T) { testProgressAnswers(t, open(t)) })
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

// wantDeliveries holds the versions of the deliveries to the first webhook of organization 1 to those that are wanted.
func wantDeliveries(t *testing.T, s store.Store, want ...roster.Version) {
	t.Helper()
	list, err := s.Deliveries(t.Context(), id(1), webhook(1).ID)
	var got []roster.Version
	for _, d := range list {
		got = append(got, d.Version)
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("deliveries: %v (-want +got):\n%s", err, diff)
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
	wantDeliveries(t, s)
	dead := roster.Delivery{
		Version: 4, Round: 1, State: roster.Dead, Attempts: 10,
		Last: roster.Attempt{At: 1_700_000_000_000, Took: 15 * time.Second, Error: "nobody answers"},
	}
	three, four := delivery(3, roster.Delivered, 10), delivery(4, roster.Delivered, 10)
	six := delivery(6, roster.Dead, 5)
	mustKeep(t, s, progress(1, 1, standing(4), six, four, dead, three), progress(1, 2, standing(9)))
	wantStandings(t, s, 1, map[int]roster.Standing{1: standing(4), 2: standing(9)})
	wantStandings(t, s, 2, nil)
	want := []roster.Delivery{dead, six, four, three} // the round counts first
	got, err := s.Deliveries(t.Context(), id(1), webhook(1).ID)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("deliveries: %v (-want +got):\n%s", err, diff)
	}
	dead.State = roster.Delivered
	mustKeep(t, s, progress(1, 1, roster.Standing{Position: 5, Round: 2}, dead))
	wantStandings(t, s, 1, map[int]roster.Standing{1: {Position: 5, Round: 2}, 2: standing(9)})
	want[0] = dead
	got, err = s.Deliveries(t.Context(), id(1), webhook(1).ID)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("deliveries after one was sent again: %v (-want +got):\n%s", err, diff)
	}
}

// testOvertaken holds standings to going forward only, by round and then by position, whoever keeps one; what became of
// messages is kept all the same.
func testOvertaken(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), webhook(1))...)
	at := func(round int, position roster.Version, attempts int) roster.Standing {
		return roster.Standing{Round: round, Position: position, Attempts: attempts}
	}
	for i, step := range []struct{ keep, want roster.Standing }{
		{at(0, 7, 0), at(0, 7, 0)},
		{at(0, 6, 1), at(0, 7, 0)},
		{at(0, 7, 2), at(0, 7, 2)},
		{at(1, 3, 0), at(1, 3, 0)},
		{at(0, 9, 0), at(1, 3, 0)},
		{at(1, 2, 0), at(1, 3, 0)},
		{at(1, 4, 0), at(1, 4, 0)},
	} {
		version := roster.Version(10 + i)
		mustKeep(t, s, progress(1, 1, step.keep, delivery(version, roster.Delivered, roster.Time(version))))
		wantStandings(t, s, 1, map[int]roster.Standing{1: step.want})
	}
	wantDeliveries(t, s, 16, 15, 14, 13, 12, 11, 10)
}

// testProgressAnswers holds what is answered to being kept with the progress that it is about.
func testProgressAnswers(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1), webhook(1))...)
	answer := func(key byte, content string) roster.Answer {
		return roster.Answer{Key: roster.Digest{key}, Request: roster.Digest{9}, At: 77, Content: []byte(content)}
	}
	one, two, none := progress(1, 1, standing(4)), progress(1, 1, standing(5)), progress(1, 2, standing(6))
	one.Answers = []roster.Answer{answer(1, "first"), answer(2, "second")}
	two.Answers = []roster.Answer{answer(1, "later")}
	none.Answers = []roster.Answer{answer(3, "of no webhook")}
	mustKeep(t, s, one, two, none)
	wantStandings(t, s, 1, map[int]roster.Standing{1: standing(5)})
	for key, want := range map[byte]string{1: "later", 2: "second"} {
		got, err := s.Answer(t.Context(), id(1), roster.Digest{key})
		if diff := cmp.Diff(answer(key, want), got); diff != "" || err != nil {
			t.Errorf("answer %d: %v (-want +got):\n%s", key, err, diff)
		}
	}
	if got, err := s.Answer(t.Context(), id(1), roster.Digest{3}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("the answer about a webhook that there is not: got %q, %v", got.Content, err)
	}
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
	var want []roster.Version
	for v := range roster.Version(roster.KeptDead) {
		want = append(want, 5000+roster.KeptDead+1-v)
	}
	for v := range roster.Version(roster.KeptDelivered) {
		want = append(want, roster.KeptDelivered-v)
	}
	wantDeliveries(t, s, want...)
	if list, err := s.Deliveries(t.Context(), id(1), webhook(2).ID); err != nil || len(list) != 1 {
		t.Errorf("of another webhook: got %v, %v, want 1", list, err)
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
	wantDeliveries(t, s)
	mustKeep(t, s, progress(1, 1, standing(1), delivery(1, roster.Dead, 1)))
	mustCommit(t, s, id(1), roster.Op{Before: org(1)})
	wantStandings(t, s, 1, nil)
	mustCommit(t, s, id(1), creations(org(1), webhook(1), webhook(2))...)
	wantStandings(t, s, 1, nil)
	wantDeliveries(t, s)
	wantStandings(t, s, 2, map[int]roster.Standing{1: standing(3)})
}
