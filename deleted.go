package roster

import (
	"slices"
	"time"
)

// DeletedUser is a user who was deleted and can be restored until PurgeAt. It is a record of a type of its own, so that
// no query about users can meet one. It has the id and the number of the user, which nobody else can have meanwhile;
// the e-mail and the identifier are free for others.
type DeletedUser struct {
	ID ID `json:"id"`
	// User is the user as of the deletion.
	User      *User `json:"user"`
	DeletedAt Time  `json:"deleted_at"`
	// PurgeAt is the first instant at which the record may be removed.
	PurgeAt Time `json:"purge_at"`
	// DeletedBy is the user or the token that deleted the user, or none when the operator did.
	DeletedBy ID `json:"deleted_by,omitzero"`
}

// KeptFor is how long a deleted user is kept unless [Env] says otherwise.
const KeptFor = Time(30 * 24 * time.Hour / time.Millisecond)

// Key implements [Entity].
func (u *DeletedUser) Key() Key { return Key{TypeDeletedUser, u.ID} }

// Keys implements [Entity]: the number, by which the records are in order as users are.
func (u *DeletedUser) Keys() Keys {
	if u.User == nil {
		return Keys{}
	}
	return Keys{Number: u.User.Number}
}

// Named reports whether a reference is one to the deleted user: its e-mail and identifier may be those of several.
func (u *DeletedUser) Named(ref Ref) bool {
	switch {
	case ref.Number != 0:
		return u.User.Number == ref.Number
	case ref.Email != "":
		return Fold(u.User.Email) == Fold(ref.Email)
	case ref.Identifier != "":
		return Fold(u.User.Identifier) == Fold(ref.Identifier)
	default:
		return !ref.ID.IsZero() && u.ID == ref.ID
	}
}

// Undelete restores a deleted user: the same record, with the same id, number, e-mail and identifier, and with the role
// and those of its groups and spaces that are still there. Tokens that were revoked and invitations that were removed
// with it do not come back. An e-mail or an identifier that somebody has by now is a Conflict which names who. Where
// several deleted users have the e-mail or the identifier of Ref, it is a Conflict as well.
type Undelete struct {
	Ref Ref
	// IfMatch has the entity tags of which the deleted user's record must have one, as in [Update].
	IfMatch []string
}

// Erase removes a user, or one who was deleted, for good, with the invitations of the user and the tokens that act as
// the user. Who stores the change erases the documents of all these records from the history, and whatever names the
// user from the audit: see [Erasure]. The owner can't be erased.
type Erase struct {
	Ref Ref
	// IfMatch has the entity tags of which the record must have one, as in [Update].
	IfMatch []string
}

func (Undelete) command() {}
func (Erase) command()    {}

// deleteUser keeps a user who is about to be removed.
func (d *decider) deleteUser(u *User) error {
	if err := d.removeUser(u); err != nil {
		return err
	}
	kept := d.KeepDeleted
	if kept == 0 {
		kept = KeptFor
	}
	user := clone(u).(*User)
	d.Add(Op{After: &DeletedUser{
		ID: u.ID, User: user, DeletedAt: d.Now, PurgeAt: d.Now + kept, DeletedBy: d.By.Author(),
	}})
	return nil
}

