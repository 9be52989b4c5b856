package roster

// Numbers holds the next free number of each type of record that has numbers, 0 while none was taken. They follow from
// the ops of an organization's history, so that no op tells of them: a number that a record of a committed version had
// is never used again.
type Numbers struct {
	Group        int64 `json:"group,omitempty"`
	Organization int64 `json:"organization,omitempty"` // where this is the instance itself
	Role         int64 `json:"role,omitempty"`
	Space        int64 `json:"space,omitempty"`
	User         int64 `json:"user,omitempty"`
}

// Next returns the next free number of a type that has numbers, from 1.
func (n Numbers) Next(t Type) int64 {
	next := n.of(t)
	if next == nil {
		return 1
	}
	return max(*next, 1)
}

// of returns where the next number of a type stands, nil for a type without numbers.
func (n *Numbers) of(t Type) *int64 {
	switch t {
	case TypeGroup:
		return &n.Group
	case TypeOrganization:
		return &n.Organization
	case TypeRole:
		return &n.Role
	case TypeSpace:
		return &n.Space
	case TypeUser:
		return &n.User
	default:
		return nil
	}
}

// After returns the numbers that are free after ops.
func (n Numbers) After(ops ...Op) Numbers {
	for _, op := range ops {
		n.pass(op.After)
	}
	return n
}

// pass takes the numbers that a record shows to be in use.
func (n *Numbers) pass(e Entity) {
	switch e := e.(type) {
	case *Organization:
		*n = n.Later(e.Next) // older histories have them in documents
		if e.Deleted != nil {
			n.take(TypeOrganization, e.Deleted.Number)
		}
	case Deleted:
		if number := e.Keys().Number; number > 0 {
			n.take(e.Was().Key().Type, number)
		}
	case *User, *Group, *Space, *Role:
		n.take(e.Key().Type, e.Keys().Number)
	}
}

// take goes on to the number after one that is in use. After MaxNumber there is none.
func (n *Numbers) take(t Type, number int64) {
	if next := n.of(t); number > 0 && number >= *next && number < MaxNumber {
		*next = number + 1
	}
}

// Later returns the numbers that are free according to both.
func (n Numbers) Later(m Numbers) Numbers {
	return Numbers{
		Group: max(n.Group, m.Group), Organization: max(n.Organization, m.Organization), Role: max(n.Role, m.Role),
		Space: max(n.Space, m.Space), User: max(n.User, m.User),
	}
}

// With returns the organization with numbers that are free, itself where it has these.
func (o *Organization) With(next Numbers) *Organization {
	if o.Next == next {
		return o
	}
	with := *o
	with.Next = next
	return &with
}
