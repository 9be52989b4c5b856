package roster

import (
	"slices"
	"time"
)

// createOrganization makes the organization itself and its built-in roles, of which the instance itself has none.
func (d *decider) createOrganization(o *Organization) error {
	if err := d.overAll("make"); err != nil {
		return err
	}
	if d.Version() != 0 {
		return conflict(nil, "id", "the organization exists already")
	}
	o.ID, o.Version, o.Next, o.Deleted = d.Org, 0, Numbers{}, nil
	if err := Validate(o); err != nil {
		return err
	}
	d.Add(Op{After: o})
	if o.IsInstance() {
		return nil
	}
	for _, role := range []Role{
		{Handle: RoleAdmin, Name: "Admin"},
		{Handle: RoleSupport, Name: "Support Specialist"},
		{Handle: RoleReadOnly, Name: "Read Only"},
	} {
		stamp(&role, stamps{created: d.Now, updated: d.Now, by: d.By.Author()})
		if err := d.make(&role); err != nil {
			return err
		}
	}
	return nil
}

// settleToken checks that a token gives nothing that its maker does not have, and that the user it acts as exists.
func (d *decider) settleToken(isNew bool, t *Token) error {
	if isNew && t.Hash == "" {
		return FieldErrorf("secret", "is required")
	}
	if isNew && t.ExpiresAt != 0 && t.ExpiresAt <= d.Now {
		return FieldErrorf("expires_at", "must be in the future")
	}
	if err := d.noMore(t); err != nil {
		return err
	}
	if t.ActsAs.IsZero() {
		return nil
	}
	if t.ActsAs != d.By.ActsAs && !d.By.Permissions.Has(Everything) {
		return Errorf(Forbidden, "only the permission %s can make a token that acts as somebody else", Everything)
	}
	if e, err := d.Get(TypeUser, t.ActsAs); err != nil || e == nil {
		return missing(err, "acts_as", "there is no user %s", t.ActsAs)
	}
	return nil
}

// noMore fails with Forbidden where a token would have more than who makes or changes it.
func (d *decider) noMore(t *Token) error {
	for _, p := range t.Permissions {
		if !d.By.Permissions.Has(p) {
			return Errorf(Forbidden, "a token can't be given the permission %s by one that lacks it", p)
		}
	}
	maker, err := d.maker()
	if err != nil || maker == nil {
		return err // the operator and those who sign their requests have no token's limits
	}
	switch {
	case maker.Kind != TokenAccount && t.Kind != maker.Kind:
		return Errorf(Forbidden, "a token of kind %s can only make its like", maker.Kind)
	case maker.ExpiresAt != 0 && (t.ExpiresAt == 0 || t.ExpiresAt > maker.ExpiresAt):
		return Errorf(Forbidden, "a token can't outlive the one that makes it, which expires at %s", maker.ExpiresAt)
	case !within(t.Dialects, maker.Dialects, func(a, b string) bool { return a == b }):
		return Errorf(Forbidden, "a token can only be for the dialects of the one that makes it")
	case !within(t.AllowedIPs, maker.AllowedIPs, covers):
		return Errorf(Forbidden, "a token can only be used from the addresses of the one that makes it")
	}
	return nil
}

// maker returns the token of who asks, nil for those who have none.
func (d *decider) maker() (*Token, error) {
	if d.By.Instance != nil {
		return d.By.Instance, nil
	}
	e, err := d.Get(TypeToken, d.By.Token)
	t, _ := e.(*Token)
	return t, err
}

// within reports whether a list of limits allows no more than another: an empty one allows everything.
func within(list, limits []string, covered func(limit, s string) bool) bool {
	if len(limits) == 0 {
		return true
	}
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool {
		return !slices.ContainsFunc(limits, func(limit string) bool { return covered(limit, s) })
	})
}

