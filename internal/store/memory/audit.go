package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/audit"
	"github.com/roster-dev/roster/internal/store"
)

// Entries implements [store.Store].
func (s *Store) Entries(
	ctx context.Context, id roster.ID, q roster.EntryQuery, fn func(roster.Entry, []roster.Op) error,
) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	matching, changes := s.entries(id, q)
	for _, e := range slices.Backward(matching) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if q.Before > 0 && e.Seq >= q.Before {
			continue
		}
		var ops []roster.Op
		if q.Ops {
			ops = changes[e.Version-1].Ops[e.From:e.To]
		}
		if q.Limit--; q.Limit < 0 {
			break
		}
		if err := fn(e, ops); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// CountEntries implements [store.Store].
func (s *Store) CountEntries(ctx context.Context, id roster.ID, q roster.EntryQuery) (int, error) {
	if err := s.gate.Enter(); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	matching, _ := s.entries(id, q)
	return len(matching), ctx.Err()
}

// entries returns the entries that a query lets through, whatever its Before and Limit, oldest first, and all changes.
func (s *Store) entries(id roster.ID, q roster.EntryQuery) (matching []roster.Entry, changes []roster.Change) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.orgs[id]
	if !ok {
		return nil, nil
	}
	for _, e := range o.entries {
		if fits(q, e) && slices.ContainsFunc(o.changes[e.Version-1].Ops[e.From:e.To], func(op roster.Op) bool {
			key := op.Key()
			return (q.Type == "" || key.Type == q.Type) && (q.ID.IsZero() || key.ID == q.ID) && !op.IsBookkeeping()
		}) {
			matching = append(matching, e)
		}
	}
	return matching, o.changes
}

// fits reports whether a query lets an entry through, whatever its ops.
func fits(q roster.EntryQuery, e roster.Entry) bool {
	return (q.Actor.IsZero() || e.Actor == q.Actor || e.User == q.Actor) &&
		(q.From == 0 || e.At >= q.From) && (q.To == 0 || e.At < q.To) &&
		(q.FirstVersion == 0 || e.Version >= q.FirstVersion) && (q.LastVersion == 0 || e.Version <= q.LastVersion)
}

// Log implements [store.Store].
func (s *Store) Log(ctx context.Context, id roster.ID) (audit.Log, error) {
	if err := s.gate.Enter(); err != nil {
		return audit.Log{}, err
	}
	defer s.gate.Leave()
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.orgs[id]
	if !ok {
		return audit.Log{}, store.NoOrg(id)
	}
	log := audit.Log{Org: id, Since: 1, Version: o.version}
	entries, changes, kept := slices.Clone(o.entries), slices.Clone(o.changes), &org{docs: o.docs}
	log.Entries = func(yield func(roster.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, ctx.Err()) {
				return
			}
		}
	}
	log.Changes = func(yield func(audit.Change, error) bool) {
		for _, c := range changes {
			doc, err := kept.document(&c)
			if err == nil {
				err = ctx.Err()
			}
			if !yield(audit.Change{Version: c.Version, At: c.At, Actor: c.Actor, Ops: doc}, err) || err != nil {
				return
			}
		}
	}
	return log, ctx.Err()
}

// Answer implements [store.Store].
func (s *Store) Answer(ctx context.Context, id roster.ID, key roster.Digest) (a roster.Answer, err error) {
	err = s.read(ctx, func() error {
		if o, ok := s.orgs[id]; ok {
			if a, ok = o.answers[key]; ok {
				return nil
			}
		}
		return store.NoAnswer()
	})
	return a, err
}

// ForgetAnswers implements [store.Store].
func (s *Store) ForgetAnswers(ctx context.Context, before roster.Time) error {
	return s.change(ctx, func() error {
		for _, o := range s.orgs {
			maps.DeleteFunc(o.answers, func(_ roster.Digest, a roster.Answer) bool { return a.At < before })
		}
		return nil
	})
}

// Answer implements [store.Answered].
func (s *state) Answer(key roster.Digest) (*roster.Answer, error) {
	if a, ok := s.org.answers[key]; ok {
		return &a, s.ctx.Err()
	}
	return nil, s.ctx.Err()
}
