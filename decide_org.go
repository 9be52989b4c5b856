package roster

// Purge removes an organization that was deleted, with all that it has, its history and its audit among it, for good.
// It is a Conflict before the organization's PurgeAt.
type Purge struct{}

func (Purge) command() {}

// there fails with NotFound where the organization was deleted, but for the commands that restore or remove it.
func (d *decider) there(cmd Command) error {
	e, err := d.Get(TypeOrganization, d.Org)
	o, ok := e.(*Organization)
	if err != nil || !ok || !o.IsDeleted() {
		return err
	}
	switch c := cmd.(type) {
	case Purge:
		return nil
	case Undelete:
		if c.Type == TypeOrganization {
			return nil
		}
	}
	return noOrganization()
}

func noOrganization() error { return Errorf(NotFound, "there is no such organization") }

// deleteOrganization marks the organization as deleted. All that it has stays as it is.
func (d *decider) deleteOrganization(c Delete) error {
	if err := d.overAll("delete"); err != nil {
		return err
	}
	o, err := d.organization()
	if err != nil {
		return err
	}
	if err := d.expect(o, c.IfMatch); err != nil {
		return err
	}
	after, about := *o, d.deletion()
	after.DeletedAt, after.PurgeAt, after.DeletedBy = about.DeletedAt, about.PurgeAt, about.DeletedBy
	d.Add(Op{Before: o, After: &after})
	return nil
}

// undeleteOrganization takes the mark off the organization. Once its time is over that is too late, even where it was
// not removed yet: the instance may have noted already that it was.
func (d *decider) undeleteOrganization(c Undelete) error {
	if err := d.overAll("restore"); err != nil {
		return err
	}
	o, err := d.organization()
	if err != nil {
		return err
	}
	if !o.IsDeleted() || d.Now >= o.PurgeAt {
		return noOrganization()
	}
	if err := d.expect(o, c.IfMatch); err != nil {
		return err
	}
	after := *o
	after.DeletedAt, after.PurgeAt, after.DeletedBy = 0, 0, ID{}
	stamp(&after, stamps{updated: d.Now})
	d.Add(Op{Before: o, After: &after})
	return nil
}

// purge removes the organization.
func (d *decider) purge() error {
	if err := d.allow(TypeOrganization); err != nil {
		return err
	}
	if err := d.overAll("remove"); err != nil {
		return err
	}
	o, err := d.organization()
	if err != nil {
		return err
	}
	if !o.IsDeleted() || d.Now < o.PurgeAt {
		return conflict(nil, "purge_at", "is still to come, or the organization was not deleted")
	}
	d.Add(Op{Before: o})
	return nil
}

// overAll fails with Forbidden for a principal of one organization.
func (d *decider) overAll(verb string) error {
	if d.By.Org.IsZero() || d.By.Instance != nil {
		return nil
	}
	return Errorf(Forbidden, "only an instance-wide token can %s organizations", verb)
}
