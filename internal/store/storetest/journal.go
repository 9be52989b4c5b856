package storetest

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

func testJournal(t *testing.T, open Open) {
	t.Helper()
	t.Run("entries are chained", func(t *testing.T) { testChain(t, open(t)) })
	t.Run("entries by query", func(t *testing.T) { testEntries(t, open(t)) })
	t.Run("entries stop", func(t *testing.T) { testEntriesStop(t, open(t)) })
	t.Run("an entry without ops", func(t *testing.T) { testEmptyEntry(t, open(t)) })
	t.Run("what is not committed has no entry", func(t *testing.T) { testUncommitted(t, open(t)) })
	t.Run("answers", func(t *testing.T) { testAnswers(t, open(t)) })
	t.Run("all goes with its organization", func(t *testing.T) { testJournalGoes(t, open(t)) })
}

// entry returns an entry about some ops of a change, with a value for every member that a change brings.
func entry(from, to int) roster.Entry {
	return roster.Entry{
		User: id(61), Name: "a token", Request: id(62), Reason: "Zoë asked\"", From: from, To: to,
		Salt: [16]byte{1, 2, 3},
	}
}

// written makes a change with entries, and returns them as they come back.
func written(t *testing.T, s store.Store, change roster.Change) []roster.Entry {
	t.Helper()
	made, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) { return change, nil })
	if err != nil {
		t.Fatal(err)
	}
	return made.Entries
}

