package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// settleUser gives a user its defaults, validates it and checks what it refers to.
func (d *decider) settleUser(u *User) error {
	u.Permissions = 0
	if u.Name == "" {
		u.Name = strings.TrimSpace(u.FirstName + " " + u.LastName)
	}
	if err := d.identifier(u); err != nil {
		return err
	}
	if err := Validate(u); err != nil {
		return err
	}
	if u.Owner && u.Status == Deactivated {
		return conflict(nil, "status", "the owner can't be deactivated")
	}
	if err := d.references(u); err != nil {
		return err
	}
	return d.userType(u)
}

// identifier gives a user without one the local part of the e-mail, or else of the name, made unique by the number.
func (d *decider) identifier(u *User) error {
	if u.Identifier != "" {
		return nil
	}
	base, _, _ := strings.Cut(strings.TrimSpace(u.Email), "@")
	if base == "" {
		base = strings.Join(Words(FoldSearch(u.Name)), ".")
	}
	if base == "" {
		base = "user"
	}
	for _, candidate := range []string{base, base + "-" + strconv.FormatInt(u.Number, 10), u.ID.String()} {
		taken, err := d.Find(TypeUser, Keys{Identifier: Fold(candidate)})
		if err != nil {
			return err
		}
		if taken == nil || taken.Key() == u.Key() {
			u.Identifier = candidate
			return nil
		}
	}
	return conflict(nil, "identifier", "can't be made unique; give one")
}

func (d *decider) references(u *User) error {
	if u.Role != "" {
		if e, err := d.Find(TypeRole, Keys{Identifier: u.Role}); err != nil || e == nil {
			return missing(err, "role", "there is no role %s", quote(u.Role))
		}
	}
	for i, n := range u.Groups {
		if e, err := d.Find(TypeGroup, Keys{Number: n}); err != nil || e == nil || n == 0 {
			return missing(err, fmt.Sprintf("groups[%d]", i), "there is no group %d", n)
		}
	}
	for i, s := range u.Spaces {
		if e, err := d.Find(TypeSpace, Keys{Number: s.Number}); err != nil || e == nil || s.Number == 0 {
			return missing(err, fmt.Sprintf("spaces[%d].number", i), "there is no space %d", s.Number)
		}
	}
	if u.DefaultSpace != 0 {
		if e, err := d.Find(TypeSpace, Keys{Number: u.DefaultSpace}); err != nil || e == nil {
			return missing(err, "default_space", "there is no space %d", u.DefaultSpace)
		}
	}
	return nil
}

func missing(err error, field, format string, args ...any) error {
	if err != nil {
		return err
	}
	return FieldErrorf(field, format, args...)
}

// userType gives a user without a type the one that follows from role, ownership and being external.
func (d *decider) userType(u *User) error {
	if u.UserType != 0 {
		return nil
	}
	admin := u.Owner
	if u.Role != "" {
		e, err := d.Find(TypeRole, Keys{Identifier: u.Role})
		if err != nil {
			return err
		}
		if role, ok := e.(*Role); ok {
			admin = admin || role.BuiltIn() == RoleAdmin
		}
	}
	switch {
	case admin:
		u.UserType = SaasAdmin
	case u.External:
		u.UserType = SaasUserClient
	default:
		u.UserType = SaasUser
	}
	return nil
}

// owner keeps an organization's owner in place: ownership can be passed on, but not dropped.
func (d *decider) owner(before, after Entity) error {
	was, ok := before.(*User)
	if !ok {
		return nil
	}
	is := after.(*User)
	switch {
	case was.Owner && !is.Owner:
		return conflict(nil, "owner", "the owner can't drop ownership; make another user the owner")
	case is.Owner && !was.Owner:
		return d.passOwnership(is)
	}
	return nil
}

