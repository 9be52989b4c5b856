package roster

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Env is what [Decide] needs to know besides the state and the command.
type Env struct {
	// Org is the organization that is to change.
	Org ID
	// By is who asks.
	By  Principal
	Now Time
	// NewID makes ids for new records.
	NewID func() (ID, error)
	// KeepDeleted is how long a deleted record can be restored, in milliseconds; [KeptFor] where it is 0.
	KeepDeleted Time
}

// Decide returns the ops that carry out cmd, none where nothing is to be done. It is the one place for rules about
// writes. It is pure but for env.NewID, and may be called again when a transaction is.
//
// It fails with [Forbidden] where env.By may not do this, [NotFound] where a record named by the command does not
// exist, [Conflict] where a unique key is taken or the state forbids it, and [Invalid] with a field where the input
// breaks a rule.
func Decide(s State, env Env, cmd Command) ([]Op, error) {
	if !env.By.Org.IsZero() && env.By.Org != env.Org {
		return nil, noOrganization()
	}
	d := &decider{Env: env, Pending: NewPending(s)}
	if err := d.suits(cmd); err != nil {
		return nil, err
	}
	if err := d.there(cmd); err != nil {
		return nil, err
	}
	if err := d.do(cmd); err != nil {
		return nil, err
	}
	return d.Ops(), nil
}

// decider gathers the ops of one command on top of a state.
type decider struct {
	Env
	*Pending
}

func (d *decider) do(cmd Command) error {
	switch c := cmd.(type) {
	case Create:
		return d.createAs(c.Record)
	case Import:
		return d.importRecord(c)
	case Update:
		return d.update(c)
	case Delete:
		return d.remove(c)
	case Revoke:
		return d.revoke(c)
	case Invite:
		return d.invite(c)
	case Accept:
		return d.accept(c.Hash)
	default:
		return d.doMore(cmd)
	}
}

// doMore carries out the commands about members, standing and what was deleted.
func (d *decider) doMore(cmd Command) error {
	switch c := cmd.(type) {
	case Join:
		return d.join(c)
	case Leave:
		return d.leave(c)
	case Suspend:
		return d.suspend(c)
	case Restore:
		return d.restore(c)
	case Undelete:
		return d.undelete(c)
	case Erase:
		return d.erase(c)
	case Undo:
		return d.undo(c)
	case RotateSecret:
		return d.rotate(c)
	case Disable:
		return d.disable(c)
	case NoteDeleted:
		return d.noteDeleted(c)
	case Purge:
		return d.purge()
	default:
		return fmt.Errorf("decide on an unknown command %T", cmd)
	}
}

// allow fails with Forbidden where the principal may not write records of a type.
func (d *decider) allow(t Type) error {
	needed := Everything
	switch t {
	case TypeUser, TypeInvitation:
		needed = UsersWrite
	case TypeGroup, TypeSpace, TypeRole:
		needed = GroupsWrite
	case TypeToken, TypeWebhook:
		needed = TokensWrite
	case TypeDeletedUser:
		needed = UsersErase
	case TypeOrganization:
		needed = OrgsWrite
	}
	if !d.By.Permissions.Has(needed) {
		return Errorf(Forbidden, "this needs the permission %s", needed)
	}
	return nil
}

func (d *decider) organization() (*Organization, error) {
	e, err := d.Get(TypeOrganization, d.Org)
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, noOrganization()
	}
	return e.(*Organization), nil
}

// find returns the record that ref names, or fails with NotFound.
func (d *decider) find(t Type, ref Ref) (Entity, error) {
	e, err := d.lookUp(t, ref)
	if err == nil && e == nil {
		err = Errorf(NotFound, "there is no %s %s", t, ref)
	}
	return e, err
}

func (d *decider) lookUp(t Type, ref Ref) (Entity, error) {
	if !ref.ID.IsZero() || ref == (Ref{}) {
		return d.Get(t, ref.ID)
	}
	return d.Find(t, Keys{Number: ref.Number, Email: Fold(ref.Email), Identifier: Fold(ref.Identifier)})
}

// Subject returns the record that a command which has no ops is about, as [Outcome] says; nil for other commands.
func Subject(s State, org ID, cmd Command) (Entity, error) {
	d := &decider{Env: Env{Org: org}, Pending: NewPending(s)}
	switch c := cmd.(type) {
	case Update:
		return d.target(c.Type, c.Ref)
	case Suspend:
		return d.find(TypeUser, c.Ref)
	case Restore:
		return d.find(TypeUser, c.Ref)
	case Join:
		return d.find(TypeUser, c.User)
	case Revoke:
		return d.find(TypeToken, Ref{ID: c.Token})
	default:
		return nil, nil //nolint:nilnil // it need not be about a record
	}
}

