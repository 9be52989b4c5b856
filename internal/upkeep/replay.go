package upkeep

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// maxStates is of how many records the states are held in memory at a time.
const maxStates = 1 << 18

// part is a part of all records: those whose ids have a hash that begins with some bits.
type part struct {
	bits  int
	begin uint64
}

func (p part) has(id roster.ID) bool {
	return binary.BigEndian.Uint64(store.IndexKey(id))>>(64-p.bits) == p.begin
}

// next returns the part after p of those that are as large, and whether there is one.
func (p part) next() (part, bool) {
	p.begin++
	return p, p.begin>>p.bits == 0
}

// half returns the first half of p.
func (p part) half() part { return part{p.bits + 1, p.begin << 1} }

// replayAll holds the history of an organization to its version and its records. It returns how many records there are,
// and the first fault.
func replayAll(
	ctx context.Context, s store.Snapshot, version roster.Version, most int, seen func(),
) (records int64, fault string, err error) {
	for p, more := (part{}), true; more; {
		r := &replay{ctx: ctx, s: s, version: version, most: most, part: p, seen: seen}
		full, err := r.run()
		if err == nil && !full && r.fault != "" && r.aboutDocs {
			// An earlier version of roster may have written the same record in other words.
			r = &replay{ctx: ctx, s: s, version: version, most: most, part: p, seen: seen, decoded: true}
			full, err = r.run()
		}
		switch {
		case err != nil || !full && r.fault != "":
			return records, r.fault, err
		case full:
			p = p.half()
		default:
			records += r.records
			p, more = p.next()
		}
	}
	return records, "", nil
}

// state is what the history leaves behind of a record.
type state struct {
	version roster.Version // that did
	known   bool           // what the document is; not where it was trimmed or erased
	sum     [16]byte       // of the document
}

// replay goes through the history for a part of the records.
type replay struct {
	ctx     context.Context
	s       store.Snapshot
	version roster.Version
	most    int
	part    part
	decoded bool // compares what documents say rather than their bytes
	seen    func()

	states    map[roster.Key]state
	records   int64
	fault     string
	aboutDocs bool // whether the fault is that documents differ
}

// run stops at the first fault, or where there are more states than may be held.
func (r *replay) run() (full bool, err error) {
	r.states = map[roster.Key]state{}
	last := roster.Version(0)
	err = r.each(store.TableChanges, func(c store.Cells) error {
		r.seen()
		version := roster.Version(c.Number("version"))
		if version != last+1 {
			r.found("the history lacks version %d", last+1)
			return nil
		}
		last = version
		ops, err := audit.DecodeOps([]byte(c.Text("ops")))
		if err != nil {
			r.found("the ops of version %d can't be read: %v", version, err)
			return nil
		}
		for i := range ops {
			if err := r.op(version, &ops[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || r.fault != "" || len(r.states) > r.most {
		return r.fault == "" && err == nil, err
	}
	if last != r.version {
		r.found("the history ends at version %d, the organization is at %d", last, r.version)
		return false, nil
	}
	return false, r.compare()
}

// each calls fn with the rows of a table until there is a fault, or too many states.
func (r *replay) each(table string, fn func(store.Cells) error) error {
	for _, t := range store.Tables() {
		if t.Name != table {
			continue
		}
		for row, err := range store.Rows(r.ctx, r.s, &t) {
			if err == nil {
				err = fn(store.CellsOf(&t, row))
			}
			if err != nil || r.fault != "" || len(r.states) > r.most {
				return err
			}
		}
	}
	return nil
}

func (r *replay) found(format string, args ...any) { r.fault = fmt.Sprintf(format, args...) }

// op applies an op to the states.
func (r *replay) op(version roster.Version, op *audit.Op) error {
	if r.fault != "" || !r.part.has(op.Key.ID) {
		return nil
	}
	was, there := r.states[op.Key]
	creates := op.Verb == (roster.Op{}).Verb()
	switch {
	case creates && there:
		r.found("version %d creates %s, which version %d has left behind", version, op.Key, was.version)
		return nil
	case !creates && !there:
		r.found("version %d is about %s, which no version before has left behind", version, op.Key)
		return nil
	}
	if was.known && op.Before != nil {
		sum, err := r.sum(op.Key.Type, op.Before)
		if err != nil {
			return err
		}
		if sum != was.sum {
			r.aboutDocs = true
			r.found("version %d replaces another %s than version %d has left behind", version, op.Key, was.version)
			return nil
		}
	}
	if op.After == nil && op.AfterDigest.IsZero() {
		delete(r.states, op.Key)
		return nil
	}
	now := state{version: version, known: op.After != nil}
	var err error
	if now.known {
		now.sum, err = r.sum(op.Key.Type, op.After)
	}
	r.states[op.Key] = now
	return err
}

// compare holds the records to the states.
func (r *replay) compare() error {
	for _, table := range []string{store.TableOrganizations, store.TableEntities} {
		err := r.each(table, func(c store.Cells) error {
			key := roster.Key{Type: roster.Type(c.Text("type")), ID: c.ID("id")}
			if table == store.TableOrganizations {
				key.Type = roster.TypeOrganization
				e, err := roster.DecodeEntity(key.Type, []byte(c.Text("doc")))
				if err != nil {
					r.found("the organization can't be read: %v", err)
					return nil
				}
				key.ID = e.Key().ID
			}
			return r.record(key, []byte(c.Text("doc")))
		})
		if err != nil || r.fault != "" {
			return err
		}
	}
	first := roster.Version(0)
	for key, left := range r.states {
		if first == 0 || left.version < first {
			first = left.version
			r.found("%s is not there, which version %d has left behind", key, left.version)
		}
	}
	return nil
}

// record holds a record to its state, which is done with.
func (r *replay) record(key roster.Key, doc []byte) error {
	if !r.part.has(key.ID) {
		return nil
	}
	r.records++
	left, there := r.states[key]
	delete(r.states, key)
	if !there {
		r.found("%s is there, which no version has left behind", key)
		return nil
	}
	if !left.known {
		return nil
	}
	sum, err := r.sum(key.Type, doc)
	if err == nil && sum != left.sum {
		r.aboutDocs = true
		r.found("%s is not what version %d has left behind", key, left.version)
	}
	return err
}

// sum tells documents apart, or what they say.
func (r *replay) sum(t roster.Type, doc []byte) (sum [16]byte, err error) {
	if r.decoded {
		if doc, err = again(t, doc); err != nil {
			return sum, err
		}
	}
	whole := sha256.Sum256(doc)
	copy(sum[:], whole[:])
	return sum, nil
}

// again returns a document as this version of roster writes it, an organization's without what is kept apart.
func again(t roster.Type, doc []byte) ([]byte, error) {
	e, err := roster.DecodeEntity(t, doc)
	if err != nil {
		return nil, fmt.Errorf("decode a %s: %w", t, err)
	}
	if o, ok := e.(*roster.Organization); ok {
		bare := *o
		bare.Version, bare.Next = 0, roster.Numbers{}
		e = &bare
	}
	return roster.AppendEntity(nil, e)
}
