package directory

import (
	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
)

// fastest returns the view as the state that commands are decided on when it is at the very version of the
// transaction, which is the rule while one process writes; it answers from memory what the store would read from
// disk.
func fastest(state roster.State, view *index.View) roster.State {
	if view != nil && view.Version() == state.Version() {
		return viewState{view}
	}
	return state
}

// viewState is a view as a [roster.State].
type viewState struct{ view *index.View }

func (v viewState) Version() roster.Version { return v.view.Version() }

func (v viewState) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	if t == roster.TypeUser {
		return v.user(roster.Ref{ID: id})
	}
	if t.IsDeleted() {
		return v.deleted(v.view.DeletedByID(t, id))
	}
	return v.first(t, func(e roster.Entity) bool { return e.Key().ID == id })
}

func (v viewState) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	switch {
	case t == roster.TypeUser && k.Owner:
		return v.owner()
	case t == roster.TypeUser:
		return v.user(roster.Ref{Number: k.Number, Email: k.Email, Identifier: k.Identifier})
	case t == roster.TypeGroup:
		return found(v.view.Group(k.Number))
	case t == roster.TypeSpace:
		return found(v.view.Space(k.Number))
	case t.IsDeleted():
		return v.deleted(v.view.DeletedByNumber(t, k.Number))
	case t == roster.TypeRole && k.Identifier != "":
		return found(v.view.Role(k.Identifier))
	default:
		return v.first(t, func(e roster.Entity) bool { return sharesKey(e.Keys(), k) })
	}
}

// sharesKey reports whether the one key that is set in wanted is the same in k.
func sharesKey(k, wanted roster.Keys) bool {
	return wanted.Number != 0 && k.Number == wanted.Number ||
		wanted.Identifier != "" && k.Identifier == wanted.Identifier ||
		wanted.Email != "" && k.Email == wanted.Email
}

// found turns a typed nil into a nil Entity.
func found[E any, P interface {
	*E
	roster.Entity
}](e P) (roster.Entity, error) {
	if e == nil {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	return e, nil
}

// deleted turns no deleted record into a nil Entity.
func (v viewState) deleted(e roster.Deleted) (roster.Entity, error) {
	if e == nil {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	return e, nil
}

func (v viewState) user(ref roster.Ref) (roster.Entity, error) {
	u, err := v.view.User(ref)
	if roster.CodeOf(err) == roster.NotFound {
		return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
	}
	if err != nil {
		return nil, err
	}
	u.Permissions = 0 // which is computed, and the copy is ours
	return u, nil
}

// stored returns a copy of a user as stores keep it, without what is computed.
func stored(u *roster.User) *roster.User {
	c := *u
	c.Permissions = 0
	return &c
}

func (v viewState) owner() (roster.Entity, error) {
	page, err := v.view.Users(roster.Query{
		Where: roster.Cmp{Field: roster.FieldOwner, Value: roster.BoolValue(true)}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	for u := range page.Users {
		return stored(u), nil
	}
	return nil, nil //nolint:nilnil // the contract of State: nothing found is no error
}

func (v viewState) first(t roster.Type, match func(roster.Entity) bool) (roster.Entity, error) {
	var first roster.Entity
	err := v.Each(t, func(e roster.Entity) error {
		if first == nil && match(e) {
			first = e
		}
		return nil
	})
	return first, err
}

func (v viewState) Each(t roster.Type, fn func(roster.Entity) error) error {
	if t.IsDeleted() {
		return each(v.view.Deleted(t), fn)
	}
	switch t {
	case roster.TypeOrganization:
		return fn(v.view.Org())
	case roster.TypeRole:
		return each(v.view.Roles(), fn)
	case roster.TypeGroup:
		return each(v.view.Groups(), fn)
	case roster.TypeSpace:
		return each(v.view.Spaces(), fn)
	case roster.TypeToken:
		return each(v.view.Tokens(), fn)
	case roster.TypeInvitation:
		return each(v.view.Invitations(), fn)
	case roster.TypeWebhook:
		return each(v.view.Webhooks(), fn)
	}
	page, err := v.view.Users(roster.Query{})
	if err != nil {
		return err
	}
	for u := range page.Users {
		if err := fn(stored(u)); err != nil {
			return err
		}
	}
	return nil
}

func each[E roster.Entity](list []E, fn func(roster.Entity) error) error {
	for _, e := range list {
		if err := fn(e); err != nil {
			return err
		}
	}
	return nil
}