// entries returns what a query finds in the first organization.
func entries(t *testing.T, s store.Store, q roster.EntryQuery) (found []roster.Entry, ops [][]roster.Op) {
	t.Helper()
	err := s.Entries(t.Context(), id(1), q, func(e roster.Entry, own []roster.Op) error {
		found, ops = append(found, e), append(ops, own)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, ops
}

func verify(t *testing.T, s store.Store) roster.AuditReport {
	t.Helper()
	log, err := s.Log(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	result, err := audit.Verify(log)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func testChain(t *testing.T, s store.Store) {
	t.Helper()
	first := written(t, s, roster.Change{
		At: 1000, Actor: id(60), Ops: creations(org(1), user(1), user(2), fullUser()),
		Entries: []roster.Entry{entry(0, 2), entry(2, 4)},
	})
	active := changed(user(1), func(u *roster.User) { u.LastLoginAt = 5 })
	mustCommit(t, s, id(1), roster.Op{Before: user(1), After: active}) // makes no entry
	gone := []roster.Op{{Before: active}}
	second := written(t, s, roster.Change{At: 1001, Ops: gone, Entries: []roster.Entry{{Name: "operator", To: 1}}})
	all := append(first, second...)
	want := []struct {
		version roster.Version
		at      roster.Time
		actor   roster.ID
	}{{1, 1000, id(60)}, {1, 1000, id(60)}, {3, 1001, roster.ID{}}}
	prev := roster.Digest{}
	for i, e := range all {
		w := want[i]
		if e.Seq != int64(i+1) || e.Version != w.version || e.At != w.at || e.Actor != w.actor || e.Prev != prev {
			t.Errorf("entry %d is %+v, want version %d at %d by %s after %s", i+1, e, w.version, w.at, w.actor, prev)
		}
		prev = e.Hash
	}
	found, ops := entries(t, s, roster.EntryQuery{Limit: 10, Ops: true})
	if diff := cmp.Diff([]roster.Entry{all[2], all[1], all[0]}, found); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	wantOps := [][]roster.Op{gone, creations(user(2), fullUser()), creations(org(1), user(1))}
	if diff := cmp.Diff(wantOps, ops); diff != "" {
		t.Errorf("ops (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(roster.AuditReport{Entries: 3, Head: all[2].Hash}, verify(t, s)); diff != "" {
		t.Errorf("verify (-want +got):\n%s", diff)
	}
	mustCommit(t, s, id(1), creations(user(7))...)
	wantFault := &roster.AuditFault{Seq: 4, Version: 4, Kind: roster.Dropped}
	ignore := cmpopts.IgnoreFields(roster.AuditFault{}, "Detail")
	if diff := cmp.Diff(wantFault, verify(t, s).Fault, ignore); diff != "" {
		t.Errorf("verify after a change without an entry (-want +got):\n%s", diff)
	}
}

// testEntries makes five entries and asks for them in every way.
func testEntries(t *testing.T, s store.Store) {
	t.Helper()
	counted := changed(org(1), func(o *roster.Organization) { o.Next = roster.Numbers{User: 9} })
	group := &roster.Group{ID: id(3), Number: 1, Name: "g"}
	for i, change := range []roster.Change{
		{Ops: creations(org(1), user(1)), Entries: []roster.Entry{{To: 1}, {From: 1, To: 2}}},
		{
			Ops:     []roster.Op{{Before: org(1), After: counted}, {After: user(2)}},
			Entries: []roster.Entry{{To: 2, User: id(8)}},
		},
		{Actor: id(8), Ops: creations(user(3), group), Entries: []roster.Entry{{To: 2}}},
		{Actor: id(9), Ops: []roster.Op{{Before: user(1)}}, Entries: []roster.Entry{{To: 1}}},
	} {
		change.At = roster.Time(1000 + i)
		written(t, s, change)
	}
	for name, tc := range map[string]struct {
		q    roster.EntryQuery
		want []int64
	}{
		"all":             {roster.EntryQuery{}, []int64{5, 4, 3, 2, 1}},
		"an actor":        {roster.EntryQuery{Actor: id(8)}, []int64{4, 3}},
		"a type":          {roster.EntryQuery{Type: roster.TypeUser}, []int64{5, 4, 3, 2}},
		"another type":    {roster.EntryQuery{Type: roster.TypeGroup}, []int64{4}},
		"no bookkeeping":  {roster.EntryQuery{Type: roster.TypeOrganization}, []int64{1}},
		"a record":        {roster.EntryQuery{ID: user(1).ID}, []int64{5, 2}},
		"the same id":     {roster.EntryQuery{ID: id(1)}, []int64{1}},
		"a typed record":  {roster.EntryQuery{ID: id(3), Type: roster.TypeGroup}, []int64{4}},
		"nobody":          {roster.EntryQuery{ID: user(9).ID}, nil},
		"from":            {roster.EntryQuery{From: 1002}, []int64{5, 4}},
		"to":              {roster.EntryQuery{To: 1002}, []int64{3, 2, 1}},
		"first version":   {roster.EntryQuery{FirstVersion: 3}, []int64{5, 4}},
		"last version":    {roster.EntryQuery{LastVersion: 2}, []int64{3, 2, 1}},
		"everything both": {roster.EntryQuery{Type: roster.TypeUser, From: 1001, LastVersion: 3}, []int64{4, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			if n, err := s.CountEntries(t.Context(), id(1), tc.q); err != nil || n != len(tc.want) {
				t.Errorf("count: got %d, %v, want %d", n, err, len(tc.want))
			}
			for _, limit := range []int{math.MaxInt32, 2, 1} {
				if diff := cmp.Diff(tc.want, inPages(t, s, tc.q, limit)); diff != "" {
					t.Errorf("entries by %d (-want +got):\n%s", limit, diff)
				}
			}
		})
	}
}

// inPages returns the places of what a query finds, read a few at a time.
func inPages(t *testing.T, s store.Store, q roster.EntryQuery, limit int) (places []int64) {
	t.Helper()
	for q.Limit = limit; ; q.Before = places[len(places)-1] {
		page, _ := entries(t, s, q)
		for _, e := range page {
			places = append(places, e.Seq)
		}
		if len(page) < limit {
			return places
		}
	}
}

func testEntriesStop(t *testing.T, s store.Store) {
	t.Helper()
	stop := errors.New("stop")
	written(t, s, roster.Change{Ops: creations(org(1), user(1)), Entries: []roster.Entry{entry(0, 1), entry(1, 2)}})
	calls := 0
	err := s.Entries(t.Context(), id(1), roster.EntryQuery{Limit: 5}, func(roster.Entry, []roster.Op) error {
		calls++
		_, err := s.Changes(t.Context(), id(1), 0, 1)
		return errors.Join(err, stop)
	})
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("got %v after %d calls, want %v after 1", err, calls, stop)
	}
}

func testEmptyEntry(t *testing.T, s store.Store) {
	t.Helper()
	mustCommit(t, s, id(1), creations(org(1))...)
	for _, e := range []roster.Entry{{}, {From: 1, To: 2}, {To: 2}, {From: -1, To: 1}} {
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			return roster.Change{Ops: creations(user(1)), Entries: []roster.Entry{e}}, nil
		})
		wantCode(t, fmt.Sprintf("an entry from %d to %d", e.From, e.To), err, roster.Internal)
	}
	wantContent(t, s, id(1), 1, org(1))
}

func testUncommitted(t *testing.T, s store.Store) {
	t.Helper()
	written(t, s, roster.Change{Ops: creations(org(1), user(1)), Entries: []roster.Entry{entry(0, 2)}})
	answer := roster.Answer{Key: roster.Digest{1}, At: 5, Content: []byte("x")}
	for _, ops := range [][]roster.Op{nil, creations(user(1))} {
		_, err := s.Update(t.Context(), id(1), func(roster.State) (roster.Change, error) {
			return roster.Change{
				Ops: ops, Entries: []roster.Entry{entry(0, len(ops))}, Answers: []roster.Answer{answer},
			}, nil
		})
		if ops != nil {
			wantCode(t, "a second user 1", err, roster.Conflict)
		}
	}
	if found, _ := entries(t, s, roster.EntryQuery{Limit: 5}); len(found) != 1 {
		t.Errorf("got entries %+v, want 1", found)
	}
	_, err := s.Answer(t.Context(), id(1), answer.Key)
	wantCode(t, "the answer", err, roster.NotFound)
}

// wantAnswer holds what is kept under a key, inside and outside of an update, to an answer; nil for none.
func wantAnswer(t *testing.T, s store.Store, org roster.ID, key roster.Digest, want *roster.Answer) {
	t.Helper()
	got, err := s.Answer(t.Context(), org, key)
	if want == nil {
		wantCode(t, "an answer that is not there", err, roster.NotFound)
	} else if diff := cmp.Diff(*want, got); diff != "" || err != nil {
		t.Errorf("answer: %v (-want +got):\n%s", err, diff)
	}
	inState(t, s, org, func(state roster.State) {
		answered, ok := state.(store.Answered)
		if !ok {
			t.Fatalf("a %T knows no answers", state)
		}
		got, err := answered.Answer(key)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("answer inside an update: %v (-want +got):\n%s", err, diff)
		}
	})
}

func testAnswers(t *testing.T, s store.Store) {
	t.Helper()
	one := roster.Answer{Key: roster.Digest{1}, Request: roster.Digest{7}, At: 1000, Content: []byte("one \x00")}
	two := roster.Answer{Key: roster.Digest{2}, Request: roster.Digest{8}, At: 1001, Content: []byte("two")}
	written(t, s, roster.Change{Ops: creations(org(1), user(1)), Answers: []roster.Answer{one, two}})
	mustCommit(t, s, id(2), creations(org(2))...)
	wantAnswer(t, s, id(1), one.Key, &one)
	wantAnswer(t, s, id(1), two.Key, &two)
	wantAnswer(t, s, id(1), roster.Digest{3}, nil)
	wantAnswer(t, s, id(2), one.Key, nil)
	wantAnswer(t, s, id(3), one.Key, nil)
	again := roster.Answer{Key: one.Key, Request: roster.Digest{9}, At: 1002, Content: []byte("again")}
	written(t, s, roster.Change{Ops: creations(user(2)), Answers: []roster.Answer{again}})
	wantAnswer(t, s, id(1), one.Key, &again)
	if err := s.ForgetAnswers(t.Context(), 1002); err != nil {
		t.Fatal(err)
	}
	wantAnswer(t, s, id(1), one.Key, &again)
	wantAnswer(t, s, id(1), two.Key, nil)
	wantContent(t, s, id(1), 2, org(1), user(1), user(2))
	wantVersions(t, s, id(1), 2)
}

func testJournalGoes(t *testing.T, s store.Store) {
	t.Helper()
	answer := roster.Answer{Key: roster.Digest{1}, At: 5, Content: []byte("x")}
	written(t, s, roster.Change{
		Ops: creations(org(1)), Entries: []roster.Entry{entry(0, 1)}, Answers: []roster.Answer{answer},
	})
	written(t, s, roster.Change{Ops: []roster.Op{{Before: org(1)}}, Entries: []roster.Entry{entry(0, 1)}})
	if found, _ := entries(t, s, roster.EntryQuery{Limit: 5}); len(found) != 0 {
		t.Errorf("got entries %+v of no organization", found)
	}
	wantAnswer(t, s, id(1), answer.Key, nil)
	_, err := s.Log(t.Context(), id(1))
	wantCode(t, "the log", err, roster.NotFound)
	made := written(t, s, roster.Change{Ops: creations(org(1)), Entries: []roster.Entry{entry(0, 1)}})
	if made[0].Seq != 1 || !made[0].Prev.IsZero() {
		t.Errorf("the first entry of an organization that was deleted before is %+v", made[0])
	}
}
