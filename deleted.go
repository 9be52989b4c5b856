package roster

import (
	"slices"
	"strings"
	"time"
)

// Deleted is a record that was deleted and can be restored until its PurgeAt: *DeletedUser, *DeletedGroup,
// *DeletedSpace or *DeletedRole. It is a record of a type of its own, so that no query about records that are there can
// meet one. It has the id and the number of the record, which no other can have meanwhile; an e-mail, an identifier and
// a handle are free for others.
type Deleted interface {
	Entity
	// Was returns the record as of the deletion.
	Was() Entity
	// About returns what is known of the deletion.
	About() *Deletion
}

// Deletion says when and by whom a record was deleted.
type Deletion struct {
	DeletedAt Time `json:"deleted_at"`
	// PurgeAt is the first instant at which the record may be removed.
	PurgeAt Time `json:"purge_at"`
	// DeletedBy is the user or the token that deleted the record, or none when the operator did.
	DeletedBy ID `json:"deleted_by,omitzero"`
}

// About implements [Deleted].
func (d *Deletion) About() *Deletion { return d }

// DeletedMember is a user who was a member of a group or a space that was deleted.
type DeletedMember struct {
	User ID `json:"user"`
	// Role is one of [AccessRoles], of one who was a member of a space.
	Role string `json:"role,omitempty"`
	// Default says that the space was the user's default space.
	Default bool `json:"default,omitempty"`
}

// DeletedUser is a user who was deleted.
type DeletedUser struct {
	ID ID `json:"id"`
	// User is the user as of the deletion.
	User *User `json:"user"`
	Deletion
}

// DeletedGroup is a group that was deleted.
type DeletedGroup struct {
	ID    ID     `json:"id"`
	Group *Group `json:"group"`
	// Members are those of the group, who are members again when it is restored.
	Members []DeletedMember `json:"members,omitempty"`
	Deletion
}

// DeletedSpace is a space that was deleted.
type DeletedSpace struct {
	ID    ID     `json:"id"`
	Space *Space `json:"space"`
	// Members are those of the space, who are members again when it is restored.
	Members []DeletedMember `json:"members,omitempty"`
	Deletion
}

// DeletedRole is a role that was deleted. Nobody held it.
type DeletedRole struct {
	ID   ID    `json:"id"`
	Role *Role `json:"role"`
	Deletion
}

// KeptFor is how long a deleted record is kept unless [Env] says otherwise.
const KeptFor = Time(30 * 24 * time.Hour / time.Millisecond)

// DeletedTypes returns the types of deleted records.
func DeletedTypes() []Type {
	return []Type{TypeDeletedUser, TypeDeletedGroup, TypeDeletedSpace, TypeDeletedRole}
}

// Deleted returns the type that a record of the type becomes when it is deleted, "" where it can't be restored.
func (t Type) Deleted() Type {
	switch t {
	case TypeUser:
		return TypeDeletedUser
	case TypeGroup:
		return TypeDeletedGroup
	case TypeSpace:
		return TypeDeletedSpace
	case TypeRole:
		return TypeDeletedRole
	default:
		return ""
	}
}

// IsDeleted reports whether the type is one of deleted records.
func (t Type) IsDeleted() bool { return slices.Contains(DeletedTypes(), t) }

// MembersOf returns the members of a group or a space that was deleted, none of another record.
func MembersOf(e Deleted) []DeletedMember {
	switch e := e.(type) {
	case *DeletedGroup:
		return e.Members
	case *DeletedSpace:
		return e.Members
	default:
		return nil
	}
}

// newDeleted returns what a record becomes that is deleted.
func newDeleted(e Entity, members []DeletedMember, about Deletion) Deleted {
	switch e := e.(type) {
	case *User:
		return &DeletedUser{e.ID, e, about}
	case *Group:
		return &DeletedGroup{e.ID, e, members, about}
	case *Space:
		return &DeletedSpace{e.ID, e, members, about}
	case *Role:
		return &DeletedRole{e.ID, e, about}
	default:
		return nil
	}
}

// Was implements [Deleted].
func (u *DeletedUser) Was() Entity { return u.User }

