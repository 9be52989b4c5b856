package roster

import (
	"encoding/json"
	"reflect"
	"slices"
)

// mergeUser is [MergePatch] for a user in the form in which it is kept, and touches only what the patch names. It gives
// up where there is a fault, because it can't name it, and at much that is unusual.
func mergeUser(e *User, patch []byte) (*User, bool) {
	u, _ := clone(e).(*User)
	r := newReader(patch)
	r.absent = true
	licence := ""
	ok := userMembers.merge(r, u, func(name string) {
		if name == "takes_licence" {
			licence = name
		}
	})
	if !ok || !r.ended() {
		return nil, false
	}
	if u.Permissions = 0; licence != "" {
		u.TakesLicence = u.Kind == Person
	}
	return u, true
}

// merge merges an object into v: null gives a member its default again, and removed is told its name.
func (ms members[T]) merge(r *reader, v *T, removed func(name string)) bool {
	if !r.next('{') {
		return false
	}
	if r.next('}') {
		return true
	}
	var seen [2]uint64
	for expected := 0; ; {
		i := ms.next(r, expected)
		if i < 0 || seen[i/64]&(1<<(i%64)) != 0 {
			return false
		}
		seen[i/64] |= 1 << (i % 64)
		if p := ms[i].at(v); r.null() {
			reset(ms[i].name(), p)
			removed(ms[i].name())
		} else if !r.merge(p) {
			return false
		}
		if !r.next(',') {
			return r.next('}')
		}
		expected = i + 1
	}
}

// null skips null, if it is next.
func (r *reader) null() bool {
	r.space()
	return r.word("null")
}

// reset gives a member the value that it has where the JSON form does not name it.
func reset(name string, p any) {
	reflect.ValueOf(p).Elem().SetZero()
	if access, ok := p.(*int64); ok && name == "apps_access" {
		*access = 1
	}
}

// merge merges the value that is next, which is not null, into the one that p points to.
func (r *reader) merge(p any) bool {
	ignore := func(string) {}
	switch p := p.(type) {
	case *Object:
		return r.mergeObject(p)
	case *AccessTransfer:
		return accessTransferMembers.merge(r, p, ignore)
	case *Avatar:
		return avatarMembers.merge(r, p, ignore)
	case *Slack:
		return slackMembers.merge(r, p, ignore)
	case *Source:
		return sourceMembers.merge(r, p, ignore)
	default:
		return r.value(p)
	}
}

func (r *reader) mergeObject(o *Object) bool {
	end := skipObject(r.doc, r.at)
	if end < 0 {
		return false
	}
	was, err := any(nil), error(nil)
	if *o != "" {
		was, err = anyJSON([]byte(*o))
	}
	if err != nil {
		return false
	}
	change, err := anyJSON([]byte(r.doc[r.at:end]))
	if err != nil {
		return false
	}
	doc, err := json.Marshal(mergeJSON(was, change))
	if err != nil {
		return false
	}
	merged := reader{doc: string(doc), absent: true, shares: true}
	r.at = end
	return merged.object(o)
}

// sameUser reports whether two users say the same, but for what is computed and some members.
func sameUser(a, b *User, but ...string) bool {
	for i := range userMembers {
		m := &userMembers[i]
		if sameValue(m.at(a), m.at(b)) || m.name() == "permissions" {
			continue
		}
		if !slices.Contains(but, m.name()) {
			return false
		}
	}
	return true
}

// sameValue reports whether two members that a and b point to have the same JSON form, but for the order of members in
// an [Object].
func sameValue(a, b any) bool {
	switch a := a.(type) {
	case *string:
		return same(a, b)
	case *int64:
		return same(a, b)
	case *bool:
		return same(a, b)
	case *Time:
		return same(a, b)
	case *ID:
		return same(a, b)
	case *Kind:
		return same(a, b)
	case *Status:
		return same(a, b)
	case *UserType:
		return same(a, b)
	case *[]int64:
		return sameList(a, b)
	case *[]string:
		return sameList(a, b)
	case *[]SpaceAccess:
		return sameList(a, b)
	default:
		return sameStructure(a, b)
	}
}

func sameStructure(a, b any) bool {
	switch a := a.(type) {
	case *Object:
		b, ok := b.(*Object)
		return ok && (*a == *b || sameJSON([]byte(*a), []byte(*b)))
	case *AccessTransfer:
		return same(a, b)
	case *Avatar:
		return same(a, b)
	case *Slack:
		b, ok := b.(*Slack)
		return ok && a.ID == b.ID && a.PrivateChannelID == b.PrivateChannelID && sameStructure(&a.Settings, &b.Settings)
	case *Source:
		return same(a, b)
	default:
		return false
	}
}

func same[T comparable](a *T, b any) bool {
	other, ok := b.(*T)
	return ok && *a == *other
}

func sameList[E comparable](a *[]E, b any) bool {
	other, ok := b.(*[]E)
	return ok && slices.Equal(*a, *other)
}
