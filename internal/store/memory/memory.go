// Package memory is the store that keeps nothing beyond the process: for tests, for trying roster out, and as the
// plainest reading of the contract. Records go through their documents on the way in, so that it hands out exactly what
// a store on disk would. It must not be clever.
package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// Store is a [store.Store] in memory.
type Store struct {
	gate store.Gate

	// writing has room for the one Update that runs, so that those who wait for it can give up.
	writing chan struct{}
	// mu guards what follows. Only the Update that holds writing changes it.
	mu   sync.RWMutex
	orgs map[roster.ID]*org
}

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{writing: make(chan struct{}, 1), orgs: map[roster.ID]*org{}}
}

// org is one organization. Guarded by Store.mu.
type org struct {
	version roster.Version
	next    roster.Numbers
	records entities[roster.Key]
	holders entities[holding]
	changes []roster.Change // the change to version v is at v-1
	uses    map[roster.ID]roster.Time
	entries []roster.Entry // the n-th one is at n-1
	answers map[roster.Digest]roster.Answer
	jobs    map[roster.ID]*job
	since   roster.Version // the changes up to it were trimmed
	hooks   map[roster.ID]*delivering
	// docs are the ops, as they are kept, of changes of which something was erased. It is replaced, not changed.
	docs map[roster.Version][]byte
}

// holding is a unique key within a type.
type holding struct {
	Type roster.Type
	Keys roster.Keys
}

func newOrg() *org {
	return &org{
		records: newEntities[roster.Key](), holders: newEntities[holding](),
		uses: map[roster.ID]roster.Time{}, answers: map[roster.Digest]roster.Answer{},
		jobs:  map[roster.ID]*job{},
		hooks: map[roster.ID]*delivering{},
	}
}

// read has fn look at the organizations.
func (s *Store) read(ctx context.Context, fn func() error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return fn()
}

// write waits until nobody else writes. Then it is the caller's turn until done is called.
func (s *Store) write(ctx context.Context) (done func(), err error) {
	if err := s.gate.Enter(); err != nil {
		return nil, err
	}
	select {
	case s.writing <- struct{}{}:
		return func() { <-s.writing; s.gate.Leave() }, nil
	case <-ctx.Done():
		s.gate.Leave()
		return nil, ctx.Err()
	}
}

// change has fn change what is kept of organizations while no Update runs.
func (s *Store) change(ctx context.Context, fn func() error) error {
	done, err := s.write(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return fn()
}

// Orgs implements [store.Store].
func (s *Store) Orgs(ctx context.Context, fn func(*roster.Organization) error) error {
	if err := s.gate.Enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	for _, o := range s.organizations() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) organizations() []*roster.Organization {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]*roster.Organization, 0, len(s.orgs))
	for id, o := range s.orgs {
		all = append(all, o.organization(id))
	}
	slices.SortFunc(all, byNumber[*roster.Organization])
	return all
}

// organization returns the record of the organization, its Version and Next filled.
func (o *org) organization(id roster.ID) *roster.Organization {
	filled := *o.records.get(roster.Key{Type: roster.TypeOrganization, ID: id}).(*roster.Organization)
	filled.Version, filled.Next = o.version, o.next
	return &filled
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id roster.ID, fn func(roster.Entity) error) (roster.Version, error) {
	if err := s.gate.Enter(); err != nil {
		return 0, err
	}
	defer s.gate.Leave()
	records, version := s.snapshot(id)
	if version == 0 {
		return 0, store.NoOrg(id)
	}
	for _, e := range records {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := fn(e); err != nil {
			return 0, err
		}
	}
	return version, nil
}

func (s *Store) snapshot(id roster.ID) ([]roster.Entity, roster.Version) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o, ok := s.orgs[id]
	if !ok {
		return nil, 0
	}
	records := []roster.Entity{o.organization(id)}
	for _, t := range roster.Types()[1:] {
		records = append(records, o.ofType(t)...)
	}
	return records, o.version
}

// ofType returns the records of a type by number and then by id.
func (o *org) ofType(t roster.Type) []roster.Entity {
	var records []roster.Entity
	for key, e := range o.records.all() {
		if key.Type == t {
			records = append(records, e)
		}
	}
	slices.SortFunc(records, byNumber[roster.Entity])
	return records
}

func byNumber[E roster.Entity](a, b E) int {
	return cmp.Or(cmp.Compare(a.Keys().Number, b.Keys().Number), a.Key().ID.Compare(b.Key().ID))
}

// Changes implements [store.Store].
func (s *Store) Changes(
	ctx context.Context, id roster.ID, after roster.Version, limit int,
) (changes []roster.Change, err error) {
	err = s.read(ctx, func() error {
		if o, ok := s.orgs[id]; ok {
			from := min(max(int(after), int(o.since)), len(o.changes))
			changes = slices.Clone(o.changes[from:][:min(limit, len(o.changes)-from)])
		}
		return nil
	})
	return changes, err
}

// Record implements [store.Store].
func (s *Store) Record(ctx context.Context, org roster.ID, t roster.Type, id roster.ID) (e roster.Entity, err error) {
	err = s.read(ctx, func() error {
		if o, ok := s.orgs[org]; ok {
			e = o.records.get(roster.Key{Type: t, ID: id})
		}
		return nil
	})
	return e, err
}

// TokenOrg implements [store.Store].
func (s *Store) TokenOrg(ctx context.Context, hash string) (org roster.ID, err error) {
	err = s.read(ctx, func() error {
		for _, id := range slices.SortedFunc(maps.Keys(s.orgs), roster.ID.Compare) {
			if s.orgs[id].holders.get(holding{roster.TypeToken, roster.Keys{Identifier: hash}}) != nil {
				org = id
				return nil
			}
		}
		return store.NoToken()
	})
	return org, err
}

// UserOrgs implements [store.Store].
func (s *Store) UserOrgs(ctx context.Context, user roster.ID) (orgs []roster.ID, err error) {
	err = s.read(ctx, func() error {
		for id, o := range s.orgs {
			if o.records.get(roster.Key{Type: roster.TypeUser, ID: user}) != nil {
				orgs = append(orgs, id)
			}
		}
		slices.SortFunc(orgs, roster.ID.Compare)
		return nil
	})
	return orgs, err
}

// Close implements [store.Store].
func (s *Store) Close() error {
	if err := s.gate.Close(); err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}
