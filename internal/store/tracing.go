package store

import (
	"fmt"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
)

// Traced is what a driver reads of an organization to find what there is of a person, at one moment or in a
// transaction.
type Traced interface {
	// Version returns the present version, 0 where the organization does not exist.
	Version() (roster.Version, error)

	// Records calls fn with the records of users, also deleted ones, that have an id.
	Records(user roster.ID, fn func(roster.Entity)) error

	// Changes calls fn with the changes after a version up to another one in whose ops a text stands, ascending, with
	// their ops as they are kept, which count until fn returns.
	Changes(after, last roster.Version, text string, fn func(v roster.Version, ops []byte) error) error

	// Answers returns the keys of the answers from a time on in which one of some texts stands, and the time of the
	// last answer of all, 0 where there is none.
	Answers(since roster.Time, texts []string) (keys []roster.Digest, last roster.Time, err error)

	Audited
}

// Audited is the part of [Traced] that is about the entries of the audit, which have places without gaps from 1 on.
type Audited interface {
	// LastEntry returns the place of the last entry, 0 where there is none.
	LastEntry() (int64, error)

	// VersionOf returns the version that the entry at a place is about.
	VersionOf(seq int64) (roster.Version, error)

	// Names calls fn with the entries from a place on and before another one that have a reason, are by or about a
	// user, or have a name that is none of some, ascending; with their Seq, Version, Actor, User and texts only.
	Names(from, to int64, user roster.ID, but []string, fn func(*roster.Entry)) error

	// Between returns the entries from a place on and before another one, ascending.
	Between(from, to int64) ([]roster.Entry, error)
}

// FindTraces looks everywhere for a person: see [Eraser].
func FindTraces(in Traced, user roster.ID) (*roster.Traces, error) {
	traces, t := &roster.Traces{}, tracer{in, audit.NewPerson(user, nil)}
	var err error
	if traces.Version, err = in.Version(); traces.Version == 0 || err != nil {
		return traces, err
	}
	// The history may not go back to when the records were written.
	err = in.Records(user, func(e roster.Entity) { t.person.Meet(e) })
	if err == nil {
		traces.Versions, err = t.versions(0, traces.Version)
	}
	if err == nil {
		traces.Answers, traces.At, err = in.Answers(0, t.person.Texts())
	}
	t.person.Known(traces)
	return traces, err
}

// tracer looks for a person.
type tracer struct {
	in     Traced
	person *audit.Person
}

// versions returns the versions after one, up to another one, with something to erase, ascending. The person is known
// by all names from there on.
func (t *tracer) versions(after, last roster.Version) (found []roster.Version, err error) {
	const some = 2000 // of one query, which keeps a log of the database from being begun anew
	changes, entries, trimmed := []roster.Version(nil), []roster.Version(nil), []trimmedOps(nil)
	for from := after; from < last && err == nil; from += some {
		err = t.changes(from, min(from+some, last), func(v roster.Version, ops []audit.Op, about bool) {
			if about {
				changes = append(changes, v)
			} else if t.person.HasTrimmed(ops) {
				trimmed = append(trimmed, trimmedOps{v, ops})
			}
		})
	}
	if err == nil {
		entries, err = t.entries(after, last)
	}
	found = union(changes, entries)
	if err == nil {
		entries, err = t.salted(trimmed)
	}
	return union(found, entries), err
}

// trimmedOps are those of a change in which documents about the person were trimmed, or erased before.
type trimmedOps struct {
	version roster.Version
	ops     []audit.Op
}

// salted returns the versions of those changes of which there is still something to erase, as the salt of an entry.
func (t *tracer) salted(all []trimmedOps) (found []roster.Version, err error) {
	for _, c := range all {
		entries, err := t.entriesOf(c.version)
		if err != nil {
			return nil, err
		}
		erased, err := t.person.Erase(entries, c.ops)
		if err != nil {
			return nil, fmt.Errorf("version %d: %w", c.version, err)
		}
		if erased {
			found = append(found, c.version)
		}
	}
	return found, nil
}

// union returns what is in either of two ascending lists, ascending.
func union(a, b []roster.Version) (all []roster.Version) {
	for len(a) > 0 || len(b) > 0 {
		next := &a
		if len(a) == 0 || len(b) > 0 && b[0] < a[0] {
			next = &b
		}
		if v := (*next)[0]; len(all) == 0 || all[len(all)-1] != v {
			all = append(all, v)
		}
		*next = (*next)[1:]
	}
	return all
}

// changes calls found with the changes that have the person's id, and whether they say something about the person.
func (t *tracer) changes(
	after, last roster.Version, found func(v roster.Version, ops []audit.Op, about bool),
) error {
	return t.in.Changes(after, last, t.person.ID.String(), func(v roster.Version, doc []byte) error {
		ops, err := audit.DecodeOps(doc)
		if err != nil {
			return fmt.Errorf("version %d: %w", v, err)
		}
		about, err := t.person.Read(ops)
		if err == nil {
			found(v, ops, about)
		}
		return err
	})
}

// entries returns the versions of entries of the audit that name the person, ascending.
func (t *tracer) entries(after, last roster.Version) (found []roster.Version, err error) {
	const some = 5000
	first, err := t.firstEntry(after+1, 1)
	if err != nil {
		return nil, err
	}
	end, err := t.firstEntry(last+1, first)
	harmless := harmless{} // names, so that entries with them need not be looked at
	for from := first; from < end && err == nil; from += some {
		err = t.in.Names(from, min(from+some, end), t.person.ID, harmless, func(e *roster.Entry) {
			if t.person.IsIn(e) {
				found = append(found, e.Version)
			} else if !t.person.IsNamed(e.Name, false) {
				harmless.add(e.Name)
			}
		})
	}
	return found, err
}

// harmless are a few texts.
type harmless []string

func (h *harmless) add(text string) {
	const most = 100
	if len(*h) < most && (len(*h) == 0 || (*h)[len(*h)-1] != text) {
		*h = append(*h, text)
	}
}

// entriesOf returns the entries of a version in their order.
func (t *tracer) entriesOf(version roster.Version) ([]roster.Entry, error) {
	first, err := t.firstEntry(version, 1)
	if err != nil {
		return nil, err
	}
	end, err := t.firstEntry(version+1, first)
	if err != nil {
		return nil, err
	}
	return t.in.Between(first, end)
}

// firstEntry returns the place of the first entry of a version or a later one, from a place on; that after the last
// entry where there is none.
func (t *tracer) firstEntry(version roster.Version, from int64) (int64, error) {
	last, err := t.in.LastEntry()
	if err != nil {
		return 0, err
	}
	low, high := from, last+1
	for low < high {
		middle := low + (high-low)/2
		at, err := t.in.VersionOf(middle)
		if err != nil {
			return 0, fmt.Errorf("look for entry %d of the audit: %w", middle, err)
		}
		if at < version {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}
