package index

import (
	"fmt"
	"slices"

	"github.com/roster-dev/roster"
)

// Apply returns the view after a change, which must be the next one of the organization. v stays as it is and valid;
// both share nearly all of their memory. It must be called by one goroutine at a time for all views of an
// organization.
//
// It fails with [roster.Conflict] where the change is of another organization or not the next version, creates a user
// that exists, or changes one that does not.
func (v *View) Apply(change roster.Change) (*View, error) {
	if v.org != nil && change.Org != v.org.ID {
		return nil, roster.Errorf(roster.Conflict, "a change of organization %s is not one of %s", change.Org, v.org.ID)
	}
	if change.Version != v.version+1 {
		return nil, roster.Errorf(roster.Conflict, "change %d does not follow version %d", change.Version, v.version)
	}
	next := *v
	e := &editor{View: &next, edit: &edit{}, encoder: newEncoder()}
	for _, op := range change.Ops {
		if err := e.apply(op); err != nil {
			return nil, fmt.Errorf("apply change %d: %w", change.Version, err)
		}
	}
	e.finish()
	next.setVersion(change.Version)
	next.index()
	return &next, nil
}

// editor turns a copy of a view into the next one. What it has not copied yet still belongs to older views.
type editor struct {
	*View
	edit          *edit
	encoder       *encoder
	ownPages      bool
	ownOrders     bool
	textChanged   []uint32 // slots with other texts
	groupsTouched bool
	tokensTouched bool
}

func (e *editor) apply(op roster.Op) error {
	id, after := op.Key().ID, op.After
	switch op.Key().Type {
	case roster.TypeUser:
		return e.applyUser(op)
	case roster.TypeOrganization:
		org, _ := after.(*roster.Organization)
		e.org = org
	case roster.TypeGroup:
		e.groupList = e.groupList.put(id, after)
		e.groupsTouched = true
	case roster.TypeSpace:
		e.spaceList = e.spaceList.put(id, after)
	case roster.TypeRole:
		e.roleList = e.roleList.put(id, after)
	case roster.TypeToken:
		e.tokens = e.tokens.put(id, after)
		e.tokensTouched = true
	case roster.TypeInvitation:
		e.invitations = e.invitations.put(id, after)
	}
	return nil
}

func (e *editor) finish() {
	if e.groupsTouched {
		e.groupsChanged()
	}
	if e.tokensTouched {
		e.tokensChanged()
	}
	if e.orders != nil && len(e.textChanged) > 0 {
		e.text = e.text.with(e.textChanged, e.View)
	}
}

func (e *editor) applyUser(op roster.Op) error {
	slot, exists := e.lookupKey(roster.FieldID, keyOf(roster.IDValue(op.Key().ID)))
	after, _ := op.After.(*roster.User)
	switch {
	case op.Before == nil && exists:
		return roster.Errorf(roster.Conflict, "%s exists already", op.Key())
	case op.Before != nil && !exists:
		return roster.Errorf(roster.Conflict, "%s does not exist", op.Key())
	case after == nil:
		e.delete(slot)
	case exists:
		e.update(slot, e.encoder.encode(after))
	default:
		e.create(e.encoder.encode(after))
	}
	return nil
}

// page returns the page of a slot, ready to be written to.
func (e *editor) page(slot uint32) *page {
	if !e.ownPages {
		e.pages, e.ownPages = slices.Clone(e.pages), true
	}
	i := slot >> rowBits
	if e.pages[i].owner != e.edit {
		e.pages[i] = e.pages[i].clone(e.edit)
	}
	return e.pages[i]
}

// editOrder returns the ith order, ready to be written to.
func (e *editor) editOrder(i int) *order {
	if !e.ownOrders {
		e.orders, e.ownOrders = slices.Clone(e.orders), true
	}
	if e.orders[i].owner != e.edit {
		e.orders[i] = e.orders[i].clone(e.edit)
	}
	return e.orders[i]
}

