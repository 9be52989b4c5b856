package store

import (
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// Contents gathers what the entries of a change are about while its ops are encoded. It is not safe for concurrent use.
type Contents struct {
	entries []roster.Entry
	at      int            // how many ops were added
	current *audit.Content // of the first of the entries; nil before its range
	sums    []roster.Digest
}

// NewContents begins to gather for entries, which must be in the order of their ranges and stay as they are meanwhile.
func NewContents(entries []roster.Entry) *Contents { return &Contents{entries: entries} }

// Add adds the next ops of the change. enc is their encoded form.
func (c *Contents) Add(ops []roster.Op, enc Encoded) {
	for i, op := range ops {
		if len(c.entries) == 0 {
			return
		}
		e := &c.entries[0]
		if c.at == e.From {
			c.current = audit.NewContent(e.Salt)
		}
		if c.at++; c.current == nil {
			continue
		}
		c.current.Add(&audit.Op{Verb: op.Verb(), Key: op.Key(), Before: enc.Before[i], After: enc.After[i]})
		if c.at == e.To {
			c.sums, c.current, c.entries = append(c.sums, c.current.Sum()), nil, c.entries[1:]
		}
	}
}

// Seal chains the entries of a change whose Org, Version, At and Actor are set after the last one of the organization,
// which is zero where there is none. All ops of the change were added to contents. It fails where the entries are not
// in the order of their ranges, or one has none.
func Seal(change *roster.Change, contents *Contents, last roster.Entry) error {
	if len(contents.entries) > 0 {
		e := contents.entries[0]
		return fmt.Errorf("an entry is about the ops from %d before %d of %d", e.From, e.To, len(change.Ops))
	}
	for i := range change.Entries {
		e := &change.Entries[i]
		e.Seq, e.Version, e.At, e.Actor = last.Seq+1, change.Version, change.At, change.Actor
		audit.Seal(e, change.Org, last.Hash, contents.sums[i])
		last = *e
	}
	return nil
}

// SealColumn returns how a seal is kept: its digest, its salt, or nil for none.
func SealColumn(s roster.TextSeal) []byte {
	switch {
	case !s.Digest.IsZero():
		return s.Digest[:]
	case s.Salt != [16]byte{}:
		return s.Salt[:]
	default:
		return nil
	}
}

// ReadSeal reads what [SealColumn] returns.
func ReadSeal(s *roster.TextSeal, column []byte) error {
	*s = roster.TextSeal{}
	switch len(column) {
	case 0:
	case len(s.Digest):
		copy(s.Digest[:], column)
	case len(s.Salt):
		copy(s.Salt[:], column)
	default:
		return fmt.Errorf("%d bytes are not a seal", len(column))
	}
	return nil
}
