package roster

import (
	"encoding/json"
	"slices"
)

// Member is a user as a member of a group or a space.
type Member struct {
	User       ID     `json:"user"`
	Number     int64  `json:"number"`
	Identifier string `json:"identifier"`
	Email      string `json:"email,omitempty"`
	Name       string `json:"name"`
	// Role is one of [AccessRoles] in a space, "" in a group.
	Role string `json:"role,omitempty"`
}

// MemberOf returns a user as a member of the group or the space with a number, and whether the user is one.
func MemberOf(u *User, of Type, number int64) (m Member, is bool) {
	m = Member{User: u.ID, Number: u.Number, Identifier: u.Identifier, Email: u.Email, Name: u.Name}
	if of == TypeSpace {
		m.Role, is = u.Access(number)
		return m, is
	}
	return m, slices.Contains(u.Groups, number)
}

// Tag returns the strong entity tag of a member, quotes included, as [Tag] returns that of a record.
func (m Member) Tag() string {
	doc, err := json.Marshal(m)
	if err != nil {
		return "" // texts and a number always have a JSON form
	}
	return tagOf(doc, "")
}

// expectMember is [ExpectTag] for a user as a member.
func expectMember(tags []string, u *User, of Type, number int64) error {
	m, is := MemberOf(u, of, number)
	if !is && tags != nil {
		return Errorf(PreconditionFailed, "user %d is no member of %s %d, so that no entity tag matches", u.Number, of,
			number)
	}
	return ExpectTag(tags, m, m.Tag(), "membership")
}
