package roster

import (
	"slices"
	"strings"
)

// Selection is some members of users in their canonical JSON form. The zero Selection has none. It is safe for
// concurrent use.
type Selection struct{ members []selected }

// selected is a member, by its place among all, with the parts of it that are chosen.
type selected struct {
	at    int
	parts parts
}

// parts are members of a structure by their places.
type parts uint64

const allParts = ^parts(0)

// Select returns the selection of members by their names, in any order: that of a field, or of a member of one, as in
// avatar.type; of a list, as in spaces.role, that of each element. It knows the fields that visible allows, all of them
// where visible is nil: others do not exist. It fails with [Invalid] and a detail without a Field for each name that is
// none.
func Select(names []string, visible func(Field) bool) (Selection, error) {
	var s Selection
	var faults []Detail
	for _, name := range names {
		outer, inner, nested := strings.Cut(name, ".")
		f, known := FieldByName(outer)
		switch known = known && (visible == nil || visible(f)); {
		case !known:
			faults = append(faults, unknownMember(name, outer, "", visibleNames(visible)))
		case !nested:
			s.add(f, allParts)
		default:
			i := slices.Index(f.parts(), inner)
			if i < 0 {
				faults = append(faults, unknownMember(name, inner, outer+".", f.parts()))
				continue
			}
			s.add(f, 1<<i)
		}
	}
	slices.SortFunc(s.members, func(a, b selected) int { return a.at - b.at })
	return s, faultsError(faults)
}

// add chooses parts of a field besides those that are chosen already.
func (s *Selection) add(f Field, p parts) {
	if i := slices.IndexFunc(s.members, func(m selected) bool { return m.at == int(f) }); i >= 0 {
		s.members[i].parts |= p
		return
	}
	s.members = append(s.members, selected{int(f), p})
}

// unknownMember returns the fault of a name, which is that of no member: where, among names that come after a prefix,
// there is none that is found.
func unknownMember(name, found, prefix string, names []string) Detail {
	d := Detail{Code: Unknown, Message: "there is no member " + quote(name)}
	for _, n := range names {
		d.Allowed = append(d.Allowed, prefix+n)
	}
	if guess := Closest(found, names); guess != "" {
		d.DidYouMean = prefix + guess
	}
	d.Message += meant(d.DidYouMean)
	return d
}

func visibleNames(visible func(Field) bool) []string {
	var names []string
	for _, info := range fields {
		if visible == nil || visible(info.Field) {
			names = append(names, info.Name)
		}
	}
	return names
}

// parts returns the names of the members of a structure, or of the elements of a list; nil for other fields.
func (f Field) parts() []string {
	switch f {
	case FieldSpaces:
		return spaceAccessMembers.names()
	case FieldAccessTransfer:
		return accessTransferMembers.names()
	case FieldAvatar:
		return avatarMembers.names()
	case FieldSlack:
		return slackMembers.names()
	case FieldSource:
		return sourceMembers.names()
	default:
		return nil
	}
}

func (ms members[T]) names() []string {
	names := make([]string, len(ms))
	for i := range ms {
		names[i] = ms[i].name()
	}
	return names
}

// Fields returns the fields that members of the selection are of.
func (s Selection) Fields() FieldSet {
	var set FieldSet
	for _, m := range s.members {
		set |= FieldsOf(Field(m.at)) //nolint:gosec // it was a field
	}
	return set
}

// Append appends a user's document with nothing but the members of the selection, in the order of the canonical form.
// Members without a value are left out as they are there.
func (s Selection) Append(b []byte, u *User) []byte {
	w := writer{b: b}
	start := len(w.b)
	for _, m := range s.members {
		member := &userMembers[m.at]
		value := member.at(u)
		if m.parts == allParts {
			w.member(member.head, member.always, value)
		} else if !isEmpty(value) {
			w.b = append(w.b, member.head...)
			w.parts(value, m.parts)
		}
	}
	return closeObject(w.b, start)
}

// parts appends a structure, or a list of them, with only some of its members.
func (w *writer) parts(p any, chosen parts) {
	switch p := p.(type) {
	case *[]SpaceAccess:
		list(w, *p, func(s *SpaceAccess) { spaceAccessMembers.writeParts(w, s, chosen) })
	case *AccessTransfer:
		accessTransferMembers.writeParts(w, p, chosen)
	case *Avatar:
		avatarMembers.writeParts(w, p, chosen)
	case *Slack:
		slackMembers.writeParts(w, p, chosen)
	case *Source:
		sourceMembers.writeParts(w, p, chosen)
	}
}

// writeParts is write for some members.
func (ms members[T]) writeParts(w *writer, v *T, chosen parts) {
	start := len(w.b)
	for i := range ms {
		if chosen&(1<<i) != 0 {
			w.member(ms[i].head, ms[i].always, ms[i].at(v))
		}
	}
	w.b = closeObject(w.b, start)
}
