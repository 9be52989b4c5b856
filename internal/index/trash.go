package index

import (
	"maps"
	"slices"

	"github.com/roster-dev/roster"
)

// trash is the deleted records of an organization by their type. It never changes.
type trash map[roster.Type]deleted

// deleted is the deleted records of one type, in two orders.
type deleted struct{ byNumber, byID list[roster.Deleted] }

func compareIDs(a, b roster.Deleted) int { return a.Key().ID.Compare(b.Key().ID) }

// newDeleted returns deleted records, the order of which it changes.
func newDeleted(records list[roster.Deleted]) deleted {
	slices.SortFunc(records, compareEntities)
	return deleted{records, slices.SortedFunc(slices.Values(records), compareIDs)}
}

// newTrash returns the trash with some deleted records.
func newTrash(records []roster.Deleted) trash {
	byType := map[roster.Type]list[roster.Deleted]{}
	for _, e := range records {
		t := e.Key().Type
		byType[t] = append(byType[t], e)
	}
	all := make(trash, len(byType))
	for t, records := range byType {
		all[t] = newDeleted(records)
	}
	return all
}

// find returns the one with an id, or nil.
func (d deleted) find(id roster.ID) roster.Deleted {
	i, found := slices.BinarySearchFunc(d.byID, id, func(e roster.Deleted, id roster.ID) int {
		return e.Key().ID.Compare(id)
	})
	if !found {
		return nil
	}
	return d.byID[i]
}

// with returns the trash with some deleted records as they are to be, each of them once.
func (t trash) with(records []Record) trash {
	byType := map[roster.Type][]Record{}
	for _, r := range records {
		byType[r.Key.Type] = append(byType[r.Key.Type], r)
	}
	all := make(trash, len(t)+len(byType))
	maps.Copy(all, t)
	for typ, records := range byType {
		all[typ] = t[typ].with(records)
	}
	return all
}

// with returns deleted records with some as they are to be. Many are put in their places in one go.
func (d deleted) with(records []Record) deleted {
	gone, come := make(map[roster.ID]bool, len(records)), make(list[roster.Deleted], 0, len(records))
	for _, r := range records {
		gone[r.Key.ID] = true
		if e, ok := r.Entity.(roster.Deleted); ok {
			come = append(come, e)
		}
	}
	arrived := newDeleted(come)
	return deleted{
		merge(d.byNumber, arrived.byNumber, gone, compareEntities), merge(d.byID, arrived.byID, gone, compareIDs),
	}
}

// merge returns a sorted list without those that are gone and with those of another sorted list.
func merge(
	old, come list[roster.Deleted], gone map[roster.ID]bool, compare func(a, b roster.Deleted) int,
) list[roster.Deleted] {
	out := make(list[roster.Deleted], 0, len(old)+len(come))
	for _, e := range old {
		if gone[e.Key().ID] {
			continue
		}
		for len(come) > 0 && compare(come[0], e) < 0 {
			out, come = append(out, come[0]), come[1:]
		}
		out = append(out, e)
	}
	return append(out, come...)
}

// bytes estimates the memory that the trash holds.
func (t trash) bytes() int {
	const user, other, member = 2 << 10, 256, 48
	n := 0
	for typ, d := range t {
		each := other
		if typ == roster.TypeDeletedUser {
			each = user
		}
		n += each * len(d.byID)
		for _, e := range d.byID {
			n += member * len(roster.MembersOf(e))
			if u, ok := e.Was().(*roster.User); ok {
				n += len(u.Name) + len(u.Email) + len(u.Description)
			}
		}
	}
	return n
}

// Deleted returns the deleted records of a type, which is one of theirs, by number.
func (v *View) Deleted(t roster.Type) []roster.Deleted { return v.trash[t].byNumber }

// DeletedByID returns the deleted record with an id, or nil.
func (v *View) DeletedByID(t roster.Type, id roster.ID) roster.Deleted { return v.trash[t].find(id) }

// DeletedByNumber returns the deleted record with a number, or nil.
func (v *View) DeletedByNumber(t roster.Type, number int64) roster.Deleted {
	return numbered(v.trash[t].byNumber, number)
}
