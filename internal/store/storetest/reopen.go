package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
)

func testReopen(t *testing.T, open Open, reopen Reopen) {
	t.Helper()
	s := open(t)
	mustCommit(t, s, id(1), creations(org(1), user(1), fullUser(), token(1))...)
	mustCommit(t, s, id(2), creations(org(2), user(2))...)
	mustCommit(t, s, id(1), roster.Op{Before: user(1)}, roster.Op{After: user(2)})
	mustTouch(t, s, use(1, 1, 5))
	mustCommit(t, s, id(3), creations(org(3), webhook(1))...)
	mustKeep(t, s, progress(3, 1, standing(4), delivery(4, roster.Dead, 5)))
	answer := roster.Answer{Key: roster.Digest{1}, At: 5, Content: []byte("x")}
	written(t, s, roster.Change{
		Ops: creations(user(4)), Entries: []roster.Entry{entry(0, 1)}, Answers: []roster.Answer{answer},
	})
	kept, _ := entries(t, s, roster.EntryQuery{Limit: 5})
	mustPut(t, s, 1, roster.JobStep{Job: job(1)})
	before, err := s.Changes(t.Context(), id(1), 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = closeAfter(t, reopen(t, s))
		wantContent(t, s, id(1), 3, org(1), user(2), user(4), fullUser(), token(1))
		wantContent(t, s, id(2), 1, org(2), user(2))
		wantUses(t, s, 1, use(1, 1, 5))
		wantStandings(t, s, 3, map[int]roster.Standing{1: standing(4)})
		wantAnswer(t, s, id(1), answer.Key, &answer)
		wantJobs(t, s, 1, job(1))
		still, _ := entries(t, s, roster.EntryQuery{Limit: 5})
		if diff := cmp.Diff(kept, still); diff != "" {
			t.Errorf("entries (-before +after):\n%s", diff)
		}
		after, err := s.Changes(t.Context(), id(1), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("changes (-before +after):\n%s", diff)
		}
	}
	_, err = commit(t.Context(), s, id(1), creations(changed(user(3), func(u *roster.User) { u.Number = 2 }))...)
	wantTaken(t, "creation", err, "number")
	mustCommit(t, s, id(1), creations(user(3))...)
	wantVersions(t, s, id(1), 4)
	if got, err := s.TokenOrg(t.Context(), token(1).Hash); err != nil || got != id(1) {
		t.Errorf("organization of the token: got %s, %v, want %s", got, err, id(1))
	}
}
