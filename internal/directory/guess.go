package directory

import (
	"errors"
	"slices"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// guess is a state that says without looking that no user has the id or the key that is asked for. That is how it is
// while an organization is imported for the first time, when looking up what is not there would take longer than
// writing what comes. Whoever decides on a guess must see whether it was right.
type guess struct{ roster.State }

// Get implements [roster.State].
func (g guess) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if t == roster.TypeUser {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	return g.State.Get(t, id)
}

// Find implements [roster.State]. There is one owner, who is looked up.
func (g guess) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	if t == roster.TypeUser && !k.Owner {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	return g.State.Find(t, k)
}

// errGuess says that a guess was wrong.
var errGuess = errors.New("there are users that were guessed not to be")

// mayGuess reports whether a call asks for nothing but imports, so many that guessing pays.
func (c *call) mayGuess() bool {
	const many = 16
	return len(c.cmds) >= many && c.imports()
}

// imports reports whether a call asks for nothing but imports, each on its own.
func (c *call) imports() bool {
	isOther := func(cmd roster.Command) bool {
		_, is := cmd.(roster.Import)
		return !is
	}
	return c.each && !slices.ContainsFunc(c.cmds, isOther)
}

// guess decides on a call, of which mayGuess holds, and returns the change. It fails with errGuess where the state
// can't tell whether the guess was right, or tells that it was wrong.
func (s *Service) guess(c *call, state roster.State, env roster.Env) (roster.Change, error) {
	finder, ok := state.(store.Finder)
	if !ok {
		return roster.Change{}, errGuess
	}
	known := remember(state)
	if err := known.expect(c.cmds, roster.TypeUser); err != nil {
		return roster.Change{}, err
	}
	d := s.newDraft(state, guess{known}, env, true)
	if d.add(c); c.err != nil {
		return roster.Change{}, c.err
	}
	if err := right(finder, c.cmds, c.outcomes); err != nil {
		return roster.Change{}, err
	}
	return d.change(c.by.Actor()), nil
}

// right fails with errGuess where the outcomes of imports that were decided on a guess might be others without it. A
// user that an import makes needs no look: were one of its keys taken, the store would refuse the change.
func right(finder store.Finder, cmds []roster.Command, outcomes []roster.Outcome) error {
	var doubtful []roster.Command
	for i, cmd := range cmds {
		made, again := madeBy(outcomes[i].Ops)
		if again {
			doubtful = cmds // what a user had first and has no more, the store does not see
			break
		}
		if imported, ok := cmd.(roster.Import).Record.(*roster.User); ok && !hasKeysOf(made, imported) {
			doubtful = append(doubtful, cmd)
		}
	}
	w := wantedBy(doubtful)[roster.TypeUser]
	if len(w.ids)+len(w.keys) == 0 {
		return nil
	}
	found, err := finder.FindAll(roster.TypeUser, w.ids, w.keys)
	if err == nil && len(found) > 0 {
		err = errGuess
	}
	return err
}

// madeBy returns the user that ops create, nil for none; again says that they change one that there was.
func madeBy(ops []roster.Op) (made *roster.User, again bool) {
	for _, op := range ops {
		if op.Key().Type != roster.TypeUser {
			continue
		}
		if op.Before != nil {
			return nil, true
		}
		made, _ = op.After.(*roster.User)
	}
	return made, false
}

// hasKeysOf reports whether a user that was made of an imported one has the id and the keys that this came with.
func hasKeysOf(made, imported *roster.User) bool {
	if made == nil || !imported.ID.IsZero() && made.ID != imported.ID {
		return false
	}
	has, came := made.Keys(), imported.Keys()
	return (came.Number == 0 || came.Number == has.Number) && (came.Email == "" || came.Email == has.Email) &&
		(came.Identifier == "" || came.Identifier == has.Identifier)
}
