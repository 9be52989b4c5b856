package roster

import "slices"

// join makes a user a member of a group or a space.
func (d *decider) join(c Join) error {
	before, number, err := d.membership(c.Type, c.Ref, c.User)
	if err != nil {
		return err
	}
	if err := expectMember(c.IfMatch, before, c.Type, number); err != nil {
		return err
	}
	after := clone(before).(*User)
	if c.Type == TypeGroup {
		after.Groups = append(after.Groups, number)
	} else {
		after.Spaces = slices.DeleteFunc(after.Spaces, func(s SpaceAccess) bool { return s.Number == number })
		if err := accessRole(c.Role); err != nil {
			return err
		}
		after.Spaces = append(after.Spaces, SpaceAccess{Number: number, Role: c.Role})
	}
	return d.replace(before, after, stamps{updated: d.Now, by: d.By.Author()})
}

// accessRole fails with Invalid for what is no role in a space.
func accessRole(role string) error {
	v := &validator{}
	v.required("role", role)
	v.oneOf("role", role, AccessRoles()...)
	return faultsError(v.faults)
}

// leave ends a membership.
func (d *decider) leave(c Leave) error {
	before, number, err := d.membership(c.Type, c.Ref, c.User)
	if err != nil {
		return err
	}
	if _, is := MemberOf(before, c.Type, number); !is {
		return Errorf(NotFound, "user %d is no member of %s %d", before.Number, c.Type, number)
	}
	if err := expectMember(c.IfMatch, before, c.Type, number); err != nil {
		return err
	}
	after := clone(before).(*User)
	if c.Type == TypeGroup {
		after.Groups = slices.DeleteFunc(after.Groups, func(n int64) bool { return n == number })
	} else {
		leaveSpace(after, number)
	}
	return d.replace(before, after, stamps{updated: d.Now, by: d.By.Author()})
}

// Access returns the user's role in a space, and whether the user is a member of it.
func (u *User) Access(space int64) (role string, member bool) {
	for _, s := range u.Spaces {
		if s.Number == space {
			return s.Role, true
		}
	}
	return "", false
}

// membership returns a user and the number of the group or space that the user is to join or leave.
func (d *decider) membership(t Type, of, user Ref) (*User, int64, error) {
	if err := d.allow(TypeUser); err != nil {
		return nil, 0, err
	}
	if t != TypeGroup && t != TypeSpace {
		return nil, 0, FieldErrorf("type", "%s has no members", t)
	}
	e, err := d.find(t, of)
	if err != nil {
		return nil, 0, err
	}
	u, err := d.find(TypeUser, user)
	if err != nil {
		return nil, 0, err
	}
	return u.(*User), e.Keys().Number, nil
}

// suspend makes a user's status suspended.
func (d *decider) suspend(c Suspend) error {
	return d.status(c.Ref, c.IfMatch, func(u *User) error {
		if u.Status == Deactivated {
			return conflict(nil, "status", "user %d is deactivated", u.Number)
		}
		u.Status = Suspended
		return nil
	})
}

// restore takes a suspension back.
func (d *decider) restore(c Restore) error {
	return d.status(c.Ref, c.IfMatch, func(u *User) error {
		switch {
		case u.Status == Deactivated:
			return conflict(nil, "status", "user %d is deactivated, not suspended", u.Number)
		case u.Status == Suspended && u.InvitedAt != 0 && !u.Activated:
			u.Status = Invited
		case u.Status == Suspended:
			u.Status = Active
		}
		return nil
	})
}

// status has a function change a copy of a user.
func (d *decider) status(ref Ref, ifMatch []string, change func(*User) error) error {
	if err := d.allow(TypeUser); err != nil {
		return err
	}
	before, err := d.find(TypeUser, ref)
	if err != nil {
		return err
	}
	if err := d.expect(before, ifMatch); err != nil {
		return err
	}
	after := clone(before).(*User)
	if err := change(after); err != nil {
		return err
	}
	return d.replace(before, after, stamps{updated: d.Now, by: d.By.Author()})
}
