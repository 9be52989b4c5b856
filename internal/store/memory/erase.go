package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// Traces implements [store.Eraser]. It looks for nothing: there is little enough in memory to look through when a
// person is erased.
func (s *Store) Traces(ctx context.Context, _, _ roster.ID) (*roster.Traces, error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	defer s.gate.Leave()
	return &roster.Traces{}, ctx.Err()
}

// Scrub implements [store.Eraser]: there is no disk.
func (s *Store) Scrub(ctx context.Context) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	return ctx.Err()
}

// erased is what is left after erasures: new slices, because readers have the old ones.
type erased struct {
	changes []roster.Change
	docs    map[roster.Version][]byte // of the ops of changes of which something was erased
	entries []roster.Entry
	answers []roster.Digest // to be forgotten
	jobs    map[roster.ID]*job
}

// erase returns what is left of the organization after the erasures of a change, which is about to be applied.
func (o *org) erase(change *roster.Change, ops []roster.Op) (erased, error) {
	if len(change.Erasures) == 0 {
		return erased{}, nil
	}
	left := erased{
		changes: append(slices.Clone(o.changes), record(change, ops)), docs: map[roster.Version][]byte{},
		entries: slices.Concat(o.entries, change.Entries), jobs: o.jobs,
	}
	for _, e := range change.Erasures {
		person := audit.NewPerson(e.User, e.Traces)
		for i := range left.changes {
			ops, err := left.ops(o, &left.changes[i])
			if err != nil {
				return erased{}, err
			}
			if _, err := person.Read(ops); err != nil {
				return erased{}, err
			}
		}
		if err := left.erase(o, person); err != nil {
			return erased{}, err
		}
		var err error
		if left.jobs, err = eraseJobs(left.jobs, person, change.At); err != nil {
			return erased{}, err
		}
		for key, a := range o.answers {
			if slices.ContainsFunc(person.Texts(), func(text string) bool {
				return bytes.Contains(a.Content, []byte(text))
			}) {
				left.answers = append(left.answers, key)
			}
		}
	}
	return left, nil
}

// ops returns the ops of a change in the form in which they are kept.
func (l *erased) ops(o *org, c *roster.Change) ([]audit.Op, error) {
	doc, err := l.document(o, c)
	if err != nil {
		return nil, err
	}
	return audit.DecodeOps(doc)
}

func (l *erased) document(o *org, c *roster.Change) ([]byte, error) {
	if doc, ok := l.docs[c.Version]; ok {
		return doc, nil
	}
	return o.document(c)
}

// document returns the JSON array of the ops of a change.
func (o *org) document(c *roster.Change) ([]byte, error) {
	if doc, ok := o.docs[c.Version]; ok {
		return doc, nil
	}
	enc, err := store.Encode(c.Ops)
	return enc.Ops, err
}

// erase erases a person from every change and its entries.
func (l *erased) erase(o *org, person *audit.Person) error {
	from := 0
	for i := range l.changes {
		c := &l.changes[i]
		to := from
		for to < len(l.entries) && l.entries[to].Version == c.Version {
			to++
		}
		ops, err := l.ops(o, c)
		if err != nil {
			return err
		}
		some, err := person.Erase(l.entries[from:to], ops)
		if err != nil {
			return err
		}
		if from = to; !some {
			continue
		}
		if l.docs[c.Version], err = audit.EncodeOps(ops); err != nil {
			return err
		}
		if c.Ops, err = roster.DecodeOps(l.docs[c.Version]); err != nil {
			return err
		}
	}
	return nil
}

// take replaces what the organization has by what is left.
func (o *org) take(l erased) {
	docs := make(map[roster.Version][]byte, len(o.docs)+len(l.docs))
	maps.Copy(docs, o.docs)
	maps.Copy(docs, l.docs)
	o.changes, o.docs, o.entries, o.jobs = l.changes, docs, l.entries, l.jobs
	for _, key := range l.answers {
		delete(o.answers, key)
	}
}
