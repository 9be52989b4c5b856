package memory

import (
	"context"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Update implements [store.Store].
func (s *Store) Update(
	ctx context.Context, id roster.ID, fn func(roster.State) (roster.Change, error),
) (roster.Change, error) {
	done, err := s.write(ctx)
	if err != nil {
		return roster.Change{}, err
	}
	defer done()
	o := s.org(id)
	change, err := fn(&state{ctx, id, o})
	if err != nil {
		return roster.Change{}, err
	}
	if err := ctx.Err(); err != nil {
		return roster.Change{}, err
	}
	change.Org, change.Version = id, o.version
	if len(change.Ops) == 0 {
		return change, nil
	}
	change.Version++
	return change, s.commit(o, &change)
}

// org returns the organization as it is now, empty where it does not exist. Only the writer may read it without the
// lock.
func (s *Store) org(id roster.ID) *org {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if o, ok := s.orgs[id]; ok {
		return o
	}
	return newOrg()
}

// commit makes a change and chains its entries.
func (s *Store) commit(o *org, change *roster.Change) error {
	if err := store.Check(change.Org, o.version, change.Ops); err != nil {
		return err
	}
	enc, err := store.Encode(change.Ops)
	if err != nil {
		return err
	}
	ops, err := o.kept(change.Ops, enc)
	if err != nil {
		return err
	}
	if err := s.checkKeys(o, ops); err != nil {
		return err
	}
	var last roster.Entry
	if n := len(o.entries); n > 0 {
		last = o.entries[n-1]
	}
	contents := store.NewContents(change.Entries)
	contents.Add(change.Ops, enc)
	if err := store.Seal(change, contents, last); err != nil {
		return err
	}
	if err := o.checkSteps(change.Steps); err != nil {
		return err
	}
	left, err := o.erase(change, ops)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.apply(change, ops) {
		delete(s.orgs, change.Org)
		return nil
	}
	if len(change.Erasures) > 0 {
		o.take(left)
	}
	for _, a := range change.Answers {
		o.answers[a.Key] = a
	}
	s.orgs[change.Org] = o
	return nil
}

// kept returns ops as a store on disk would read them back.
func (o *org) kept(ops []roster.Op, enc store.Encoded) (kept []roster.Op, err error) {
	kept = make([]roster.Op, len(ops))
	for i, op := range ops {
		present := o.records.get(op.Key())
		switch {
		case op.Before == nil && present != nil:
			return nil, store.Taken("id", op.Key().Type)
		case op.Before != nil && present == nil:
			return nil, store.Missing(op.Key())
		}
		kept[i].Before = present
		if op.After == nil {
			continue
		}
		if kept[i].After, err = roster.DecodeEntity(op.Key().Type, enc.After[i]); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// checkKeys fails where two records would share a unique key after ops.
func (s *Store) checkKeys(o *org, ops []roster.Op) error {
	touched := map[roster.Key]bool{}
	for _, op := range ops {
		touched[op.Key()] = true
	}
	taken := map[holding]bool{}
	for _, op := range ops {
		if op.After == nil {
			continue
		}
		for _, unique := range store.Uniques(op.After) {
			h := holding{op.Key().Type, unique.Keys}
			holder := o.holders.get(h)
			if taken[h] || holder != nil && !touched[holder.Key()] || s.otherOrgHolds(op.Key(), h) {
				return store.Taken(unique.Field, h.Type)
			}
			taken[h] = true
		}
	}
	return nil
}

// otherOrgHolds reports whether h is a key of an organization's record and another organization has it.
func (s *Store) otherOrgHolds(key roster.Key, h holding) bool {
	if key.Type != roster.TypeOrganization {
		return false
	}
	for id, o := range s.orgs {
		if id != key.ID && o.holders.get(h) != nil {
			return true
		}
	}
	return false
}

// apply makes a change but for its answers, which was checked, with its ops as they are kept, and reports whether it
// deleted the organization.
func (o *org) apply(change *roster.Change, ops []roster.Op) (deleted bool) {
	for _, op := range ops {
		if op.Before == nil {
			continue
		}
		for _, unique := range store.Uniques(op.Before) {
			o.holders.remove(holding{op.Key().Type, unique.Keys})
		}
		o.records.remove(op.Key())
	}
	for _, op := range ops {
		if op.After == nil {
			deleted = deleted || op.Key().Type == roster.TypeOrganization
			switch op.Key().Type {
			case roster.TypeToken:
				delete(o.uses, op.Key().ID)
			case roster.TypeWebhook:
				delete(o.hooks, op.Key().ID)
			}
			continue
		}
		o.records.put(op.Key(), op.After)
		for _, unique := range store.Uniques(op.After) {
			o.holders.put(holding{op.Key().Type, unique.Keys}, op.After)
		}
	}
	o.version, o.next = change.Version, o.next.After(change.Ops...)
	for _, step := range change.Steps {
		o.putStep(step)
	}
	o.changes, o.entries = append(o.changes, record(change, ops)), append(o.entries, change.Entries...)
	return deleted
}

// record returns the record of a change.
func record(change *roster.Change, ops []roster.Op) roster.Change {
	return roster.Change{Org: change.Org, Version: change.Version, At: change.At, Actor: change.Actor, Ops: ops}
}

// state is a [roster.State] over an organization that nobody changes meanwhile.
type state struct {
	ctx context.Context // of the call of Update that made the state
	id  roster.ID
	org *org
}

// Version implements [roster.State].
func (s *state) Version() roster.Version { return s.org.version }

// Get implements [roster.State].
func (s *state) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	return s.found(s.org.records.get(roster.Key{Type: t, ID: id}))
}

// Find implements [roster.State].
func (s *state) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	return s.found(s.org.holders.get(holding{t, k}))
}

func (s *state) found(e roster.Entity) (roster.Entity, error) {
	if e != nil && e.Key().Type == roster.TypeOrganization {
		e = s.org.organization(s.id)
	}
	return e, s.ctx.Err()
}

// Each implements [roster.State].
func (s *state) Each(t roster.Type, fn func(roster.Entity) error) error {
	for _, e := range s.org.ofType(t) {
		if e, err := s.found(e); err != nil {
			return err
		} else if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}
