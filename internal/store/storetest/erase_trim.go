package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// testEraseTrimmed erases a person from a history that was trimmed up to any version, or is trimmed then.
func testEraseTrimmed(t *testing.T, open Open) {
	t.Helper()
	for name, look := range map[string]func(*testing.T, store.Store) *roster.Traces{
		"without a look before": func(*testing.T, store.Store) *roster.Traces { return nil },
		"after a look":          traces,
	} {
		for upTo := range roster.Version(6) {
			t.Run(fmt.Sprint("trimmed to ", upTo, ", ", name), func(t *testing.T) {
				s := open(t)
				personHistory(t, s)
				trim(t, s, upTo)
				eraseUser(t, s, look(t, s))
				wantUnsalted(t, s)
				trim(t, s, 6)
				wantUnsalted(t, s)
				wantTampered(t, s)
			})
		}
	}
	t.Run("trimmed after the look", func(t *testing.T) {
		s := open(t)
		personHistory(t, s)
		found := traces(t, s)
		trim(t, s, 4)
		eraseUser(t, s, found)
		wantUnsalted(t, s)
	})
	t.Run("two people", func(t *testing.T) {
		s := open(t)
		personHistory(t, s)
		trim(t, s, 5)
		eraseUser(t, s, nil)
		h := changed(helper(), func(u *roster.User) { u.Name = "H" })
		found, err := s.Traces(t.Context(), id(1), h.ID)
		if err != nil {
			t.Fatal(err)
		}
		written(t, s, roster.Change{
			At: 3000, Ops: []roster.Op{{Before: h}}, Entries: []roster.Entry{{Name: "HR", To: 1, Salt: [16]byte{9}}},
			Erasures: []roster.Erasure{{User: h.ID, Traces: found}},
		})
		wantUnsalted(t, s, h.ID)
	})
}

// wantUnsalted holds that the audit is whole, that no salt is left by which somebody could find out whether a digest is
// that of a document about people that he guesses, and that nothing names the person.
func wantUnsalted(t *testing.T, s store.Store, people ...roster.ID) {
	t.Helper()
	if report := verify(t, s); report.Fault != nil || report.Entries < 6 {
		t.Errorf("verify: got %+v with fault %+v, want entries that are as they were", report, report.Fault)
	}
	if info := history(t, s); info.Version < 6 || info.Changes > 0 && info.Bytes == 0 {
		t.Errorf("history: %+v", info)
	}
	ops := keptOps(t, s)
	list, shown := entries(t, s, roster.EntryQuery{Limit: 10, Ops: true})
	for _, e := range list {
		about := slices.ContainsFunc(ops[e.Version][e.From:e.To], func(op audit.Op) bool {
			return op.Key.ID == person().ID || slices.Contains(people, op.Key.ID)
		})
		if about && e.Salt != [16]byte{} {
			t.Errorf("entry %d, about version %d, still has the salt of what was erased", e.Seq, e.Version)
		}
		if e.Seq == 2 {
			continue // it is about an invitation, and nobody knows any more whose: a first name may be anybody's
		}
		for _, text := range personal() {
			if bytes.Contains(bytes.ToLower([]byte(e.Name+" "+e.Reason)), bytes.ToLower([]byte(text))) {
				t.Errorf("entry %d says %q, %q", e.Seq, e.Name, e.Reason)
			}
		}
	}
	wantNothingOf(t, s, shown)
	if again := traces(t, s); len(again.Versions) > 0 {
		t.Errorf("there are traces left in versions %v", again.Versions)
	}
}

// keptOps returns the ops of all versions as they are kept.
func keptOps(t *testing.T, s store.Store) map[roster.Version][]audit.Op {
	t.Helper()
	log, err := s.Log(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	all := map[roster.Version][]audit.Op{}
	for c, err := range log.Changes {
		if err == nil {
			all[c.Version], err = audit.DecodeOps(c.Ops)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// wantTampered alters a digest of each version, which must show in the first entry about it.
func wantTampered(t *testing.T, s store.Store) {
	t.Helper()
	log, err := s.Log(t.Context(), id(1))
	if err != nil {
		t.Fatal(err)
	}
	for version, seq := range map[roster.Version]int64{1: 1, 3: 3, 4: 4, 5: 5, 6: 6} {
		tampered := log
		tampered.Changes = altered(log.Changes, func(c *audit.Change) {
			if c.Version == version {
				c.Ops = bytes.Replace(slices.Clone(c.Ops), []byte(`_sha256":"`), []byte(`_sha256":"00`), 1)
			}
		})
		report, err := audit.Verify(tampered)
		if err != nil || report.Fault == nil || report.Fault.Seq != seq {
			t.Errorf("a digest of version %d is another one: got %+v, %v, want a fault of entry %d", version,
				report.Fault, err, seq)
		}
	}
}
