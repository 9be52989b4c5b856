package store

import (
	"errors"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// Trimming is a part of the history of an organization that is being trimmed: one that takes a few milliseconds.
type Trimming struct {
	// From is what the history is trimmed to before.
	From roster.Version
	// Changes are the next changes, ascending.
	Changes []TrimmedChange
	// Seq is the place of the last entry of the audit about them, or of what was trimmed before.
	Seq int64

	size    int // of Changes
	entries map[roster.Version][]roster.Entry
}

// TrimmedChange is the ops of a change as they are kept, and as they are to be.
type TrimmedChange struct {
	Version  roster.Version
	Old, New []byte
}

// TrimChanges is how many changes there are in a [Trimming] at the most.
const TrimChanges = 500

// ErrEnough is what a function fails with that wants no more of what is read for it; [UnlessEnough] returns an error
// that is another one.
var ErrEnough = errors.New("enough was read")

// UnlessEnough returns nil for [ErrEnough].
func UnlessEnough(err error) error {
	if errors.Is(err, ErrEnough) {
		return nil
	}
	return err
}

// Add adds the next change, and fails with [ErrEnough] where there is no room for another one.
func (t *Trimming) Add(v roster.Version, ops []byte) error {
	const room = 1 << 20
	t.Changes, t.size = append(t.Changes, TrimmedChange{Version: v, Old: ops}), t.size+len(ops)
	if t.size >= room {
		return ErrEnough
	}
	return nil
}

// Last returns the version that the history is trimmed to afterwards. There are changes.
func (t *Trimming) Last() roster.Version { return t.Changes[len(t.Changes)-1].Version }

// AddEntry adds the next entry of the audit after Seq, or fails with [ErrEnough] where it is about a later change, as
// all others are then.
func (t *Trimming) AddEntry(e roster.Entry) error {
	if e.Version > t.Last() {
		return ErrEnough
	}
	if t.entries == nil {
		t.entries = map[roster.Version][]roster.Entry{}
	}
	t.entries[e.Version], t.Seq = append(t.entries[e.Version], e), e.Seq
	return nil
}

// Trim fills New of all changes, whose entries were added.
func (t *Trimming) Trim() (err error) {
	for i := range t.Changes {
		c := &t.Changes[i]
		if c.New, err = Trimmed(c.Old, t.entries[c.Version]); err != nil {
			return fmt.Errorf("trim the change to version %d: %w", c.Version, err)
		}
	}
	return nil
}

// Trimmed returns what is left of the ops of a change that entries are about.
func Trimmed(doc []byte, entries []roster.Entry) ([]byte, error) {
	ops, err := audit.DecodeOps(doc)
	if err != nil {
		return nil, err
	}
	if err := audit.Trim(entries, ops); err != nil {
		return nil, err
	}
	return audit.EncodeOps(ops)
}
