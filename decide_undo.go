package roster

import "fmt"

// undo takes an op on a user back.
func (d *decider) undo(c Undo) error {
	if err := d.allow(TypeUser); err != nil {
		return err
	}
	was, ok := c.Op.Before.(*User)
	if c.Op.IsErased() {
		return Errorf(NotFound, "user %s was erased since", c.Op.Key().ID)
	}
	if !ok {
		return fmt.Errorf("undo the %s of %s", c.Op.Verb(), c.Op.Key())
	}
	e, err := d.Get(TypeUser, was.ID)
	if err != nil {
		return err
	}
	left, updated := c.Op.After.(*User)
	switch {
	case !updated && e != nil:
		return conflict(nil, "id", "user %d exists again", was.Number)
	case !updated:
		return d.bringBack(was)
	case e == nil:
		return Errorf(NotFound, "user %d was deleted since", was.Number)
	}
	is := e.(*User)
	if !sameButActivity(is, left) {
		return conflict(nil, "", "user %d was changed since", was.Number)
	}
	after := clone(was).(*User)
	keepActivity(is, after)
	keepOurs(is, after)
	return d.replace(is, after, stamps{updated: d.Now, by: d.By.Author()})
}

// bringBack restores a user who was deleted, unless it is another deletion by now.
func (d *decider) bringBack(was *User) error {
	e, err := d.Get(TypeDeletedUser, was.ID)
	if err != nil {
		return err
	}
	deleted, ok := e.(*DeletedUser)
	switch {
	case !ok:
		return Errorf(NotFound, "user %d was deleted for good since", was.Number)
	case !sameUser(deleted.User, was):
		return conflict(nil, "", "user %d was changed since", was.Number)
	}
	return d.undelete(Undelete{Type: TypeUser, Ref: Ref{ID: was.ID}})
}

// keepActivity gives a user what another state of it did.
func keepActivity(from, to *User) {
	to.LastLoginAt, to.LastActionAt, to.LastSessionAt = from.LastLoginAt, from.LastActionAt, from.LastSessionAt
	to.LastRequestAt, to.LastRequestMethod = from.LastRequestAt, from.LastRequestMethod
	to.NotificationsCheckedAt, to.MinutesOfActivity = from.NotificationsCheckedAt, from.MinutesOfActivity
}
