package native

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
)

// EncodeChange returns a change as GET /changes shows it to whoever may see everything, as JSON.
func EncodeChange(c roster.Change) ([]byte, error) {
	return (&feed{by: roster.Operator(), types: roster.Types(), every: true}).item(c)
}

// item returns a change on the wire, nil where it is none of the feed's.
func (f *feed) item(c roster.Change) ([]byte, error) {
	w, _, err := f.change(c, math.MaxInt)
	if err != nil || len(w.Ops) == 0 && !f.every {
		return nil, err
	}
	return dialect.Encode(w)
}

// change returns a change with those of its ops that are the feed's, and whether these are all: where their records
// have more than so many bytes, it has none.
func (f *feed) change(c roster.Change, most int) (w Change, whole bool, err error) {
	w = Change{Version: c.Version, At: c.At, Ops: []Op{}}
	if f.by.Permissions.Has(roster.MetadataRead) { // as for who changed a user last
		w.Actor = c.Actor
	}
	size := 0
	for _, op := range c.Ops {
		wire, passes, err := f.op(op)
		if err != nil {
			return Change{}, false, fmt.Errorf("show version %d: %w", c.Version, err)
		}
		if !passes {
			continue
		}
		if size += len(wire.Before) + len(wire.After); size > most {
			w.Ops = []Op{}
			return w, false, nil
		}
		w.Ops = append(w.Ops, wire)
	}
	return w, true, nil
}

// op returns an op on the wire, and whether the feed has it: an update of nothing that the principal may see is none.
func (f *feed) op(op roster.Op) (Op, bool, error) {
	op, w, passes := f.choose(op)
	if !passes {
		return Op{}, false, nil
	}
	var err error
	if w.Before, err = f.record(op.Before); err != nil {
		return Op{}, false, err
	}
	if w.After, err = f.record(op.After); err != nil {
		return Op{}, false, err
	}
	if w.Erased {
		w.Before = nil
		return w, true, nil
	}
	if bytes.Equal(w.Before, w.After) {
		return Op{}, false, nil
	}
	if f.diff {
		err = w.shorten()
	}
	return w, true, err
}

// bare is op for who need not know the records, and takes a small part of the time.
func (f *feed) bare(op roster.Op) (Op, bool, error) {
	chosen, w, passes := f.choose(op)
	if !passes || w.Erased || w.Op != "update" || updatedAt(chosen.Before) != updatedAt(chosen.After) {
		return w, passes, nil // that of an update everybody sees
	}
	return f.op(op)
}

// updatedAt returns when a record was last updated; none for one of a type that has no such time.
func updatedAt(e roster.Entity) roster.Time {
	switch e := e.(type) {
	case *roster.User:
		return e.UpdatedAt
	case *roster.Group:
		return e.UpdatedAt
	case *roster.Space:
		return e.UpdatedAt
	case *roster.Role:
		return e.UpdatedAt
	default:
		return 0
	}
}

// choose returns an op as the feed has it and what the wire says of it besides the records, and whether the feed may
// have it.
func (f *feed) choose(op roster.Op) (chosen roster.Op, w Op, passes bool) {
	w = Op{Type: op.Key().Type, ID: op.Key().ID}
	if !slices.Contains(f.types, w.Type) {
		return op, Op{}, false
	}
	if op.IsErased() {
		// Nobody can tell whether the user matched. That it is gone in the end is told in any case.
		w.Op, w.Erased = op.Verb(), true
		return op, w, op.After == nil || w.Type != roster.TypeUser || f.users.Where == nil
	}
	if w.Type == roster.TypeUser && f.users.Where != nil {
		op, w.Filter = f.matching(op)
	}
	if op.Before == nil && op.After == nil {
		return op, Op{}, false
	}
	w.Op = op.Verb()
	return op, w, true
}

// matching returns an op as it is where there are no users but those who match the filter.
func (f *feed) matching(op roster.Op) (matching roster.Op, turn string) {
	before, after := f.match(op.Before), f.match(op.After)
	switch {
	case before && after:
		return op, ""
	case before && op.After != nil:
		return roster.Op{Before: op.Before}, "left"
	case before:
		return op, ""
	case after && op.Before != nil:
		return roster.Op{After: op.After}, "entered"
	case after:
		return op, ""
	default:
		return roster.Op{}, ""
	}
}

func (f *feed) match(e roster.Entity) bool {
	u, ok := e.(*roster.User)
	return ok && f.users.Match(u)
}

// record returns a record as the principal may see it, nil where there is none.
func (f *feed) record(e roster.Entity) (json.RawMessage, error) {
	switch e := e.(type) {
	case nil:
		return nil, nil
	case *roster.User:
		u := wireUser(e, f.by)
		u.Permissions = 0 // of history nobody knows them: they change with groups
		return roster.EncodeEntity(u)
	case *roster.Organization:
		return dialect.Encode(changedOrganization{Organization: wireOrganization(e, 0)})
	case roster.Erased:
		return nil, nil
	case roster.Deleted, *roster.Token, *roster.Invitation, *roster.Webhook:
		return dialect.Encode(wire(roster.Shown(e, f.by.Permissions)))
	default:
		return roster.EncodeEntity(e)
	}
}

// changedOrganization is an organization without its version, which is that of every change.
type changedOrganization struct {
	Organization
	Version *roster.Version `json:"version,omitempty"`
}

// shorten leaves out what a client that has followed so far knows already.
func (w *Op) shorten() error {
	if w.Before == nil {
		return nil
	}
	before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if w.After == nil {
		w.Before = nil
		return nil
	}
	if err := json.Unmarshal(w.Before, &before); err != nil {
		return fmt.Errorf("read a record again: %w", err)
	}
	if err := json.Unmarshal(w.After, &after); err != nil {
		return fmt.Errorf("read a record again: %w", err)
	}
	w.Before, w.After, w.Diff = nil, nil, differences(before, after)
	return nil
}

// differences returns the members that differ between two records.
func differences(before, after map[string]json.RawMessage) map[string]Difference {
	diff := map[string]Difference{}
	for name := range maps.Keys(before) {
		if !bytes.Equal(before[name], after[name]) {
			diff[name] = Difference{From: before[name], To: after[name]}
		}
	}
	for name, value := range after {
		if _, known := before[name]; !known {
			diff[name] = Difference{To: value}
		}
	}
	return diff
}
