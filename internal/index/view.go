package index

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// View is an organization at one version, in memory and ready to be asked. It never changes: all its methods may be
// called by any number of goroutines at once, and what they return is shared and must not be modified.
type View struct {
	options
	version roster.Version
	madeAt  roster.Time
	org     *roster.Organization

	pages  []*page
	users  int // how many users there are
	dict   *dictionary
	orders []*order // as orderFields; nil while the organization is so small that scanning it is best
	groups *pairs   // group number -> members
	spaces *pairs   // space number -> those invited
	text   *texts
	pool   *sync.Pool // of arrays with a bit for each slot, for all views of the organization
	lanes  *lanes     // of all views of the organization
	log    changeLog
	lease  *lease // in the copy of a view that answers a query

	lineage  *lineage       // of texts of users; nil where none are kept
	extended *atomic.Bool   // whether a view that has the lineage was made from this one
	context  roster.Version // when anything that such texts may tell of changed last, users apart

	groupList   list[*roster.Group]
	spaceList   list[*roster.Space]
	roleList    list[*roster.Role]
	tokens      list[*roster.Token]
	invitations list[*roster.Invitation]
	webhooks    list[*roster.Webhook]
	trash       trash
	tokenHashes []*roster.Token // by hash
	masks       map[int64]int64 // group number -> permission bits, of groups that have any
	grants      *grants         // by masks and groups
}

// Version returns the version of the organization that the view shows.
func (v *View) Version() roster.Version { return v.version }

// MadeAt returns when the change was made that led to the version, as it says; 0 where that is not known. Of a view of
// the past, which may lack who was erased since, it is not.
func (v *View) MadeAt() roster.Time { return v.madeAt }

// Len returns the number of users.
func (v *View) Len() int { return v.users }

// Org returns the organization, its Version filled, or nil where the view has none.
func (v *View) Org() *roster.Organization { return v.org }

// Groups returns the groups by number.
func (v *View) Groups() []*roster.Group { return v.groupList }

// Group returns the group with a number, or nil.
func (v *View) Group(number int64) *roster.Group { return numbered(v.groupList, number) }

// Spaces returns the spaces by number.
func (v *View) Spaces() []*roster.Space { return v.spaceList }

// Space returns the space with a number, or nil.
func (v *View) Space(number int64) *roster.Space { return numbered(v.spaceList, number) }

// Roles returns the roles by number.
func (v *View) Roles() []*roster.Role { return v.roleList }

// Role returns the role with a handle, or nil.
func (v *View) Role(handle string) *roster.Role {
	i := slices.IndexFunc(v.roleList, func(r *roster.Role) bool { return r.Handle == handle })
	if i < 0 {
		return nil
	}
	return v.roleList[i]
}

// Tokens returns the tokens by id, which is in the order of their creation.
func (v *View) Tokens() []*roster.Token { return v.tokens }

// TokenByHash returns the token whose secret has a hash (see [roster.HashSecret]), whether it still counts or not.
func (v *View) TokenByHash(hash string) (*roster.Token, bool) {
	i, found := slices.BinarySearchFunc(v.tokenHashes, hash, func(t *roster.Token, hash string) int {
		return strings.Compare(t.Hash, hash)
	})
	if !found {
		return nil, false
	}
	return v.tokenHashes[i], true
}

// Invitations returns the invitations by id, which is in the order of their creation.
func (v *View) Invitations() []*roster.Invitation { return v.invitations }

// Webhooks returns the webhooks by id, which is in the order of their creation.
func (v *View) Webhooks() []*roster.Webhook { return v.webhooks }

// User returns the user that ref names, Permissions filled; the e-mail or identifier in ref may be in any case.
// It fails with [roster.NotFound].
func (v *View) User(ref roster.Ref) (*roster.User, error) {
	slot, ok := v.lookup(ref)
	if !ok {
		return nil, roster.Errorf(roster.NotFound, "there is no user %s", ref)
	}
	c := newCell()
	u := *v.fill(c.decode(v.rec(slot), allBits))
	return &u, nil
}

func (v *View) lookup(ref roster.Ref) (uint32, bool) {
	switch {
	case ref.Number != 0:
		return v.lookupKey(roster.FieldNumber, key{set: true, num: ref.Number})
	case ref.Email != "":
		return v.lookupKey(roster.FieldEmail, keyOf(roster.TextValue(ref.Email)))
	case ref.Identifier != "":
		return v.lookupKey(roster.FieldIdentifier, keyOf(roster.TextValue(ref.Identifier)))
	case ref.ID.IsZero():
		return 0, false
	default:
		return v.lookupKey(roster.FieldID, keyOf(roster.IDValue(ref.ID)))
	}
}

// lookupKey returns the slot of the first user with a key.
func (v *View) lookupKey(f roster.Field, k key) (uint32, bool) {
	if v.orders == nil {
		src := sourceOf(f)
		for slot := range v.slots() {
			if src.key(v.rec(slot)).compare(k) == 0 {
				return slot, true
			}
		}
		return 0, false
	}
	o := v.order(f)
	at := v.below(o, k)
	if at.chunk == len(o.chunks) {
		return 0, false
	}
	slot := o.chunks[at.chunk].slots[at.pos]
	return slot, o.src.key(v.rec(slot)).compare(k) == 0
}

// order returns the order of a field, or nil where it has none.
func (v *View) order(f roster.Field) *order {
	i := slices.IndexFunc(v.orders, func(o *order) bool { return o.field == f })
	if i < 0 {
		return nil
	}
	return v.orders[i].ready()
}

// slots yields the slots of all users, ascending.
func (v *View) slots() func(yield func(uint32) bool) {
	return func(yield func(uint32) bool) {
		for i, p := range v.pages {
			for j := range p.word {
				if p.live.has(j) && !yield(uint32(i<<rowBits+j)) {
					return
				}
			}
		}
	}
}

// fill computes Permissions.
func (v *View) fill(u *roster.User) *roster.User {
	u.Permissions = u.OwnPermissions
	for _, g := range u.Groups {
		u.Permissions |= v.masks[g]
	}
	return u
}