// free returns a slot that holds no user: one that was given up, or the next one.
func (e *editor) free() uint32 {
	used := 0
	for _, p := range e.pages {
		used += len(p.word)
	}
	if used > e.users {
		for i, p := range e.pages {
			if p.n < len(p.word) {
				var all bitmap
				all.fill(len(p.word))
				for j := range all {
					all[j] &^= p.live[j]
				}
				return uint32(i<<rowBits + all.first()) //nolint:gosec // slots are 32 bits
			}
		}
	}
	if used == len(e.pages)<<rowBits {
		e.pages, e.ownPages = append(slices.Clip(e.pages), &page{owner: e.edit}), true
	}
	return uint32(used)
}

func (e *editor) create(r rec) {
	slot := e.free()
	e.place(slot, r)
	e.users++
	p := e.profile(slot)
	for i := range e.orders {
		e.insert(e.editOrder(i), slot, p)
	}
	e.addMember(slot)
	e.textChanged = append(e.textChanged, slot)
}

// place writes a record and its classes into a slot.
func (e *editor) place(slot uint32, r rec) {
	e.dict = e.dict.with(r)
	page, i := e.page(slot), int(slot&(rowMax-1))
	page.put(i, r)
	if e.orders == nil {
		return
	}
	p := e.dict.profile(r)
	if i == page.rows.n {
		page.rows = page.rows.insert(i, p)
	} else if page.rows.of(i) != p {
		page.rows = page.rows.set(i, p)
	}
}

func (e *editor) delete(slot uint32) {
	for i := range e.orders {
		e.remove(e.editOrder(i), slot)
	}
	e.removeMember(slot)
	page, i := e.page(slot), int(slot&(rowMax-1))
	page.drop(i)
	if e.orders != nil {
		page.rows = page.rows.set(i, profile{})
	}
	e.users--
}

func (e *editor) update(slot uint32, r rec) {
	old := e.rec(slot)
	e.dict = e.dict.with(r)
	before, after := e.dict.profile(old), e.dict.profile(r)
	renumbered := old.word(wordNumber) != r.word(wordNumber)
	var moved []*order
	for i, o := range e.orders {
		if renumbered || o.src.key(old) != o.src.key(r) {
			o = e.editOrder(i)
			e.remove(o, slot)
			moved = append(moved, o)
		} else if before != after {
			e.reclass(e.editOrder(i), slot, after)
		}
	}
	if !sameTexts(old, r) {
		e.textChanged = append(e.textChanged, slot)
	}
	members := !sameMembers(old, r)
	if members {
		e.removeMember(slot)
	}
	e.place(slot, r)
	if members {
		e.addMember(slot)
	}
	for _, o := range moved {
		e.insert(o, slot, after)
	}
}

// sameTexts reports whether two records have the same searchable texts.
func sameTexts(a, b rec) bool {
	for i := textIdentifier; i <= textDescription; i++ {
		if a.bare(i) != b.bare(i) {
			return false
		}
	}
	return a.textAt(textID) == b.textAt(textID)
}

// sameMembers reports whether two records have the same groups and spaces.
func sameMembers(a, b rec) bool {
	return slices.Equal(a.groups(), b.groups()) && a.textAt(textLists) == b.textAt(textLists)
}

func (e *editor) addMember(slot uint32) {
	e.eachMember(slot, (*pairs).insert)
}

func (e *editor) removeMember(slot uint32) {
	e.eachMember(slot, (*pairs).remove)
}

// eachMember calls fn for each group and space of the user in a slot.
func (e *editor) eachMember(slot uint32, fn func(p *pairs, number int64, slot uint32)) {
	if e.orders == nil {
		return
	}
	if e.groups.owner != e.edit {
		e.groups, e.spaces = e.groups.clone(e.edit), e.spaces.clone(e.edit)
	}
	u := newCell().decode(e.rec(slot), maskOf(roster.FieldGroups)|maskOf(roster.FieldSpaces))
	for _, n := range distinct(u.Groups) {
		fn(e.groups, n, slot)
	}
	for _, n := range distinct(roster.FieldSpaces.Numbers(u)) {
		fn(e.spaces, n, slot)
	}
}