// findDeleted returns the deleted user that ref names, or fails with NotFound.
func (d *decider) findDeleted(ref Ref) (*DeletedUser, error) {
	if ref.Email == "" && ref.Identifier == "" {
		e, err := d.lookUp(TypeDeletedUser, ref)
		if err != nil {
			return nil, err
		}
		if u, ok := e.(*DeletedUser); ok {
			return u, nil
		}
		return nil, Errorf(NotFound, "there is no deleted user %s", ref)
	}
	var all []*DeletedUser
	err := d.Each(TypeDeletedUser, func(e Entity) error {
		if u, ok := e.(*DeletedUser); ok && u.Named(ref) {
			all = append(all, u)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, Errorf(NotFound, "there is no deleted user %s", ref)
	case len(all) > 1:
		return nil, conflict(nil, "", "%s names %d deleted users, such as %s and %s: give an id", ref, len(all),
			all[0].ID, all[1].ID)
	}
	return all[0], nil
}

// undelete brings a deleted user back.
func (d *decider) undelete(c Undelete) error {
	if err := d.allow(TypeUser); err != nil {
		return err
	}
	deleted, err := d.findDeleted(c.Ref)
	if err != nil {
		return err
	}
	if err := d.expect(deleted, c.IfMatch); err != nil {
		return err
	}
	user := clone(deleted.User).(*User)
	if err := d.dropMissing(user); err != nil {
		return err
	}
	d.Add(Op{Before: deleted}) // first, for its id and number are the user's
	if err := d.settle(nil, user); err != nil {
		return err
	}
	if err := d.freeFor(user); err != nil {
		return err
	}
	stamp(user, stamps{updated: d.Now, by: d.By.Author()})
	d.Add(Op{After: user})
	return nil
}

// dropMissing takes the role, groups and spaces from a user that are not there any more.
func (d *decider) dropMissing(u *User) (err error) {
	missing := func(t Type, k Keys) bool {
		e, failed := d.Find(t, k)
		if failed != nil {
			err = failed
		}
		return e == nil
	}
	u.Groups = slices.DeleteFunc(u.Groups, func(n int64) bool { return missing(TypeGroup, Keys{Number: n}) })
	u.Spaces = slices.DeleteFunc(u.Spaces, func(s SpaceAccess) bool {
		return missing(TypeSpace, Keys{Number: s.Number})
	})
	if u.Role != "" && missing(TypeRole, Keys{Identifier: u.Role}) {
		u.Role = ""
	}
	if u.DefaultSpace != 0 && missing(TypeSpace, Keys{Number: u.DefaultSpace}) {
		u.DefaultSpace = 0
	}
	return err
}

// freeFor fails with Conflict where another user has a key of one that is to come back, and says who.
func (d *decider) freeFor(u *User) error {
	if taken, err := d.Get(TypeUser, u.ID); err != nil || taken != nil {
		return conflict(err, "id", "is the id of another user")
	}
	for _, k := range single(u.Keys()) {
		e, err := d.Find(TypeUser, k)
		if err != nil {
			return err
		}
		if other, ok := e.(*User); ok {
			fault := Detail{
				Field: keyField(TypeUser, k), Code: Taken, Message: "is taken by user " + other.ID.String() + " by now",
			}
			return &Error{Code: Conflict, Field: fault.Field, Message: fault.Message, Details: []Detail{fault}}
		}
	}
	return nil
}

// reserved fails with Conflict where a new user is to have the id or the number of a deleted one. A number that nobody
// has had yet needs no look.
func (d *decider) reserved(u *User) error {
	if !u.ID.IsZero() {
		if e, err := d.Get(TypeDeletedUser, u.ID); err != nil || e != nil {
			return conflict(err, "id", "is the id of a deleted user, who can be restored")
		}
	}
	if u.Number == 0 {
		return nil
	}
	org, err := d.organization()
	if err != nil || u.Number >= org.Next.User {
		return err
	}
	if e, err := d.Find(TypeDeletedUser, Keys{Number: u.Number}); err != nil || e != nil {
		return conflict(err, "number", "is the number of a deleted user, who can be restored")
	}
	return nil
}

// erase removes a user, deleted or not, and what is about the user alone.
func (d *decider) erase(c Erase) error {
	if !d.By.Permissions.Has(UsersErase) {
		return Errorf(Forbidden, "this needs the permission %s", UsersErase)
	}
	person, err := d.person(c.Ref)
	if err != nil {
		return err
	}
	if err := d.expect(person, c.IfMatch); err != nil {
		return err
	}
	if u, ok := person.(*User); ok && u.Owner {
		return conflict(nil, "owner", "the owner can't be erased; make another user the owner first")
	}
	d.Add(Op{Before: person})
	return d.removeOwn(person.Key().ID)
}

// person returns the user that ref names, or else the deleted user.
func (d *decider) person(ref Ref) (Entity, error) {
	e, err := d.lookUp(TypeUser, ref)
	if err != nil || e != nil {
		return e, err
	}
	u, err := d.findDeleted(ref)
	if CodeOf(err) == NotFound {
		return nil, Errorf(NotFound, "there is no user %s, and no deleted one", ref)
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}

// removeOwn removes the invitations of a user and the tokens that act as the user.
func (d *decider) removeOwn(user ID) error {
	var ops []Op
	for _, t := range []Type{TypeToken, TypeInvitation} {
		err := d.EachOwn(t, user, func(e Entity) error {
			ops = append(ops, Op{Before: e})
			return nil
		})
		if err != nil {
			return err
		}
	}
	d.Add(ops...)
	return nil
}
