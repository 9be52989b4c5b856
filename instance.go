package roster

// InstanceSlug is the slug of the organization that stands for the instance itself. It is no DNS label, so that no
// other organization can have it, and nothing in a path or a flag names it.
const InstanceSlug = "~instance"

// InstanceID returns the id of the organization that stands for the instance itself (a UUID version 8 of our own). It
// is made when it is first needed, is in no list, and has nothing but tokens: the instance-wide ones, which reach every
// organization. So they are versioned, audited and revoked as all others are.
func InstanceID() ID {
	return ID{'r', 'o', 's', 't', 'e', 'r', 0x80, 0, 0x80, 0, 0, 0, 0, 0, 0, 0}
}

// NewInstance returns the organization that stands for the instance itself, to be made.
func NewInstance() *Organization {
	return &Organization{ID: InstanceID(), Slug: InstanceSlug, Name: "Instance"}
}

// IsInstance reports whether an organization stands for the instance itself.
func (o *Organization) IsInstance() bool { return o.ID == InstanceID() }

// DeletedOrganization is what the log of the instance says of an organization that was deleted and is removed for good,
// with its own log.
type DeletedOrganization struct {
	ID      ID      `json:"id"`
	Number  int64   `json:"number"`
	Slug    string  `json:"slug"`
	Name    string  `json:"name"`
	Version Version `json:"version"`
	// At is when it was deleted, and By the user or the token that did, or none when the operator did.
	At Time `json:"at"`
	By ID   `json:"by,omitzero"`
}

// NoteDeleted notes in the log of the instance that an organization that was deleted is removed for good, so that its
// number is never used again, and who deleted it. It comes before the [Purge], and does nothing where it is repeated.
// It is for the instance's organization alone.
type NoteDeleted struct {
	// Organization is the record as it was last, its Version filled.
	Organization *Organization
}

func (NoteDeleted) command() {}

// suits fails with Forbidden for commands about what the instance itself does not have, and with Invalid for one that
// is only for the instance.
func (d *decider) suits(cmd Command) error {
	instance := d.Org == InstanceID()
	t := TypeUser
	switch c := cmd.(type) {
	case NoteDeleted:
		if !instance {
			return Errorf(Invalid, "only the instance notes what was deleted")
		}
		return nil
	case Create:
		t = c.Record.Key().Type
	case Update:
		t = c.Type
	case Delete:
		t = c.Type
	case Revoke:
		t = TypeToken
	}
	switch {
	case !instance || t == TypeToken:
		return nil
	case t == TypeOrganization && d.Version() == 0:
		return nil
	default:
		return Errorf(Forbidden, "the instance itself has tokens and nothing else")
	}
}

func (d *decider) noteDeleted(c NoteDeleted) error {
	if err := d.allow(TypeOrganization); err != nil {
		return err
	}
	before, err := d.organization()
	if err != nil {
		return err
	}
	gone, after := c.Organization, *before
	if before.Deleted != nil && before.Deleted.ID == gone.ID {
		return nil
	}
	after.UpdatedAt = d.Now
	after.Deleted = &DeletedOrganization{
		ID: gone.ID, Number: gone.Number, Slug: gone.Slug, Name: gone.Name, Version: gone.Version,
		At: gone.DeletedAt, By: gone.DeletedBy,
	}
	d.Add(Op{Before: before, After: &after})
	return nil
}
