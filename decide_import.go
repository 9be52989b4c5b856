package roster

import (
	"cmp"
	"slices"
)

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
	at := stampsOf(record)
	at.created = cmp.Or(at.created, d.Now)
	at.updated = cmp.Or(at.updated, max(at.created, d.Now))
	stamp(record, stamps{created: at.created, updated: at.updated})
	return d.create(record)
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
	at := stamps{updated: d.Now}
	if was, is := stampsOf(existing), stampsOf(after); is.updated != was.updated {
		at.updated = is.updated
	}
	return d.replace(existing, after, at)
}
