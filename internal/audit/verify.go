package audit

import (
	"fmt"
	"iter"

	"github.com/roster-dev/roster"
)

// Change is a change as it is kept.
type Change struct {
	Version roster.Version
	At      roster.Time
	Actor   roster.ID
	// Ops is the JSON array of the ops.
	Ops []byte
}

// Log is what is kept of an organization.
type Log struct {
	Org roster.ID
	// Since is the first version that the audit is about, and Version the present one.
	Since, Version roster.Version
	// Entries yields the entries in the order of their places, and Changes the changes from Since on in the order of
	// their versions. Either ends with its first error. Entries are ranged over again where something is wrong.
	Entries iter.Seq2[roster.Entry, error]
	Changes iter.Seq2[Change, error]
}

// Verify holds a log to its hashes: that every entry is in its place, that it is what it was when it was written, as
// are the ops that it is about, and that every op that must have an entry has one. It stops at the first fault. Who can
// write to a store and knows how entries are hashed can make a log anew from any entry on; then Head, or the hash of
// that entry, is another one. It fails where the log can't be read.
func Verify(log Log) (roster.AuditReport, error) {
	next, stop := iter.Pull2(log.Changes)
	defer stop()
	v := verifier{Log: log, next: next}
	v.change.Version = max(log.Since, 1) - 1
	err := v.run()
	return v.result, err
}

// verifier walks through the entries and the changes side by side.
type verifier struct {
	Log

	next   func() (Change, error, bool)
	result roster.AuditReport
	last   roster.Entry // the last entry that is as it was written

	change    Change             // the one that entries are about now
	ops       []Op               // of change
	upTo      int                // how many of ops are accounted for
	uncovered *roster.AuditFault // the first op since last that must have an entry and has none
}

func (v *verifier) run() error {
	for e, err := range v.Entries {
		if err == nil {
			err = v.entry(e)
		}
		if err != nil || v.result.Fault != nil {
			return err
		}
	}
	err := v.reach(v.Version + 1)
	if v.result.Fault == nil {
		v.result.Fault = v.uncovered
	}
	return err
}

func (v *verifier) fault(seq int64, version roster.Version, kind, format string, args ...any) {
	v.result.Fault = &roster.AuditFault{Seq: seq, Version: version, Kind: kind, Detail: fmt.Sprintf(format, args...)}
}

// entry holds an entry to what it must be after the last one.
func (v *verifier) entry(e roster.Entry) error {
	seq := v.last.Seq + 1
	switch {
	case e.Seq != seq:
		v.fault(seq, 0, roster.Dropped, "the next one is entry %d", e.Seq)
		return nil
	case e.Version > v.Version:
		v.fault(seq, e.Version, roster.Altered, "there is no version %d", e.Version)
		return nil
	case e.Version < v.change.Version && e.Prev == v.last.Hash:
		v.fault(seq, e.Version, roster.Altered, "version %d comes before those of the entries before", e.Version)
		return nil
	case e.Version < v.change.Version:
		v.fault(seq, e.Version, roster.Moved, "version %d comes before those of the entries before", e.Version)
		return nil
	}
	if err := v.reach(e.Version); err != nil || v.result.Fault != nil {
		return err
	}
	return v.judge(e)
}

// judge holds an entry to its change, which is the present one, and to the entry before.
func (v *verifier) judge(e roster.Entry) error {
	sound := e.At == v.change.At && e.Actor == v.change.Actor && 0 <= e.From && e.From < e.To && e.To <= len(v.ops) &&
		isSealed(&e) && e.Hash == hashOf(&e, v.Org, sumOf(&e, v.ops[e.From:e.To]))
	if !sound {
		v.fault(e.Seq, e.Version, roster.Altered, "its hash is not that of what it says and of what was written")
		return nil
	}
	if err := v.cover(e.From); err != nil {
		return err
	}
	switch {
	case e.Prev != v.last.Hash:
		return v.unlinked(e)
	case v.uncovered != nil:
		v.result.Fault = v.uncovered
	case e.From < v.upTo:
		v.fault(e.Seq, e.Version, roster.Altered, "it is about ops that another entry is about")
	default:
		v.last, v.upTo = e, e.To
		v.result.Entries, v.result.Head = e.Seq, e.Hash
	}
	return nil
}

// unlinked says what happened where an entry is what it was, but was not written after the one before it.
func (v *verifier) unlinked(e roster.Entry) error {
	moved := e.Prev.IsZero()
	for other, err := range v.Entries {
		if err != nil {
			return err
		}
		moved = moved || other.Hash == e.Prev
	}
	switch {
	case moved:
		v.fault(e.Seq, e.Version, roster.Moved, "it was written after another entry than the one before it")
	case v.uncovered != nil || v.last.Seq == 0:
		v.fault(e.Seq, 0, roster.Dropped, "the one in its place was written after another entry, which is not there")
	default:
		v.fault(v.last.Seq, v.last.Version, roster.Altered, "the next one was written after another entry")
		v.result.Entries, v.result.Head = v.last.Seq-1, v.last.Prev
	}
	return nil
}

// reach makes the change to a version the present one, or the last one where there are no more.
func (v *verifier) reach(version roster.Version) error {
	for v.change.Version < version {
		if err := v.cover(len(v.ops)); err != nil || v.change.Version == v.Version {
			return err
		}
		change, err, ok := v.next()
		if err != nil {
			return err
		}
		if want := v.change.Version + 1; !ok || change.Version != want {
			v.fault(v.last.Seq+1, want, roster.Dropped, "the history lacks version %d", want)
			return nil
		}
		v.change, v.upTo = change, 0
		if !v.decode() {
			v.fault(v.last.Seq+1, change.Version, roster.Altered, "the ops of version %d can't be read", change.Version)
			return nil
		}
	}
	return nil
}

// decode reads the ops of the present change and reports whether it could.
func (v *verifier) decode() (ok bool) {
	var err error
	v.ops, err = DecodeOps(v.change.Ops)
	return err == nil
}

// cover accounts for the ops of the present change up to one. It notes where one of them must have an entry: those that
// have were accounted for already.
func (v *verifier) cover(to int) error {
	for ; v.upTo < to; v.upTo++ {
		op := v.ops[v.upTo]
		if v.uncovered != nil || !op.BeforeDigest.IsZero() || !op.AfterDigest.IsZero() {
			continue
		}
		doc, err := EncodeOps(v.ops[v.upTo:][:1])
		if err != nil {
			return err
		}
		ops, err := roster.DecodeOps(doc)
		if err != nil || roster.IsAudited(ops) {
			v.uncovered = &roster.AuditFault{
				Seq: v.last.Seq + 1, Version: v.change.Version, Kind: roster.Dropped,
				Detail: fmt.Sprintf("%s %s in version %d has no entry", op.Verb, op.Key, v.change.Version),
			}
		}
	}
	return nil
}