// covers reports whether every address of one prefix is in another. Both are valid.
func covers(limit, s string) bool {
	outer, errOuter := ParsePrefix(limit)
	inner, errInner := ParsePrefix(s)
	return errOuter == nil && errInner == nil && outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

func (d *decider) revoke(c Revoke) error {
	if err := d.allow(TypeToken); err != nil {
		return err
	}
	e, err := d.find(TypeToken, Ref{ID: c.Token})
	if err != nil {
		return err
	}
	if err := d.expect(e, c.IfMatch); err != nil {
		return err
	}
	before := e.(*Token)
	if before.RevokedAt != 0 {
		return nil
	}
	after := *before
	after.RevokedAt = d.Now
	d.Add(Op{Before: before, After: &after})
	return nil
}

// inviteTime is how long an invitation is open unless it says so itself.
const inviteTime = Time(7 * 24 * time.Hour / time.Millisecond)

func (d *decider) invite(c Invite) error {
	if err := d.allow(TypeInvitation); err != nil {
		return err
	}
	if c.Hash == "" {
		return FieldErrorf("secret", "is required")
	}
	if err := d.again(&c); err != nil {
		return err
	}
	if err := d.openFor(&c.ExpiresAt); err != nil {
		return err
	}
	user, err := d.invitee(c.User)
	if err != nil {
		return err
	}
	if err := d.withdraw(user); err != nil {
		return err
	}
	return d.create(&Invitation{User: user, CreatedAt: d.Now, ExpiresAt: c.ExpiresAt, Hash: c.Hash})
}

// again has an invitation be of the user of the one that it is made in the place of.
func (d *decider) again(c *Invite) error {
	if c.Again.IsZero() {
		return nil
	}
	e, err := d.find(TypeInvitation, Ref{ID: c.Again})
	if err != nil {
		return err
	}
	c.User = &User{ID: e.(*Invitation).User}
	return d.expect(e, c.IfMatch)
}

// openFor gives an invitation the end that it has unless it has one, which must be to come.
func (d *decider) openFor(end *Time) error {
	if *end == 0 {
		*end = d.Now + inviteTime
	}
	if *end <= d.Now {
		return FieldErrorf("expires_at", "must be in the future")
	}
	return nil
}

// settleInvitation checks a change of an invitation: of when it ends, as long as it is not accepted.
func (d *decider) settleInvitation(before Entity, i *Invitation) error {
	was, ok := before.(*Invitation)
	if !ok || *was == *i {
		return nil
	}
	if was.AcceptedAt != 0 {
		return conflict(nil, "", "the invitation was accepted at %s: there is nothing to change any more",
			was.AcceptedAt)
	}
	return d.openFor(&i.ExpiresAt)
}

// invitee makes the user to invite, or brings the one that exists up to date, and returns the id.
func (d *decider) invitee(u *User) (ID, error) {
	if u.Name == "" && u.Email == "" && !u.ID.IsZero() {
		return d.inviteAgain(u.ID)
	}
	made := clone(u).(*User)
	made.Status, made.Activated, made.InvitedAt = Invited, false, d.Now
	stamp(made, stamps{created: d.Now, updated: d.Now, by: d.By.Author()})
	if err := d.create(made); err != nil {
		return ID{}, err
	}
	return made.ID, nil
}

func (d *decider) inviteAgain(id ID) (ID, error) {
	e, err := d.find(TypeUser, Ref{ID: id})
	if err != nil {
		return ID{}, err
	}
	before := e.(*User)
	if before.Status != Invited {
		return ID{}, conflict(nil, "status", "user %d is %s, not invited", before.Number, before.Status)
	}
	after := *before
	after.InvitedAt = d.Now
	stamp(&after, stamps{updated: d.Now, by: d.By.Author()})
	d.Add(Op{Before: before, After: &after})
	return id, nil
}

// withdraw removes the invitations of a user.
func (d *decider) withdraw(user ID) error {
	var ops []Op
	err := d.EachOwn(TypeInvitation, user, func(e Entity) error {
		ops = append(ops, Op{Before: e})
		return nil
	})
	d.Add(ops...)
	return err
}

// accept needs no permission: whoever has the secret was invited.
func (d *decider) accept(hash string) error {
	e, err := d.Find(TypeInvitation, Keys{Identifier: hash})
	if err != nil {
		return err
	}
	invitation, ok := e.(*Invitation)
	if !ok || invitation.AcceptedAt != 0 || invitation.ExpiresAt <= d.Now {
		return Errorf(NotFound, "there is no such open invitation")
	}
	e, err = d.find(TypeUser, Ref{ID: invitation.User})
	if err != nil {
		return err
	}
	before := e.(*User)
	after := *before
	if after.Status == Invited {
		after.Status = Active
	}
	after.Activated, after.UpdatedAt = true, d.Now
	accepted := *invitation
	accepted.AcceptedAt = d.Now
	d.Add(Op{Before: before, After: &after}, Op{Before: invitation, After: &accepted})
	return nil
}

// BuiltIn returns the handle of the built-in role that r is or counts as.
func (r *Role) BuiltIn() string {
	if r.CountsAs != "" {
		return r.CountsAs
	}
	return r.Handle
}
