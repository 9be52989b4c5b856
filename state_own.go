package roster

import "slices"

// OwnState is a [State] that finds the records about one person without looking at all that there are. A State need not
// be one: see [EachOwn].
type OwnState interface {
	State
	// EachOwn calls fn with every record of a type that is about a user, as [PersonOf] has it, until fn fails, and
	// returns that error. The type is none of those that are found by the user's id.
	EachOwn(t Type, user ID, fn func(Entity) error) error
}

// EachOwn calls fn with every record of a type in a state that is about a user, until fn fails, and returns that error.
// It looks at all records of the type unless the state is an [OwnState].
func EachOwn(s State, t Type, user ID, fn func(Entity) error) error {
	if own, ok := s.(OwnState); ok {
		return own.EachOwn(t, user, fn)
	}
	return s.Each(t, func(e Entity) error {
		if !IsAbout(e, user) {
			return nil
		}
		return fn(e)
	})
}

// PersonOf returns the one person whom a record is about, none where there is no such person: the user, the deleted
// user, whom an invitation invites, or whom a token acts as.
func PersonOf(e Entity) ID {
	switch e := e.(type) {
	case *User:
		return e.ID
	case *DeletedUser:
		return e.ID
	case *Invitation:
		return e.User
	case *Token:
		return e.ActsAs
	case Erased:
		if e.Type == TypeUser || e.Type == TypeDeletedUser {
			return e.ID
		}
	}
	return ID{}
}

// IsAbout reports whether a record is about one person and nobody else, as [PersonOf] has it.
func IsAbout(e Entity, user ID) bool { return !user.IsZero() && PersonOf(e) == user }

// EachOwn implements [OwnState].
func (p *Pending) EachOwn(t Type, user ID, fn func(Entity) error) error {
	err := EachOwn(p.base, t, user, func(e Entity) error {
		if _, touched := p.find(e.Key()); touched {
			return nil
		}
		return fn(e)
	})
	for _, i := range p.own[Key{t, user}] {
		if err != nil {
			return err
		}
		if e := p.ops[i].After; e != nil && IsAbout(e, user) {
			err = fn(e)
		}
	}
	return err
}

// noteOwn notes whom the record is about that the i-th op leaves behind.
func (p *Pending) noteOwn(i int) {
	e := p.ops[i].After
	if e == nil {
		return
	}
	about := Key{p.keys[i].Type, PersonOf(e)}
	byID := about.Type == TypeUser || about.Type == TypeDeletedUser
	if byID || about.ID.IsZero() || slices.Contains(p.own[about], i) {
		return
	}
	if p.own == nil {
		p.own = map[Key][]int{}
	}
	p.own[about] = append(p.own[about], i)
}