// Was implements [Deleted].
func (g *DeletedGroup) Was() Entity { return g.Group }

// Was implements [Deleted].
func (s *DeletedSpace) Was() Entity { return s.Space }

// Was implements [Deleted].
func (r *DeletedRole) Was() Entity { return r.Role }

// Key implements [Entity].
func (u *DeletedUser) Key() Key { return Key{TypeDeletedUser, u.ID} }

// Key implements [Entity].
func (g *DeletedGroup) Key() Key { return Key{TypeDeletedGroup, g.ID} }

// Key implements [Entity].
func (s *DeletedSpace) Key() Key { return Key{TypeDeletedSpace, s.ID} }

// Key implements [Entity].
func (r *DeletedRole) Key() Key { return Key{TypeDeletedRole, r.ID} }

// Keys implements [Entity]: the number, by which the records are in order as users are.
func (u *DeletedUser) Keys() Keys {
	if u.User == nil {
		return Keys{}
	}
	return Keys{Number: u.User.Number}
}

// Keys implements [Entity]: the number.
func (g *DeletedGroup) Keys() Keys {
	if g.Group == nil {
		return Keys{}
	}
	return Keys{Number: g.Group.Number}
}

// Keys implements [Entity]: the number.
func (s *DeletedSpace) Keys() Keys {
	if s.Space == nil {
		return Keys{}
	}
	return Keys{Number: s.Space.Number}
}

// Keys implements [Entity]: the number.
func (r *DeletedRole) Keys() Keys {
	if r.Role == nil {
		return Keys{}
	}
	return Keys{Number: r.Role.Number}
}

// names reports whether a reference is one to a deleted record: its e-mail and identifier may be those of several.
func names(ref Ref, e Deleted) bool {
	keys := e.Was().Keys()
	switch {
	case ref.Number != 0:
		return keys.Number == ref.Number
	case ref.Email != "":
		return keys.Email == Fold(ref.Email)
	case ref.Identifier != "":
		return keys.Identifier == Fold(ref.Identifier)
	default:
		return !ref.ID.IsZero() && e.Key().ID == ref.ID
	}
}