func (d *decider) passOwnership(to *User) error {
	e, err := d.Find(TypeUser, Keys{Owner: true})
	if err != nil || e == nil || e.Key() == to.Key() {
		return err
	}
	before := e.(*User)
	if d.By.ActsAs != before.ID && !d.By.Permissions.Has(Everything) {
		return Errorf(Forbidden, "only the owner, or the permission %s, can pass ownership on", Everything)
	}
	after := *before
	after.Owner = false
	stamp(&after, stamps{updated: d.Now, by: d.By.Author()})
	d.Add(Op{Before: before, After: &after})
	return nil
}

func (d *decider) remove(c Delete) error {
	if err := d.allow(c.Type); err != nil {
		return err
	}
	if c.Type == TypeOrganization {
		return d.deleteOrganization(c)
	}
	e, err := d.find(c.Type, c.Ref)
	if err != nil {
		return err
	}
	if err := d.expect(e, c.IfMatch); err != nil {
		return err
	}
	var members []DeletedMember
	switch e := e.(type) {
	case *User:
		err = d.removeUser(e)
	case *Role:
		err = d.removeRole(e)
	case *Group:
		members, err = d.detach(func(u *User) (m DeletedMember, was bool) {
			had := len(u.Groups)
			u.Groups = slices.DeleteFunc(u.Groups, func(n int64) bool { return n == e.Number })
			return m, len(u.Groups) < had
		})
	case *Space:
		members, err = d.detach(func(u *User) (m DeletedMember, was bool) {
			m.Role, _ = u.Access(e.Number)
			m.Default = u.DefaultSpace == e.Number
			return m, leaveSpace(u, e.Number)
		})
	}
	if err != nil {
		return err
	}
	if c.Type.Deleted() != "" {
		d.keep(e, members)
	}
	d.Add(Op{Before: e})
	return nil
}

func leaveSpace(u *User, number int64) bool {
	had := len(u.Spaces)
	u.Spaces = slices.DeleteFunc(u.Spaces, func(s SpaceAccess) bool { return s.Number == number })
	left := len(u.Spaces) < had
	if u.DefaultSpace == number {
		u.DefaultSpace, left = 0, true
	}
	return left
}

// detach changes a copy of every user for whom change reports that there was a membership, and returns these.
func (d *decider) detach(change func(*User) (DeletedMember, bool)) ([]DeletedMember, error) {
	var ops []Op
	var members []DeletedMember
	err := d.Each(TypeUser, func(e Entity) error {
		after := clone(e).(*User)
		if m, was := change(after); was {
			m.User = after.ID
			members = append(members, m)
			stamp(after, stamps{updated: d.Now, by: d.By.Author()})
			ops = append(ops, Op{Before: e, After: after})
		}
		return nil
	})
	d.Add(ops...)
	return members, err
}

func (d *decider) removeUser(u *User) error {
	if u.Owner {
		return conflict(nil, "owner", "the owner can't be deleted; make another user the owner first")
	}
	return d.dropCredentials(u.ID)
}

// dropCredentials revokes the tokens that act as a user and removes the user's invitations.
func (d *decider) dropCredentials(user ID) error {
	var ops []Op
	err := d.EachOwn(TypeToken, user, func(e Entity) error {
		if token, ok := e.(*Token); ok && token.RevokedAt == 0 {
			after := *token
			after.RevokedAt = d.Now
			ops = append(ops, Op{Before: token, After: &after})
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = d.EachOwn(TypeInvitation, user, func(e Entity) error {
		ops = append(ops, Op{Before: e})
		return nil
	})
	d.Add(ops...)
	return err
}

func (d *decider) removeRole(r *Role) error {
	if r.BuiltIn() == r.Handle {
		return conflict(nil, "handle", "the built-in role %s can't be deleted", r.Handle)
	}
	err := d.Each(TypeUser, func(e Entity) error {
		if u, ok := e.(*User); ok && u.Role == r.Handle {
			return conflict(nil, "handle", "the role %s is still held by user %d", r.Handle, u.Number)
		}
		return nil
	})
	return err
}
