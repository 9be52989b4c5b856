package audit_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// kept is a log in memory that tests tamper with.
type kept struct {
	audit.Log

	entries []roster.Entry
	changes []audit.Change
}

func (k *kept) verify(t *testing.T) roster.AuditReport {
	t.Helper()
	k.Log.Entries, k.Log.Changes = values(k.entries), values(k.changes)
	report, err := audit.Verify(k.Log)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func values[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func id(n int) (id roster.ID) {
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// newLog returns a log of changes that each have two writes: one user is made, and another one changed.
func newLog(t *testing.T, changes int) *kept {
	t.Helper()
	k := &kept{Log: audit.Log{Org: id(1), Since: 1, Version: roster.Version(changes)}}
	var prev roster.Digest
	for version := range roster.Version(changes) {
		n := int(version)
		doc := func(name string) []byte { return fmt.Appendf(nil, `{"id":%q,"name":%q}`, id(100+n), name) }
		ops := []audit.Op{
			{Verb: "create", Key: roster.Key{Type: roster.TypeUser, ID: id(200 + n)}, After: doc("new")},
			{Verb: "update", Key: roster.Key{Type: roster.TypeUser, ID: id(100 + n)}, Before: doc("a"), After: doc("b")},
		}
		raw, err := audit.EncodeOps(ops)
		if err != nil {
			t.Fatal(err)
		}
		change := audit.Change{Version: version + 1, At: roster.Time(1000 + n), Actor: id(7), Ops: raw}
		k.changes = append(k.changes, change)
		for from := range ops {
			e := roster.Entry{
				Seq: int64(len(k.entries) + 1), Version: change.Version, At: change.At, Actor: change.Actor, User: id(8),
				Name: "token", Request: id(9), Reason: "because", From: from, To: from + 1, Salt: [16]byte{byte(n), byte(from), 1},
			}
			audit.Seal(&e, k.Org, prev, sum(&e, ops))
			prev = e.Hash
			k.entries = append(k.entries, e)
		}
	}
	return k
}

// sum returns the sum of what an entry is about, of the ops of a change.
func sum(e *roster.Entry, ops []audit.Op) roster.Digest {
	c := audit.NewContent(e.Salt)
	for i := e.From; i < e.To; i++ {
		c.Add(&ops[i])
	}
	return c.Sum()
}

func TestAWholeLog(t *testing.T) {
	k := newLog(t, 5)
	want := roster.AuditReport{Entries: 10, Head: k.entries[9].Hash}
	if diff := cmp.Diff(want, k.verify(t)); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	empty := newLog(t, 0)
	if diff := cmp.Diff(roster.AuditReport{}, empty.verify(t)); diff != "" {
		t.Errorf("report on nothing (-want +got):\n%s", diff)
	}
	k.entries, k.changes, k.Since = k.entries[4:], k.changes[2:], 3
	wantFault(t, k, 1, 0, roster.Dropped) // a log that begins later begins anew
}

func wantFault(t *testing.T, k *kept, seq int64, version roster.Version, kind string) {
	t.Helper()
	want := &roster.AuditFault{Seq: seq, Version: version, Kind: kind}
	report := k.verify(t)
	if diff := cmp.Diff(want, report.Fault, cmpopts.IgnoreFields(roster.AuditFault{}, "Detail")); diff != "" {
		t.Errorf("%+v (-want +got):\n%s", report.Fault, diff)
	}
	if report.Entries != seq-1 {
		t.Errorf("%d entries are whole, want %d", report.Entries, seq-1)
	}
}

// reseal makes the hash of an entry anew, as somebody would who knows how.
func (k *kept) reseal(t *testing.T, seq int64) {
	t.Helper()
	e := &k.entries[seq-1]
	ops, err := audit.DecodeOps(k.changes[e.Version-1].Ops)
	if err != nil {
		t.Fatal(err)
	}
	audit.Seal(e, k.Org, e.Prev, sum(e, ops))
}

// renumber closes the gaps between places.
func (k *kept) renumber() {
	for i := range k.entries {
		k.entries[i].Seq = int64(i + 1)
	}
}

func TestEveryMemberOfAnEntryIsCovered(t *testing.T) {
	for name, alter := range map[string]func(*roster.Entry){
		"at":      func(e *roster.Entry) { e.At++ },
		"actor":   func(e *roster.Entry) { e.Actor = id(70) },
		"user":    func(e *roster.Entry) { e.User = id(80) },
		"name":    func(e *roster.Entry) { e.Name = "other" },
		"request": func(e *roster.Entry) { e.Request = roster.ID{} },
		"reason":  func(e *roster.Entry) { e.Reason = "" },
		"range":   func(e *roster.Entry) { e.From-- },
		"salt":    func(e *roster.Entry) { e.Salt[0]++ },
		"prev":    func(e *roster.Entry) { e.Prev[0]++ },
		"hash":    func(e *roster.Entry) { e.Hash[31]++ },
		"version": func(e *roster.Entry) { e.Version-- },
	} {
		t.Run(name, func(t *testing.T) {
			k := newLog(t, 5)
			alter(&k.entries[5])
			version := k.entries[5].Version
			wantFault(t, k, 6, version, roster.Altered)
		})
	}
	t.Run("the future", func(t *testing.T) {
		k := newLog(t, 5)
		k.entries[5].Version = 99
		wantFault(t, k, 6, 99, roster.Altered)
	})
}

func TestEveryMemberOfAChangeIsCovered(t *testing.T) {
	for name, alter := range map[string]func(*audit.Change){
		"at":    func(c *audit.Change) { c.At++ },
		"actor": func(c *audit.Change) { c.Actor = roster.ID{} },
		"a document": func(c *audit.Change) {
			c.Ops = slices.Concat([]byte(`[{"op":"create","type":"user","id":"`+id(202).String()+`","after":{}}`), c.Ops[1:])
		},
		"no ops":      func(c *audit.Change) { c.Ops = []byte("[]") },
		"no JSON":     func(c *audit.Change) { c.Ops = []byte("{") },
		"a bad salt":  func(c *audit.Change) { c.Ops = []byte(`[{"salt":"x"}]`) },
		"a long salt": func(c *audit.Change) { c.Ops = fmt.Appendf(nil, `[{"salt":"%040d"}]`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			k := newLog(t, 5)
			alter(&k.changes[2])
			wantFault(t, k, 5, 3, roster.Altered)
		})
	}
}

func TestDropped(t *testing.T) {
	for seq := int64(1); seq <= 10; seq++ {
		t.Run(fmt.Sprint(seq), func(t *testing.T) {
			k := newLog(t, 5)
			version := k.entries[seq-1].Version
			k.entries = slices.Delete(k.entries, int(seq-1), int(seq))
			if seq < 10 {
				version = 0 // nobody knows what it was about
			}
			wantFault(t, k, seq, version, roster.Dropped)
			if seq < 10 {
				k.renumber()
				wantFault(t, k, seq, 0, roster.Dropped)
			}
		})
	}
	t.Run("a change", func(t *testing.T) {
		k := newLog(t, 5)
		k.changes = slices.Delete(k.changes, 2, 3)
		wantFault(t, k, 5, 3, roster.Dropped)
	})
	t.Run("the last change with its entries", func(t *testing.T) {
		k := newLog(t, 5)
		k.changes, k.entries = k.changes[:4], k.entries[:8]
		wantFault(t, k, 9, 5, roster.Dropped)
	})
	t.Run("everything", func(t *testing.T) {
		k := newLog(t, 5)
		k.entries = nil
		wantFault(t, k, 1, 1, roster.Dropped)
	})
}

func TestMoved(t *testing.T) {
	t.Run("two are swapped", func(t *testing.T) {
		for seq := 1; seq < 10; seq++ {
			k := newLog(t, 5)
			k.entries[seq-1], k.entries[seq] = k.entries[seq], k.entries[seq-1]
			version := k.entries[seq-1].Version
			k.renumber()
			wantFault(t, k, int64(seq), version, roster.Moved)
		}
	})
	t.Run("one is moved ahead", func(t *testing.T) {
		k := newLog(t, 5)
		k.entries = slices.Concat(k.entries[:2], k.entries[7:8], k.entries[2:7], k.entries[8:])
		k.renumber()
		wantFault(t, k, 3, 4, roster.Moved)
	})
	t.Run("the first one is moved back", func(t *testing.T) {
		k := newLog(t, 5)
		k.entries = slices.Concat(k.entries[1:4], k.entries[:1], k.entries[4:])
		k.renumber()
		wantFault(t, k, 1, 1, roster.Moved)
	})
}

// Who makes an entry anew must make all that follow anew too.
func TestAnEntryThatIsMadeAnew(t *testing.T) {
	k := newLog(t, 5)
	k.entries[5].Reason = "another one"
	k.reseal(t, 6)
	wantFault(t, k, 6, 3, roster.Altered)
	k = newLog(t, 5)
	k.entries[5].From = 0 // what another one is about
	k.reseal(t, 6)
	wantFault(t, k, 6, 3, roster.Altered)
	k = newLog(t, 5)
	head := k.verify(t).Head
	k.entries[9].Reason = "another one"
	k.reseal(t, 10)
	if report := k.verify(t); report.Fault != nil || report.Head == head {
		t.Errorf("after the last one was made anew: got %+v, want another head than %s", report, head)
	}
}

func TestErasedDocumentsCanBeVerified(t *testing.T) {
	k := newLog(t, 5)
	want := k.verify(t)
	for i := range k.changes {
		ops, err := audit.DecodeOps(k.changes[i].Ops)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 2 { // each entry is about one op
			e := &k.entries[2*i+n]
			audit.Erase(e, ops[e.From:e.To], func(key roster.Key) bool { return key.ID == id(102) })
			if e.Salt != [16]byte{} {
				t.Errorf("entry %d still has its salt", e.Seq)
			}
		}
		if k.changes[i].Ops, err = audit.EncodeOps(ops); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, k.verify(t)); diff != "" {
		t.Errorf("report after a user was erased (-want +got):\n%s", diff)
	}
	ops, err := audit.DecodeOps(k.changes[2].Ops)
	if err != nil {
		t.Fatal(err)
	}
	if op := ops[1]; op.Before != nil || op.After != nil || op.Salt != (audit.Salt{}) || ops[0].After == nil {
		t.Errorf("a document was not erased, or another one was: %+v", ops)
	}
	ops[1].BeforeDigest[0]++
	if k.changes[2].Ops, err = audit.EncodeOps(ops); err != nil {
		t.Fatal(err)
	}
	wantFault(t, k, 6, 3, roster.Altered)
}

func TestWhatCanNotBeReadIsAnError(t *testing.T) {
	broken := errors.New("broken")
	k := newLog(t, 2)
	for _, log := range []audit.Log{
		{Org: k.Org, Since: 1, Version: 2, Entries: fail[roster.Entry](broken), Changes: values(k.changes)},
		{Org: k.Org, Since: 1, Version: 2, Entries: values(k.entries), Changes: fail[audit.Change](broken)},
	} {
		if _, err := audit.Verify(log); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	}
}

func fail[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(*new(T), err) }
}
