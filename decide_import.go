package roster

import "slices"

func (d *decider) importRecord(c Import) error {
	t := c.Record.Key().Type
	if err := d.allow(t); err != nil {
		return err
	}
	if slices.Contains([]Type{TypeOrganization, TypeToken, TypeInvitation, TypeWebhook}, t) || t.IsDeleted() {
		return FieldErrorf("type", "%s can't be imported", t)
	}
	existing, err := d.existing(c.Record)
	if err != nil {
		return err
	}
	if existing == nil {
		return d.importNew(clone(c.Record))
	}
	switch c.OnConflict {
	case OnConflictSkip:
		return nil
	case OnConflictUpdate:
		return d.importUpdate(existing, c)
	default:
		return conflict(nil, "", "exists already as %s", existing.Key())
	}
}

// existing returns the record that has any of the keys of an imported one, or nil.
func (d *decider) existing(record Entity) (Entity, error) {
	key := record.Key()
	if !key.ID.IsZero() {
		if e, err := d.Get(key.Type, key.ID); err != nil || e != nil {
			return e, err
		}
	}
	keys := record.Keys()
	keys.Owner = false // a second owner is a conflict, not the same user
	for _, k := range single(keys) {
		if e, err := d.Find(key.Type, k); err != nil || e != nil {
			return e, err
		}
	}
	return nil, nil //nolint:nilnil // as State: nothing found is no error
}

func (d *decider) importNew(record Entity) error {
	if created, updated := times(record); created != nil {
		d.date(created)
		d.date(updated)
	}
	if u, ok := record.(*User); ok {
		d.sign(&u.CreatedBy)
		d.sign(&u.UpdatedBy)
	}
	return d.create(record)
}

// date leaves a new record the time that it came with, or else makes it now: also where that time is still to come, and
// for those who may not say who made the record.
func (d *decider) date(at *Time) {
	if *at == 0 || *at > d.Now || !d.By.Permissions.Has(MetadataRead) {
		*at = d.Now
	}
}

// sign leaves a new user the author that it came with, or else makes it who asks: also for those who may not read
// authors, and would sign as somebody else.
func (d *decider) sign(author *ID) {
	if author.IsZero() || !d.By.Permissions.Has(MetadataRead) {
		*author = d.By.Author()
	}
}

func (d *decider) importUpdate(existing Entity, c Import) error {
	if sameButStamps(existing, c.Record) {
		return nil // the rule when a file is imported again: nothing to merge
	}
	patch := c.Patch
	if patch == nil {
		var err error
		if patch, err = EncodeEntity(c.Record); err != nil {
			return err
		}
	}
	after, err := MergePatch(existing, patch)
	if err != nil {
		return err
	}
	keepIdentity(existing, after)
	keepOurs(existing, after)
	return d.replace(existing, after, stamps{updated: d.Now, by: d.By.Author()})
}
