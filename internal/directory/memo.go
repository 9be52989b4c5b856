package directory

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// memo is a state that asks another one, which must not change meanwhile, for every record only once: the commands of a
// transaction have the same roles, groups and spaces looked up again and again, and an import asks for each key of a
// user twice. It is not safe for concurrent use.
type memo struct {
	owned

	byID  map[roster.Key]roster.Entity
	byKey map[uniqueKey]roster.Entity
	// met counts the records that expect has found.
	met int
	// deleted says of a type of deleted records whether there are any, as far as that is known.
	deleted map[roster.Type]bool
}

// uniqueKey is a type with exactly one key set.
type uniqueKey struct {
	typ  roster.Type
	keys roster.Keys
}

func remember(state roster.State) *memo {
	return &memo{
		owned: owned{State: state}, byID: map[roster.Key]roster.Entity{}, byKey: map[uniqueKey]roster.Entity{},
		deleted: map[roster.Type]bool{},
	}
}

// expect looks up at once what deciding on commands will ask for, but for records of some types, where there are many
// and the state can do that.
func (m *memo) expect(cmds []roster.Command, but ...roster.Type) error {
	const many = 16
	finder, ok := m.State.(store.Finder)
	if !ok || len(cmds) < many {
		return nil
	}
	for t, w := range wantedBy(cmds, but...) {
		found, err := finder.FindAll(t, w.ids, w.keys)
		if err != nil {
			return fmt.Errorf("look up what %d commands are about: %w", len(cmds), err)
		}
		m.met += len(found)
		for _, id := range w.ids {
			m.byID[roster.Key{Type: t, ID: id}] = nil
		}
		for _, k := range w.keys {
			m.byKey[uniqueKey{t, k}] = nil
		}
		for _, e := range found {
			m.byID[e.Key()] = e
			for _, unique := range store.Uniques(e) {
				m.byKey[uniqueKey{t, unique.Keys}] = e
			}
		}
	}
	return nil
}

// wanted are ids and keys to look up.
type wanted struct {
	ids  []roster.ID
	keys []roster.Keys
}

// wantedBy returns by type, but for some types, what creations and imports must not find, or update.
func wantedBy(cmds []roster.Command, but ...roster.Type) map[roster.Type]wanted {
	all := map[roster.Type]wanted{}
	for _, cmd := range cmds {
		var record roster.Entity
		switch c := cmd.(type) {
		case roster.Create:
			record = c.Record
		case roster.Import:
			record = c.Record
		}
		if record == nil || record.Key().Type == roster.TypeOrganization || slices.Contains(but, record.Key().Type) {
			continue
		}
		w := all[record.Key().Type]
		if id := record.Key().ID; !id.IsZero() {
			w.ids = append(w.ids, id)
		}
		for _, unique := range store.Uniques(record) {
			if !unique.Keys.Owner {
				w.keys = append(w.keys, unique.Keys)
			}
		}
		if u, ok := record.(*roster.User); ok && u.Identifier == "" && u.Email != "" { // it may be made of the e-mail
			local, _, _ := strings.Cut(u.Email, "@")
			w.keys = append(w.keys, roster.Keys{Identifier: roster.Fold(local)})
		}
		all[record.Key().Type] = w
	}
	return all
}

// mayFind reports whether there can be records of a type. That there are no deleted ones is the rule, and what most
// who import are asked about.
func (m *memo) mayFind(t roster.Type) (bool, error) {
	if !t.IsDeleted() {
		return true, nil
	}
	some, looked := m.deleted[t]
	if !looked {
		err := m.Each(t, func(roster.Entity) error { return errFound })
		if err != nil && !errors.Is(err, errFound) {
			return false, err
		}
		some = err != nil
		m.deleted[t] = some
	}
	return some, nil
}

var errFound = errors.New("there is one")

// Get implements [roster.State].
func (m *memo) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if may, err := m.mayFind(t); err != nil || !may {
		return nil, err
	}
	key := roster.Key{Type: t, ID: id}
	return answer(m.byID, key, func() (roster.Entity, error) { return m.State.Get(t, id) })
}

// Find implements [roster.State].
func (m *memo) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	if may, err := m.mayFind(t); err != nil || !may {
		return nil, err
	}
	return answer(m.byKey, uniqueKey{t, k}, func() (roster.Entity, error) { return m.State.Find(t, k) })
}

// answer returns what is known under a key, or else what ask returns, and remembers it: that there is nothing, too.
func answer[K comparable](known map[K]roster.Entity, key K, ask func() (roster.Entity, error)) (roster.Entity, error) {
	if e, ok := known[key]; ok {
		return e, nil
	}
	e, err := ask()
	if err == nil {
		known[key] = e
	}
	return e, err
}