// Undelete restores a deleted user, group, space or role: the same record, with the same id, number and keys. A user
// comes back with the role and those of its groups and spaces that are still there; to a group or a space those of its
// members come back who are still there. Tokens that were revoked and invitations that were removed with a user do not
// come back. An e-mail, an identifier or a handle that another record has by now is a Conflict which names that. Where
// several deleted records have the e-mail, identifier or handle of Ref, it is a Conflict as well.
// An organization is restored with all that it has, its tokens among it, by the operator and by instance-wide tokens
// alone; Ref does not count.
type Undelete struct {
	Type Type
	Ref  Ref
	// IfMatch has the entity tags of which the deleted record must have one, as in [Update].
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

// keep keeps a record that is about to be removed, with the members that it had.
func (d *decider) keep(e Entity, members []DeletedMember) {
	d.Add(Op{After: newDeleted(clone(e), members, d.deletion())})
}

// deletion says when and by whom what is deleted now was deleted.
func (d *decider) deletion() Deletion {
	kept := d.KeepDeleted
	if kept == 0 {
		kept = KeptFor
	}
	return Deletion{DeletedAt: d.Now, PurgeAt: d.Now + kept, DeletedBy: d.By.Author()}
}

// findDeleted returns the deleted record of a type that ref names, or fails with NotFound.
func (d *decider) findDeleted(t Type, ref Ref) (Deleted, error) {
	kind := t.Words()
	if ref.Email == "" && ref.Identifier == "" {
		e, err := d.lookUp(t, ref)
		if err != nil {
			return nil, err
		}
		if deleted, ok := e.(Deleted); ok {
			return deleted, nil
		}
		return nil, Errorf(NotFound, "there is no %s %s", kind, ref)
	}
	var all []Deleted
	err := d.Each(t, func(e Entity) error {
		if deleted, ok := e.(Deleted); ok && names(ref, deleted) {
			all = append(all, deleted)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, Errorf(NotFound, "there is no %s %s", kind, ref)
	case len(all) > 1:
		return nil, conflict(nil, "", "%s names %d %ss, such as %s and %s: give an id", ref, len(all), kind,
			all[0].Key().ID, all[1].Key().ID)
	}
	return all[0], nil
}

// Words returns the type as people say it, such as "deleted user".
func (t Type) Words() string { return strings.ReplaceAll(string(t), "_", " ") }

// undelete brings a deleted record back.
func (d *decider) undelete(c Undelete) error {
	if err := d.allow(c.Type); err != nil {
		return err
	}
	if c.Type == TypeOrganization {
		return d.undeleteOrganization(c)
	}
	from := c.Type.Deleted()
	if from == "" {
		return FieldErrorf("type", "a deleted %s can't be restored", c.Type)
	}
	deleted, err := d.findDeleted(from, c.Ref)
	if err != nil {
		return err
	}
	if err := d.expect(deleted, c.IfMatch); err != nil {
		return err
	}
	record := clone(deleted.Was())
	if u, ok := record.(*User); ok {
		if err := d.dropMissing(u); err != nil {
			return err
		}
	}
	d.Add(Op{Before: deleted}) // first, for its id and number are the record's
	if err := d.settle(nil, record); err != nil {
		return err
	}
	if err := d.freeFor(record); err != nil {
		return err
	}
	stamp(record, stamps{updated: d.Now, by: d.By.Author()})
	d.Add(Op{After: record})
	return d.rejoin(record, MembersOf(deleted))
}

// rejoin makes those members of a group or a space again who are still there.
func (d *decider) rejoin(to Entity, members []DeletedMember) error {
	number := to.Keys().Number
	for _, m := range members {
		e, err := d.Get(TypeUser, m.User)
		if err != nil {
			return err
		}
		if e == nil {
			continue
		}
		after := clone(e).(*User)
		if to.Key().Type == TypeGroup {
			after.Groups = append(after.Groups, number)
		} else {
			m.giveBack(after, number)
		}
		stamp(after, stamps{updated: d.Now, by: d.By.Author()})
		d.Add(Op{Before: e, After: after})
	}
	return nil
}

// giveBack gives a user the access to a space again, and makes it the default one where there is none.
func (m DeletedMember) giveBack(u *User, space int64) {
	if m.Role != "" {
		u.Spaces = append(u.Spaces, SpaceAccess{Number: space, Role: m.Role})
	}
	if m.Default && u.DefaultSpace == 0 {
		u.DefaultSpace = space
	}
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

// freeFor fails with Conflict where another record has a key of one that is to come back, and says which.
func (d *decider) freeFor(e Entity) error {
	key := e.Key()
	if taken, err := d.Get(key.Type, key.ID); err != nil || taken != nil {
		return conflict(err, "id", "is the id of another %s", key.Type)
	}
	for _, k := range single(e.Keys()) {
		other, err := d.Find(key.Type, k)
		if err != nil {
			return err
		}
		if other != nil {
			fault := Detail{
				Field: keyField(key.Type, k), Code: Taken,
				Message: "is taken by " + other.Key().String() + " by now",
			}
			return &Error{Code: Conflict, Field: fault.Field, Message: fault.Message, Details: []Detail{fault}}
		}
	}
	return nil
}

// reserved fails with Conflict where a new record is to have the id or the number of a deleted one. A number that
// none has had yet needs no look.
func (d *decider) reserved(record Entity) error {
	key, number := record.Key(), record.Keys().Number
	t := key.Type.Deleted()
	if t == "" {
		return nil
	}
	if !key.ID.IsZero() {
		if e, err := d.Get(t, key.ID); err != nil || e != nil {
			return conflict(err, "id", "is the id of a %s, which can be restored", t.Words())
		}
	}
	if number == 0 {
		return nil
	}
	org, err := d.organization()
	if err != nil || number >= org.Next.Next(key.Type) {
		return err
	}
	if e, err := d.Find(t, Keys{Number: number}); err != nil || e != nil {
		return conflict(err, "number", "is the number of a %s, which can be restored", t.Words())
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
	u, err := d.findDeleted(TypeDeletedUser, ref)
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