// createAs makes a record that the principal wants, with times and authors of our own.
func (d *decider) createAs(record Entity) error {
	if t := record.Key().Type; t.IsDeleted() {
		return Errorf(Invalid, "a %s can't be made; delete one", t.Words())
	}
	record = clone(record)
	stamp(record, stamps{created: d.Now, updated: d.Now, by: d.By.Author()})
	return d.create(record)
}

// create completes and adds a record whose times and authors are set.
func (d *decider) create(record Entity) error {
	t := record.Key().Type
	if err := d.allow(t); err != nil {
		return err
	}
	if t == TypeOrganization {
		return d.createOrganization(record.(*Organization))
	}
	return d.make(record)
}

// make is create for a record that the principal may make.
func (d *decider) make(record Entity) error {
	if err := d.reserved(record); err != nil {
		return err
	}
	if err := d.complete(record); err != nil {
		return err
	}
	if err := d.settle(nil, record); err != nil {
		return err
	}
	if err := d.free(record); err != nil {
		return err
	}
	d.Add(Op{After: record})
	return nil
}

// complete gives a new record its id and number.
func (d *decider) complete(record Entity) error {
	id, number := identity(record)
	if id.IsZero() {
		made, err := d.NewID()
		if err != nil {
			return err
		}
		*id = made
	}
	if number == nil {
		_, err := d.organization()
		return err
	}
	return d.number(record.Key().Type, number)
}

// number gives a record the next free number unless it has one.
func (d *decider) number(t Type, number *int64) error {
	org, err := d.organization()
	if err == nil && *number == 0 {
		*number = org.Next.Next(t)
	}
	return err
}

// free fails with Conflict where another record has one of a new record's keys.
func (d *decider) free(record Entity) error {
	key := record.Key()
	if taken, err := d.Get(key.Type, key.ID); err != nil || taken != nil {
		return conflict(err, "id", "is the id of another %s", key.Type)
	}
	return d.freeKeys(record)
}

// freeKeys fails with Conflict where a record other than this one has one of its keys.
func (d *decider) freeKeys(record Entity) error {
	key, keys := record.Key(), record.Keys()
	for _, k := range single(keys) {
		other, err := d.Find(key.Type, k)
		if err != nil {
			return err
		}
		if other != nil && other.Key() != key {
			return taken(keyField(key.Type, k), key.Type)
		}
	}
	return nil
}

func taken(field string, t Type) error {
	const format = "is taken by another %s of the organization"
	fault := Detail{Field: field, Code: Taken, Message: fmt.Sprintf(format, t)}
	return &Error{Code: Conflict, Field: field, Message: fault.Message, Details: []Detail{fault}}
}

func conflict(err error, field, format string, args ...any) error {
	if err != nil {
		return err
	}
	e := FieldErrorf(field, format, args...)
	e.Code = Conflict
	return e
}

// keyField returns the name of the member that holds the one key that is set in k.
func keyField(t Type, k Keys) string {
	switch {
	case k.Number != 0:
		return "number"
	case k.Email != "":
		return "email"
	case k.Owner:
		return "owner"
	case t == TypeRole:
		return "handle"
	case t == TypeOrganization:
		return "slug"
	case t == TypeUser:
		return "identifier"
	default:
		return "secret"
	}
}

// settle validates a record and checks what it refers to. before is nil for a new record.
func (d *decider) settle(before, after Entity) error {
	if u, ok := after.(*User); ok {
		return d.settleUser(u)
	}
	if err := Validate(after); err != nil {
		return err
	}
	switch e := after.(type) {
	case *Token:
		return d.settleToken(before == nil, e)
	case *Webhook:
		return d.settleWebhook(before, e)
	case *Invitation:
		return d.settleInvitation(before, e)
	default:
		return nil
	}
}

func (d *decider) update(c Update) error {
	if err := d.allow(c.Type); err != nil {
		return err
	}
	before, err := d.target(c.Type, c.Ref)
	if err != nil {
		return err
	}
	if err := d.expect(before, c.IfMatch); err != nil {
		return err
	}
	after, err := MergePatch(before, c.Patch)
	if err != nil {
		return err
	}
	keepOurs(before, after)
	return d.replace(before, after, stamps{updated: d.Now, by: d.By.Author()})
}

