package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

func testErase(t *testing.T, open Open) {
	t.Helper()
	for name, look := range map[string]func(*testing.T, store.Store) *roster.Traces{
		"without a look before": func(*testing.T, store.Store) *roster.Traces { return nil },
		"after a look":          traces,
	} {
		t.Run(name, func(t *testing.T) { testErasure(t, open(t), look) })
	}
	t.Run("what is written after the look", func(t *testing.T) { testEraseLate(t, open(t)) })
	t.Run("one after the other", func(t *testing.T) { testEraseTwo(t, open(t)) })
	t.Run("tampering shows", func(t *testing.T) { testEraseTampered(t, open(t)) })
	t.Run("trimmed", func(t *testing.T) { testEraseTrimmed(t, open) })
	t.Run("jobs", func(t *testing.T) { testEraseJobs(t, open) })
	t.Run("nobody", func(t *testing.T) {
		s := open(t)
		if got := traces(t, s); len(got.Versions) > 0 {
			t.Errorf("there are traces in no organization: %+v", got)
		}
		if err := s.Scrub(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// person is who is erased, and helper somebody who stays.
func person() *roster.User {
	return &roster.User{
		ID: id(81), Number: 1, Identifier: "zoe.quux", Email: "zoe.quux@example.com", Name: "Zoë Quux",
		FirstName: "Zoë", LastName: "Quux", Description: "<secret & personal>",
	}
}

func helper() *roster.User {
	return &roster.User{ID: id(82), Number: 2, Identifier: "helper", Email: "h@example.com", CreatedBy: id(81)}
}

func personsToken(name string, actsAs roster.ID) *roster.Token {
	return &roster.Token{ID: id(83), Name: name, Kind: roster.TokenAccount, Hash: "zoe", ActsAs: actsAs}
}

func traces(t *testing.T, s store.Store) *roster.Traces {
	t.Helper()
	found, err := s.Traces(t.Context(), id(1), person().ID)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// personHistory writes what there is to erase of the person, and around it.
func personHistory(t *testing.T, s store.Store) {
	t.Helper()
	active := changed(person(), func(u *roster.User) { u.LastLoginAt = 5 })
	renamed := changed(active, func(u *roster.User) { u.Name = "Zoë Plugh" })
	invitation := &roster.Invitation{ID: id(84), User: id(81), Hash: "i"}
	salted := func(n byte, e roster.Entry) roster.Entry {
		e.Salt = [16]byte{n, 1, 2}
		return e
	}
	for i, change := range []roster.Change{
		{
			Ops: creations(org(1), person(), helper(), invitation),
			Entries: []roster.Entry{
				{Name: "HR", Reason: "Zoë has joined", To: 2},
				salted(2, roster.Entry{Name: "HR", Reason: "about Zoë too", From: 2, To: 4}),
			},
		},
		{Ops: []roster.Op{{Before: person(), After: active}}}, // no entry
		{
			Actor: id(83), Ops: append(creations(personsToken("Zoë's laptop", id(81))), roster.Op{
				Before: active, After: renamed,
			}),
			Entries: []roster.Entry{salted(3, roster.Entry{Name: "Zoë's laptop", User: id(81), To: 2})},
		},
		{
			Ops: []roster.Op{{Before: helper(), After: changed(helper(), func(u *roster.User) { u.Name = "H" })}},
			Entries: []roster.Entry{
				salted(4, roster.Entry{Name: "Zoe Quux", Reason: "tell zoe.quux@example.com", To: 1}),
			},
			Answers: []roster.Answer{
				{Key: roster.Digest{1}, At: 9, Content: []byte(`{"id":"` + person().ID.String() + `"}`)},
				{Key: roster.Digest{2}, At: 9, Content: []byte(`{"id":"` + helper().ID.String() + `"}`)},
				{Key: roster.Digest{3}, At: 9, Content: []byte(`no user zoe.quux@example.com`)},
			},
		},
		{
			Ops: []roster.Op{
				{Before: renamed},
				{Before: invitation},
				{After: &roster.DeletedUser{
					ID: id(81), User: renamed, Deletion: roster.Deletion{DeletedAt: 5, PurgeAt: 6},
				}},
			},
			Entries: []roster.Entry{salted(5, roster.Entry{Name: "HR", Reason: "has left", To: 3})},
		},
	} {
		change.At = roster.Time(1000 + i)
		written(t, s, change)
	}
}

// eraseUser erases the person.
func eraseUser(t *testing.T, s store.Store, found *roster.Traces) {
	t.Helper()
	written(t, s, roster.Change{
		At: erasedAt,
		Ops: []roster.Op{
			{Before: &roster.DeletedUser{
				ID: id(81), Deletion: roster.Deletion{DeletedAt: 5, PurgeAt: 6},
				User: changed(person(), func(u *roster.User) { u.LastLoginAt, u.Name = 5, "Zoë Plugh" }),
			}},
			{Before: personsToken("Zoë's laptop", id(81))},
		},
		Entries:  []roster.Entry{{Name: "HR", Reason: "Frau Quux asked", To: 2, Salt: [16]byte{6}}},
		Answers:  []roster.Answer{{Key: roster.Digest{4}, At: 2000, Content: []byte(person().ID.String())}},
		Erasures: []roster.Erasure{{User: person().ID, Traces: found}},
	})
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// personal are texts that must not be found any more.
func personal() []string { return []string{"zoe", "Zo\\u00eb", "Zoë", "quux", "plugh", "personal"} }

func testErasure(t *testing.T, s store.Store, look func(*testing.T, store.Store) *roster.Traces) {
	t.Helper()
	personHistory(t, s)
	before, _ := entries(t, s, roster.EntryQuery{Limit: 10})
	eraseUser(t, s, look(t, s))
	if report := verify(t, s); report.Fault != nil || report.Entries != 6 {
		t.Errorf("verify: got %+v with fault %+v, want 6 entries that are as they were", report, report.Fault)
	}
	after, ops := entries(t, s, roster.EntryQuery{Limit: 10, Ops: true})
	for i := range before {
		if before[i].Hash != after[i+1].Hash {
			t.Errorf("entry %d has another hash than before", before[i].Seq)
		}
	}
	wantTexts := [][2]string{
		{"HR", roster.ErasedText},
		{"HR", "has left"},
		{roster.ErasedText, roster.ErasedText},
		{roster.ErasedText, ""},
		{"HR", roster.ErasedText},
		{"HR", roster.ErasedText},
	}
	for i, e := range after {
		if got := [2]string{e.Name, e.Reason}; got != wantTexts[i] {
			t.Errorf("entry %d: got name and reason %q, want %q", e.Seq, got, wantTexts[i])
		}
	}
	wantNothingOf(t, s, ops)
	wantHistory(t, s)
	for n, want := range map[byte]roster.Code{1: roster.NotFound, 2: "", 3: roster.NotFound, 4: ""} {
		_, err := s.Answer(t.Context(), id(1), roster.Digest{n})
		if err != nil && roster.CodeOf(err) != want || err == nil && want != "" {
			t.Errorf("answer %d: got %v, want code %q", n, err, want)
		}
	}
	if again := traces(t, s); len(again.Versions) > 0 {
		t.Errorf("there are traces left in versions %v", again.Versions)
	}
}

// wantNothingOf fails where anything personal is left in the history, as the store hands it out and as it keeps it.
func wantNothingOf(t *testing.T, s store.Store, ops [][]roster.Op) {
	t.Helper()
	log, err := s.Log(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := s.Changes(t.Context(), id(1), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for c, err := range log.Changes {
		if err != nil {
			t.Fatal(err)
		}
		all.Write(c.Ops)
	}
	if err := errors.Join(json.NewEncoder(&all).Encode(ops), json.NewEncoder(&all).Encode(changes)); err != nil {
		t.Fatal(err)
	}
	for _, text := range personal() {
		if at := strings.Index(strings.ToLower(all.String()), strings.ToLower(text)); at >= 0 {
			t.Errorf("%q is left: ...%s", text, all.String()[at:min(all.Len(), at+100)])
		}
	}
}

// wantHistory holds the history to what is left of it.
func wantHistory(t *testing.T, s store.Store) {
	t.Helper()
	changes, err := s.Changes(t.Context(), id(1), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		for _, op := range c.Ops {
			is := ""
			if op.IsErased() {
				is = " erased"
			}
			got = append(got, fmt.Sprint(c.Version, " ", op.Verb(), " ", op.Key().Type, is))
		}
	}
	want := []string{
		"1 create organization", "1 create user erased", "1 create user", "1 create invitation erased",
		"2 update user erased", "3 create token erased", "3 update user erased", "4 update user",
		"5 delete user erased", "5 delete invitation erased", "5 create deleted_user erased",
		"6 delete deleted_user erased", "6 delete token erased",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(roster.Entity(helper()), changes[0].Ops[2].After); diff != "" {
		t.Errorf("another user's document (-want +got):\n%s", diff)
	}
}

func testEraseLate(t *testing.T, s store.Store) {
	t.Helper()
	personHistory(t, s)
	found := traces(t, s)
	h := changed(helper(), func(u *roster.User) { u.Name = "H" })
	written(t, s, roster.Change{ // in the name of the person, who has another one by now
		At: 1500, Ops: []roster.Op{{Before: h, After: changed(h, func(u *roster.User) { u.Name = "I" })}, {
			Before: personsToken("Zoë's laptop", id(81)), After: personsToken("Zoë's phone", id(82)),
		}},
		Entries: []roster.Entry{{Name: "Zoë Plugh", Reason: "zoe.quux", To: 2, Salt: [16]byte{7}}},
		Answers: []roster.Answer{{Key: roster.Digest{5}, At: 1500, Content: []byte(person().ID.String())}},
	})
	written(t, s, roster.Change{
		At: 1600, Ops: []roster.Op{{
			Before: personsToken("Zoë's phone", id(82)), After: personsToken("Zoë's laptop", id(81)),
		}},
		Entries: []roster.Entry{{Name: "HR", To: 1, Salt: [16]byte{8}}},
	})
	eraseUser(t, s, found)
	if report := verify(t, s); report.Fault != nil {
		t.Errorf("verify: %+v", report.Fault)
	}
	if _, err := s.Answer(t.Context(), id(1), roster.Digest{5}); roster.CodeOf(err) != roster.NotFound {
		t.Errorf("the answer is there: %v", err)
	}
	changes, err := s.Changes(t.Context(), id(1), 5, 2)
	if err != nil {
		t.Fatal(err)
	}
	gone, stays := roster.Erased{Type: roster.TypeToken, ID: id(83)}, personsToken("Zoë's phone", id(82))
	got := []roster.Op{changes[0].Ops[1], changes[1].Ops[0]}
	if diff := cmp.Diff([]roster.Op{{Before: gone, After: stays}, {Before: stays, After: gone}}, got); diff != "" {
		t.Errorf("a token that acted as somebody else for a while (-want +got):\n%s", diff)
	}
	found2, _ := entries(t, s, roster.EntryQuery{Limit: 10})
	if e := found2[2]; e.Name != roster.ErasedText || e.Reason != roster.ErasedText {
		t.Errorf("the entry after the look says %q and %q", e.Name, e.Reason)
	}
}

// testEraseTwo erases two people who share changes and entries: what is left of the first stays right.
func testEraseTwo(t *testing.T, s store.Store) {
	t.Helper()
	personHistory(t, s)
	eraseUser(t, s, nil)
	h := changed(helper(), func(u *roster.User) { u.Name = "H" })
	written(t, s, roster.Change{
		At: 3000, Ops: []roster.Op{{Before: h}}, Entries: []roster.Entry{{Name: "HR", To: 1, Salt: [16]byte{9}}},
		Erasures: []roster.Erasure{{User: helper().ID}},
	})
	if report := verify(t, s); report.Fault != nil || report.Entries != 7 {
		t.Errorf("verify: got %+v with fault %+v, want 7 entries that are as they were", report, report.Fault)
	}
	changes, err := s.Changes(t.Context(), id(1), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		for _, op := range c.Ops {
			if op.Key().Type != roster.TypeOrganization && !op.IsErased() {
				t.Errorf("version %d: %s is left", c.Version, op.Key())
			}
		}
	}
}

// testEraseTampered alters what is left after an erasure, one thing at a time.
func testEraseTampered(t *testing.T, s store.Store) {
	t.Helper()
	personHistory(t, s)
	eraseUser(t, s, nil)
	log, err := s.Log(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	ops := func(version roster.Version, old, replaced string) func(*audit.Change, *roster.Entry) {
		return func(c *audit.Change, _ *roster.Entry) {
			if c != nil && c.Version == version {
				c.Ops = bytes.Replace(slices.Clone(c.Ops), []byte(old), []byte(replaced), 1)
			}
		}
	}
	entry := func(seq int64, alter func(*roster.Entry)) func(*audit.Change, *roster.Entry) {
		return func(_ *audit.Change, e *roster.Entry) {
			if e != nil && e.Seq == seq {
				alter(e)
			}
		}
	}
	for name, tc := range map[string]struct {
		alter func(*audit.Change, *roster.Entry)
		seq   int64 // of the entry at fault, 0 for none
	}{
		"nothing":            {func(*audit.Change, *roster.Entry) {}, 0},
		"another verb":       {ops(3, `"update"`, `"delete"`), 3},
		"another digest":     {ops(5, `_sha256":"`, `_sha256":"00`), 5},
		"what is not erased": {ops(4, `"name":"H"`, `"name":"I"`), 4},
		"a salt":             {ops(1, `"salt":"`, `"salt":"00`), 1},
		"a name":             {entry(4, func(e *roster.Entry) { e.Name = "Somebody else" }), 4},
		"a reason":           {entry(1, func(e *roster.Entry) { e.Reason = "never mind" }), 1},
		"a digest of a name": {entry(3, func(e *roster.Entry) { e.NameSeal.Digest[0]++ }), 3},
		"a name that stays":  {entry(2, func(e *roster.Entry) { e.Name = "PR" }), 2},
		"the form":           {entry(2, func(e *roster.Entry) { e.Form = 1 }), 2},
	} {
		tampered := log
		tampered.Changes = altered(log.Changes, func(c *audit.Change) { tc.alter(c, nil) })
		tampered.Entries = altered(log.Entries, func(e *roster.Entry) { tc.alter(nil, e) })
		report, err := audit.Verify(tampered)
		if err != nil {
			t.Fatal(err)
		}
		seq := int64(0)
		if report.Fault != nil {
			seq = report.Fault.Seq
		}
		if seq != tc.seq {
			t.Errorf("%s: got a fault at entry %d, want %d: %+v", name, seq, tc.seq, report.Fault)
		}
	}
}

func altered[T any](all iter.Seq2[T, error], alter func(*T)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range all {
			alter(&v)
			if !yield(v, err) {
				return
			}
		}
	}
}
