package directory

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Imports carries out the imports of one organization batch by batch, as [Service.DoEach] would, and decides on a batch
// while the one before is being written: what deciding takes is a fourth of the time of a large import. It does so as
// long as nobody else writes, no view is loaded, and the users that come do not exist; otherwise each batch is decided
// when it is its turn.
type Imports struct {
	service *Service
	org     roster.ID
	by      roster.Principal

	expected *forecast   // after the batches that were begun; nil where there is none. It is Begin's.
	failed   atomic.Bool // some forecast was wrong, and so are those that were made on it
}

// Imports returns what carries out the imports of an organization.
func (s *Service) Imports(org roster.ID, by roster.Principal) *Imports {
	return &Imports{service: s, org: org, by: by}
}

// Begin decides on the next batch, if that can be done before its turn, and returns what carries it out and says what
// became of each command. Begin is called by one goroutine, and what it returns by one goroutine, in the same order
// and each once. The batch before need not have been carried out when the next one is begun.
func (i *Imports) Begin(ctx context.Context, cmds []roster.Command) func(context.Context) ([]roster.Outcome, error) {
	c := newCall(i.by, cmds, true)
	before, change, ok := i.decide(ctx, c)
	return func(ctx context.Context) ([]roster.Outcome, error) {
		if ok && !i.failed.Load() {
			err := i.commit(ctx, c, before, change)
			if err == nil {
				return c.outcomes, nil
			}
			i.failed.Store(true)
			if !isWrong(err) {
				return nil, err
			}
		}
		return i.service.DoEach(ctx, i.org, i.by, cmds)
	}
}

// decide decides on a call where it is expected to find the organization at a version, and reports whether it could.
func (i *Imports) decide(ctx context.Context, c *call) (before roster.Version, change roster.Change, ok bool) {
	s := i.service
	if i.failed.Load() || !c.imports() || i.by.Cause.Once != nil || s.loaded(i.org) != nil {
		i.failed.Store(true)
		return 0, roster.Change{}, false
	}
	if i.expected == nil {
		expected, err := s.foresee(ctx, i.org)
		if err != nil {
			i.failed.Store(true)
			return 0, roster.Change{}, false
		}
		i.expected = expected
	}
	d := s.newDraft(i.expected, guess{i.expected}, roster.Env{Org: i.org, Now: s.now(), NewID: s.newID}, true)
	if d.add(c); c.err != nil {
		i.failed.Store(true)
		return 0, roster.Change{}, false
	}
	before, change = i.expected.version, d.change(i.by.Actor())
	i.expected.follow(change.Ops)
	return before, change, true
}

// commit writes what a call that was decided on before its turn does. It fails as isWrong says where the organization
// is not as it was expected.
func (i *Imports) commit(ctx context.Context, c *call, before roster.Version, change roster.Change) error {
	s, org := i.service, i.service.organization(i.org)
	s.touch(org)
	select {
	case <-org.writer:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer org.release()
	committed, err := s.update(ctx, i.org, func(state roster.State) (roster.Change, error) {
		finder, ok := state.(store.Finder)
		if !ok || state.Version() != before {
			return roster.Change{}, errGuess
		}
		return change, right(finder, c.cmds, c.outcomes)
	})
	if err == nil {
		s.advance(context.WithoutCancel(ctx), org, committed, nil)
	}
	s.doubt(org, err)
	return err
}

// forecast is the state that an organization is expected to have: everything that imports refer to, as a transaction
// found it and changes since leave it, and of the users the owner alone. It can't tell anything else.
type forecast struct {
	org     roster.Key
	version roster.Version
	byID    map[roster.Key]roster.Entity
	byKey   map[uniqueKey]roster.Entity
}

// foreseen returns the types of which a forecast knows all records.
func foreseen() []roster.Type {
	return append(roster.DeletedTypes(),
		roster.TypeOrganization, roster.TypeRole, roster.TypeGroup, roster.TypeSpace)
}

// foresee returns the present state of an organization as a forecast. It fails where there is more than it is to hold.
func (s *Service) foresee(ctx context.Context, org roster.ID) (*forecast, error) {
	const most = 20_000 // records, whose documents are kept in memory
	f := &forecast{}
	_, err := s.update(ctx, org, func(state roster.State) (roster.Change, error) {
		*f = forecast{
			org:     roster.Key{Type: roster.TypeOrganization, ID: org},
			version: state.Version(), byID: map[roster.Key]roster.Entity{}, byKey: map[uniqueKey]roster.Entity{},
		}
		for _, t := range foreseen() {
			err := state.Each(t, func(e roster.Entity) error {
				if f.put(e); len(f.byID) > most {
					return errGuess
				}
				return nil
			})
			if err != nil {
				return roster.Change{}, err
			}
		}
		owner, err := state.Find(roster.TypeUser, roster.Keys{Owner: true})
		if owner != nil {
			f.put(owner)
		}
		return roster.Change{}, err
	})
	return f, err
}

// Version implements [roster.State].
func (f *forecast) Version() roster.Version { return f.version }

// Get implements [roster.State].
func (f *forecast) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if !slices.Contains(foreseen(), t) {
		return nil, errGuess
	}
	return f.byID[roster.Key{Type: t, ID: id}], nil
}

// Find implements [roster.State].
func (f *forecast) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	if slices.Contains(foreseen(), t) || t == roster.TypeUser && k.Owner {
		return f.byKey[uniqueKey{t, k}], nil
	}
	return nil, errGuess
}

// Each implements [roster.State]. No import asks for all records of a type.
func (f *forecast) Each(roster.Type, func(roster.Entity) error) error { return errGuess }

// put adds a record; of a user, what the owner is asked for.
func (f *forecast) put(e roster.Entity) {
	key := e.Key()
	if key.Type != roster.TypeUser {
		f.byID[key] = e
	}
	for _, unique := range store.Uniques(e) {
		if key.Type != roster.TypeUser || unique.Keys.Owner {
			f.byKey[uniqueKey{key.Type, unique.Keys}] = e
		}
	}
}

// remove takes a record away.
func (f *forecast) remove(e roster.Entity) {
	delete(f.byID, e.Key())
	for _, unique := range store.Uniques(e) {
		delete(f.byKey, uniqueKey{e.Key().Type, unique.Keys})
	}
}

// follow goes on to the version after a change.
func (f *forecast) follow(ops []roster.Op) {
	if len(ops) == 0 {
		return
	}
	f.version++
	var next roster.Numbers
	if o, ok := f.byID[f.org].(*roster.Organization); ok {
		next = o.Next.After(ops...)
	}
	for _, op := range ops {
		if op.Before != nil {
			f.remove(op.Before)
		}
	}
	for _, op := range ops {
		if op.After != nil {
			f.put(op.After)
		}
	}
	if o, ok := f.byID[f.org].(*roster.Organization); ok {
		f.put(o.With(next))
	}
}

// isWrong reports whether a change could not be made because the organization is not what it was expected to be.
func isWrong(err error) bool { return isClientError(err) || errors.Is(err, errGuess) }
