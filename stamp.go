package roster

// stamps are when and by whom a record was made and last changed.
type stamps struct {
	created, updated Time
	by               ID
}

// stamp sets what is set in s; by is the author of the creation where created is set, and always of the update.
func stamp(e Entity, s stamps) {
	created, updated := times(e)
	if created != nil && s.created != 0 {
		*created = s.created
	}
	if updated != nil && s.updated != 0 {
		*updated = s.updated
	}
	if u, ok := e.(*User); ok && !s.by.IsZero() {
		u.UpdatedBy = s.by
		if s.created != 0 {
			u.CreatedBy = s.by
		}
	}
	if t, ok := e.(*Token); ok && s.created != 0 {
		t.CreatedBy = s.by
	}
}

func stampsOf(e Entity) stamps {
	var s stamps
	created, updated := times(e)
	if created != nil {
		s.created = *created
	}
	if updated != nil {
		s.updated = *updated
	}
	return s
}

func times(e Entity) (created, updated *Time) {
	switch e := e.(type) {
	case *Organization:
		return &e.CreatedAt, &e.UpdatedAt
	case *User:
		return &e.CreatedAt, &e.UpdatedAt
	case *Group:
		return &e.CreatedAt, &e.UpdatedAt
	case *Space:
		return &e.CreatedAt, &e.UpdatedAt
	case *Role:
		return &e.CreatedAt, &e.UpdatedAt
	case *Token:
		return &e.CreatedAt, nil
	case *Invitation:
		return &e.CreatedAt, nil
	case *Webhook:
		return &e.CreatedAt, &e.UpdatedAt
	default:
		return nil, nil
	}
}

// keepOurs gives a record that a patch has made of another one the times and authors back that only we set: an update
// can neither rewrite history nor bring a revoked token back.
func keepOurs(from, to Entity) {
	stamp(to, stampsOf(from))
	switch to := to.(type) {
	case *User:
		was := from.(*User)
		to.CreatedBy, to.UpdatedBy = was.CreatedBy, was.UpdatedBy
	case *Token:
		was := from.(*Token)
		to.CreatedBy, to.RevokedAt, to.LastUsedAt = was.CreatedBy, was.RevokedAt, was.LastUsedAt
	case *Invitation:
		to.AcceptedAt = from.(*Invitation).AcceptedAt
	}
}

// keepIdentity gives a record that was made of another one the id and the number back where it names none.
func keepIdentity(from, to Entity) {
	wasID, wasNumber := identity(from)
	id, number := identity(to)
	if id.IsZero() {
		*id = *wasID
	}
	if number != nil && *number == 0 {
		*number = *wasNumber
	}
}

// identity returns where a record keeps its id and, if it has one, its number.
func identity(e Entity) (id *ID, number *int64) {
	switch e := e.(type) {
	case *Organization:
		return &e.ID, &e.Number
	case *User:
		return &e.ID, &e.Number
	case *Group:
		return &e.ID, &e.Number
	case *Space:
		return &e.ID, &e.Number
	case *Role:
		return &e.ID, &e.Number
	case *Token:
		return &e.ID, nil
	case *Invitation:
		return &e.ID, nil
	case *Webhook:
		return &e.ID, nil
	default:
		return nil, nil
	}
}