func (d *decider) target(t Type, ref Ref) (Entity, error) {
	if t == TypeOrganization {
		return d.organization()
	}
	if t.IsDeleted() {
		return nil, Errorf(Invalid, "a %s can't be changed; restore it first", t.Words())
	}
	return d.find(t, ref)
}

// replace settles after in the place of before, unless they are the same but for the times and authors of updates.
func (d *decider) replace(before, after Entity, at stamps) error {
	if err := immutable(before, after); err != nil {
		return err
	}
	if err := d.settle(before, after); err != nil {
		return err
	}
	if err := d.owner(before, after); err != nil {
		return err
	}
	if sameButStamps(before, after) {
		return nil
	}
	if before.Keys() != after.Keys() {
		if err := d.freeKeys(after); err != nil {
			return err
		}
	}
	stamp(after, at)
	d.Add(Op{Before: before, After: after})
	return nil
}

func immutable(before, after Entity) error {
	id, number := identity(before)
	newID, newNumber := identity(after)
	if *id != *newID {
		return FieldErrorf("id", "can't be changed")
	}
	if number != nil && *number != *newNumber {
		return FieldErrorf("number", "can't be changed")
	}
	if role, ok := before.(*Role); ok && role.Handle != after.(*Role).Handle {
		return FieldErrorf("handle", "can't be changed")
	}
	if org, ok := before.(*Organization); ok && org.Slug != after.(*Organization).Slug {
		return FieldErrorf("slug", "can't be changed")
	}
	if i, ok := before.(*Invitation); ok && i.User != after.(*Invitation).User {
		return FieldErrorf("user", "can't be changed: invite them")
	}
	return nil
}

// sameButStamps reports whether two records of one type say the same, but for when and by whom they were updated.
func sameButStamps(a, b Entity) bool {
	if u, ok := a.(*User); ok {
		return sameUser(u, b.(*User), "updated_at")
	}
	return sameRecord(a, b)
}

// sameRecord is sameButStamps by way of JSON.
func sameRecord(a, b Entity) bool {
	a, b = clone(a), clone(b)
	for _, e := range []Entity{a, b} {
		stamp(e, stamps{updated: 1})
		if o, ok := e.(*Organization); ok {
			o.Version, o.Next = 0, Numbers{} // they tell who handed the record out, not what it says
		}
	}
	docA, errA := EncodeEntity(a)
	docB, errB := EncodeEntity(b)
	return errA == nil && errB == nil && (bytes.Equal(docA, docB) || sameJSON(docA, docB))
}

// sameJSON reports whether two JSON objects say the same: the order of an object's members says nothing. Members that
// are equal to the byte are looked at no further.
func sameJSON(a, b []byte) bool {
	var membersA, membersB map[string]json.RawMessage
	if json.Unmarshal(a, &membersA) != nil || json.Unmarshal(b, &membersB) != nil {
		return false
	}
	return maps.EqualFunc(membersA, membersB, func(a, b json.RawMessage) bool {
		if bytes.Equal(a, b) {
			return true
		}
		valueA, errA := anyJSON(a)
		valueB, errB := anyJSON(b)
		return errA == nil && errB == nil && reflect.DeepEqual(valueA, valueB)
	})
}

// clone returns a copy of a record that shares only maps with it: Decide replaces those, it does not write into them.
func clone(e Entity) Entity {
	if was, ok := e.(*User); ok {
		u := *was
		u.Groups, u.Spaces = slices.Clone(u.Groups), slices.Clone(u.Spaces)
		u.WhitelistedIPs = slices.Clone(u.WhitelistedIPs)
		u.NotificationChannels = slices.Clone(u.NotificationChannels)
		u.Permissions = 0
		return &u
	}
	v := reflect.New(reflect.TypeOf(e).Elem())
	v.Elem().Set(reflect.ValueOf(e).Elem())
	c, _ := reflect.TypeAssert[Entity](v)
	if t, ok := c.(*Token); ok {
		t.Permissions, t.Dialects = slices.Clone(t.Permissions), slices.Clone(t.Dialects)
		t.AllowedIPs = slices.Clone(t.AllowedIPs)
	}
	if w, ok := c.(*Webhook); ok {
		w.Types, w.Permissions = slices.Clone(w.Types), slices.Clone(w.Permissions)
		w.Secrets = slices.Clone(w.Secrets)
	}
	return c
}
