package directory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// Report is what [Service.Check] found out about an organization.
type Report struct {
	Version roster.Version
	Users   int
	// Bytes estimates the memory of the view with all its orders, TextBytes that of the index over texts, which
	// searches need besides.
	Bytes, TextBytes int64
	// Parts is the memory of both, by part.
	Parts []index.Part
	// Problems says what is not as it must be, in sentences; there are none where all is well.
	Problems []string
}

// Check reads all of an organization, and holds that its history has every version and leads to the records that the
// store has, and that the view shows exactly those. It takes about as long as loading the organization three times. It
// fails as [Service.View] does, and with [roster.Unavailable] where the organization is being written to meanwhile.
func (s *Service) Check(ctx context.Context, id roster.ID) (Report, error) {
	view, err := s.View(ctx, id)
	if err != nil {
		return Report{}, err
	}
	page, err := view.Users(roster.Query{Limit: 1})
	if err != nil {
		return Report{}, err
	}
	r := Report{Version: view.Version(), Users: page.Total}
	if err := view.Warm(ctx); err != nil {
		return Report{}, err
	}
	r.Parts = view.Usage()
	r.Bytes, r.TextBytes = split(r.Parts)
	stored, err := s.tallyStore(ctx, id, r.Version)
	if err != nil {
		return Report{}, err
	}
	shown, err := tallyView(view)
	if err != nil {
		return Report{}, err
	}
	r.compare("the view", shown, stored)
	return r, s.checkHistory(ctx, id, &r, stored)
}

func (r *Report) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// compare reports in what the records that something shows differ from those of the store.
func (r *Report) compare(what string, got, want tally) {
	for _, t := range roster.Types() {
		switch got, want := got[t], want[t]; {
		case got.records != want.records:
			r.problem("%s has %d records of type %s, the store has %d", what, got.records, t, want.records)
		case got.digest != want.digest:
			r.problem("the records of type %s that %s has are not those that the store has", t, what)
		}
	}
}

// checkHistory reports versions that are missing, and where the changes do not lead to the records of the store.
func (s *Service) checkHistory(ctx context.Context, id roster.ID, r *Report, stored tally) error {
	const batch = 1000
	since, err := s.store.Since(ctx, id)
	if err != nil {
		return err
	}
	history, gaps := tally{}, 0
	for last := since; last < r.Version; {
		changes, err := s.changesAfter(ctx, id, last, batch)
		if err != nil {
			return fmt.Errorf("read the history of organization %s: %w", id, err)
		}
		if len(changes) == 0 {
			r.problem("the history ends at version %d, the organization is at %d", last, r.Version)
			return nil
		}
		for _, change := range changes {
			if change.Version != last+1 {
				r.problem("the history lacks the versions from %d to %d", last+1, change.Version-1)
				gaps++
			}
			last = change.Version
			if err := history.change(change); err != nil {
				return err
			}
		}
	}
	if gaps == 0 && since == 0 { // else it can't
		r.compare("the history", history, stored)
	}
	return nil
}

// tallyStore counts the records of an organization, which must be at a version.
func (s *Service) tallyStore(ctx context.Context, id roster.ID, at roster.Version) (tally, error) {
	stored := tally{}
	version, err := s.store.Load(ctx, id, stored.add)
	if err != nil {
		return nil, fmt.Errorf("read organization %s: %w", id, err)
	}
	if version != at {
		return nil, roster.Errorf(roster.Unavailable, "the organization is being written to: try again")
	}
	return stored, nil
}

func tallyView(view *index.View) (tally, error) {
	shown := tally{}
	for _, t := range roster.Types() {
		if err := (viewState{view}).Each(t, shown.add); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// tally tells sets of records apart, whatever their order.
type tally map[roster.Type]sum

type sum struct {
	records int
	digest  [sha256.Size]byte // of all documents: the exclusive or of their digests
}

func (t tally) add(e roster.Entity) error { return t.put(e, 1) }

// change takes away what a change replaces, and adds what it leaves behind.
func (t tally) change(c roster.Change) error {
	for _, op := range c.Ops {
		// Of a record that was erased no op has a document, and it is deleted in the end.
		if _, erased := op.Before.(roster.Erased); op.Before != nil && !erased {
			if err := t.put(op.Before, -1); err != nil {
				return err
			}
		}
		if _, erased := op.After.(roster.Erased); op.After != nil && !erased {
			if err := t.put(op.After, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t tally) put(e roster.Entity, n int) error {
	doc, err := encodeBare(e)
	if err != nil {
		return err
	}
	s := t[e.Key().Type]
	s.records += n
	for i, b := range sha256.Sum256(doc) {
		s.digest[i] ^= b
	}
	t[e.Key().Type] = s
	return nil
}

// split returns the memory of all parts but the index over texts, and that.
func split(parts []index.Part) (other, texts int64) {
	for _, p := range parts {
		if p.Name == "words" || strings.HasPrefix(p.Name, "trigrams ") {
			texts += p.Bytes
		} else {
			other += p.Bytes
		}
	}
	return other, texts
}
