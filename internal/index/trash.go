package index

import (
	"cmp"
	"slices"

	"github.com/roster-dev/roster"
)

// trash is the deleted users of an organization, in two orders. It never changes.
type trash struct {
	byNumber list[*roster.DeletedUser]
	byID     []*roster.DeletedUser
}

func compareIDs(a, b *roster.DeletedUser) int { return a.ID.Compare(b.ID) }

// newTrash returns the trash with some deleted users, whose order it changes.
func newTrash(users list[*roster.DeletedUser]) trash {
	slices.SortFunc(users, compareEntities)
	return trash{users, slices.SortedFunc(slices.Values(users), compareIDs)}
}

// find returns the one with an id, or nil.
func (t trash) find(id roster.ID) *roster.DeletedUser {
	i, found := slices.BinarySearchFunc(t.byID, id, func(u *roster.DeletedUser, id roster.ID) int {
		return u.ID.Compare(id)
	})
	if !found {
		return nil
	}
	return t.byID[i]
}

// with returns the trash with some deleted users as they are to be, each of them once. Many are put in their places in
// one go.
func (t trash) with(records []Record) trash {
	gone, come := make(map[roster.ID]bool, len(records)), make(list[*roster.DeletedUser], 0, len(records))
	for _, r := range records {
		gone[r.Key.ID] = true
		if u, ok := r.Entity.(*roster.DeletedUser); ok {
			come = append(come, u)
		}
	}
	arrived := newTrash(come)
	return trash{
		merge(t.byNumber, arrived.byNumber, gone, compareEntities), merge(t.byID, arrived.byID, gone, compareIDs),
	}
}

// merge returns a sorted list without those that are gone and with those of another sorted list.
func merge(
	old, come []*roster.DeletedUser, gone map[roster.ID]bool, compare func(a, b *roster.DeletedUser) int,
) []*roster.DeletedUser {
	out := make([]*roster.DeletedUser, 0, len(old)+len(come))
	for _, u := range old {
		if gone[u.ID] {
			continue
		}
		for len(come) > 0 && compare(come[0], u) < 0 {
			out, come = append(out, come[0]), come[1:]
		}
		out = append(out, u)
	}
	return append(out, come...)
}

// DeletedUsers returns the deleted users by number.
func (v *View) DeletedUsers() []*roster.DeletedUser { return v.trash.byNumber }

// DeletedUser returns the deleted user with an id, or nil.
func (v *View) DeletedUser(id roster.ID) *roster.DeletedUser { return v.trash.find(id) }

// DeletedNumber returns the deleted user with a number, or nil.
func (v *View) DeletedNumber(number int64) *roster.DeletedUser {
	i, found := slices.BinarySearchFunc(v.trash.byNumber, number, func(u *roster.DeletedUser, n int64) int {
		return cmp.Compare(u.User.Number, n)
	})
	if !found {
		return nil
	}
	return v.trash.byNumber[i]
}
