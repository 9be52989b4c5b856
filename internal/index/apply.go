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
	e := &editor{View: &next, base: v, edit: &edit{}, encoder: newEncoder(), known: map[roster.ID]place{}}
	for _, op := range change.Ops {
		if err := e.apply(op); err != nil {
			return nil, fmt.Errorf("apply change %d: %w", change.Version, err)
		}
	}
	e.count(change.Ops)
	e.finish()
	next.setVersion(change.Version)
	next.madeAt = change.At
	next.index()
	next.inherit(v, e.contextTouched)
	return &next, nil
}

// editor turns a copy of a view into the next one. What it has not copied yet still belongs to older views. Records
// and members change with each op; the orders and the classes of pages do so once, when all ops are done, so that a
// chunk is copied once however many of its users change.
type editor struct {
	*View
	base          *View
	edit          *edit
	encoder       *encoder
	known         map[roster.ID]place // of the users that ops were about
	touched       []*touch            // the slots that ops were about
	touches       map[uint32]*touch
	used, search  int // slots in use so far, and the page from which on some may be free; used is 0 until counted
	ownPages      bool
	groupsTouched bool
	tokensTouched bool
	trashed       []Record // deleted users as they are to be
	// contextTouched is set where a record changed of a type that texts of users may tell of.
	contextTouched bool
}

// place is the slot of a user, who may be there no more.
type place struct {
	slot uint32
	live bool
}

func (e *editor) apply(op roster.Op) error {
	if op.IsErased() {
		return e.applyErased(op)
	}
	return e.applyKnown(op)
}

// applyKnown applies an op. What was before the op it does not look at.
func (e *editor) applyKnown(op roster.Op) error {
	key := op.Key()
	if key.Type == roster.TypeUser {
		return e.applyUser(op)
	}
	e.set(key, op.After)
	return nil
}

// set makes a record that is not a user what it is to be; nil takes it away.
func (e *editor) set(key roster.Key, after roster.Entity) {
	id := key.ID
	if key.Type.IsDeleted() {
		e.trashed = append(e.trashed, Record{key, after})
		return
	}
	switch key.Type {
	case roster.TypeOrganization:
		org, _ := after.(*roster.Organization)
		e.org = org
	case roster.TypeGroup:
		e.groupList = e.groupList.put(id, after)
		e.groupsTouched, e.contextTouched = true, true
	case roster.TypeSpace:
		e.spaceList = e.spaceList.put(id, after)
		e.contextTouched = true
	case roster.TypeRole:
		e.roleList = e.roleList.put(id, after)
		e.contextTouched = true
	case roster.TypeToken:
		e.tokens = e.tokens.put(id, after)
		e.tokensTouched = true
	case roster.TypeInvitation:
		e.invitations = e.invitations.put(id, after)
	case roster.TypeWebhook:
		e.webhooks = e.webhooks.put(id, after)
	}
}

// applyErased applies an op whose records were erased since. A record that is not known can't be made; that it is
// deleted in the end is in the history in any case.
func (e *editor) applyErased(op roster.Op) error {
	key := op.Key()
	if _, erased := op.After.(roster.Erased); erased {
		return nil
	}
	if _, exists := e.find(key.ID); key.Type == roster.TypeUser && !exists {
		return nil
	}
	return e.applyKnown(op)
}

// count goes on to the numbers that are free after ops.
func (e *editor) count(ops []roster.Op) {
	if e.org == nil {
		return
	}
	var next roster.Numbers
	if e.base.org != nil {
		next = e.base.org.Next
	}
	e.org = e.org.With(next.After(ops...))
}

func (e *editor) finish() {
	if len(e.trashed) > 0 {
		e.trash = e.trash.with(e.trashed)
	}
	if e.groupsTouched {
		e.groupsChanged()
	}
	if e.tokensTouched {
		e.tokensChanged()
	}
	if e.orders == nil || len(e.touched) == 0 {
		return
	}
	e.readyOrders()
	changed := e.compareTouched()
	e.log = e.log.with(e.stayed())
	e.finishPages()
	e.finishOrders()
	if len(changed) > 0 {
		e.text = e.text.with(changed, e.View)
	}
}

// stayed returns the slots that held a user before the change and hold one now.
func (e *editor) stayed() (slots []uint32) {
	for _, t := range e.touched {
		if t.was && t.is {
			slots = append(slots, t.slot)
		}
	}
	return slots
}

func (e *editor) applyUser(op roster.Op) error {
	id := op.Key().ID
	slot, exists := e.find(id)
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
		slot = e.free()
		e.create(slot, e.encoder.encode(after))
	}
	e.known[id] = place{slot, after != nil}
	return nil
}

// find returns the slot of a user as the ops so far have left it.
func (e *editor) find(id roster.ID) (slot uint32, exists bool) {
	if at, ok := e.known[id]; ok {
		return at.slot, at.live
	}
	return e.base.lookupKey(roster.FieldID, keyOf(roster.IDValue(id)))
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

// free returns a slot that holds no user: one that was given up, or the next one.
func (e *editor) free() uint32 {
	if e.used == 0 {
		for _, p := range e.pages {
			e.used += len(p.word)
		}
	}
	for ; e.used > e.users; e.search++ {
		if p := e.pages[e.search]; p.n < len(p.word) {
			var all bitmap
			all.fill(len(p.word))
			for j := range all {
				all[j] &^= p.live[j]
			}
			return uint32(e.search<<rowBits + all.first()) //nolint:gosec // slots are 32 bits
		}
	}
	if e.used == len(e.pages)<<rowBits {
		e.pages, e.ownPages = append(slices.Clip(e.pages), &page{owner: e.edit}), true
	}
	e.used++
	return uint32(e.used - 1) //nolint:gosec // slots are 32 bits
}

func (e *editor) create(slot uint32, r rec) {
	e.touch(slot)
	e.put(slot, r)
	e.users++
	e.addMember(slot)
}

// put writes a record into a slot.
func (e *editor) put(slot uint32, r rec) {
	e.dict = e.dict.with(r)
	e.page(slot).put(int(slot&(rowMax-1)), r)
}

func (e *editor) delete(slot uint32) {
	e.touch(slot)
	e.removeMember(slot)
	e.page(slot).drop(int(slot & (rowMax - 1)))
	e.users--
	e.search = min(e.search, int(slot>>rowBits))
}

func (e *editor) update(slot uint32, r rec) {
	e.touch(slot)
	members := !sameMembers(e.rec(slot), r)
	if members {
		e.removeMember(slot)
	}
	e.put(slot, r)
	if members {
		e.addMember(slot)
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
	u := newCell().decode(e.rec(slot), maskOf(roster.FieldGroups)|maskOf(roster.FieldSpaces))
	if len(u.Groups)+len(u.Spaces) == 0 {
		return
	}
	if e.groups.owner != e.edit {
		e.groups, e.spaces, e.grants = e.groups.clone(e.edit), e.spaces.clone(e.edit), &grants{}
	}
	for _, n := range distinct(u.Groups) {
		fn(e.groups, n, slot)
	}
	for _, n := range distinct(roster.FieldSpaces.Numbers(u)) {
		fn(e.spaces, n, slot)
	}
}
