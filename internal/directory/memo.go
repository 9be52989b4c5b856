package directory

import "github.com/roster-dev/roster"

// memo is a state that asks another one, which must not change meanwhile, for every record only once: the commands of a
// transaction have the same roles, groups and spaces looked up again and again, and an import asks for each key of a
// user twice. It is not safe for concurrent use.
type memo struct {
	roster.State

	byID  map[roster.Key]roster.Entity
	byKey map[uniqueKey]roster.Entity
}

// uniqueKey is a type with exactly one key set.
type uniqueKey struct {
	typ  roster.Type
	keys roster.Keys
}

func remember(state roster.State) *memo {
	return &memo{state, map[roster.Key]roster.Entity{}, map[uniqueKey]roster.Entity{}}
}

// Get implements [roster.State].
func (m *memo) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	key := roster.Key{Type: t, ID: id}
	return answer(m.byID, key, func() (roster.Entity, error) { return m.State.Get(t, id) })
}

// Find implements [roster.State].
func (m *memo) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
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
