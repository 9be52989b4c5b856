package native

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

// past is a history of so many changes, each of so many groups.
type past struct {
	changes, ops int
	asked        []int // how many changes at once
}

func (p *past) Changes(_ context.Context, after roster.Version, limit int) ([]roster.Change, error) {
	p.asked = append(p.asked, limit)
	var changes []roster.Change
	for v := after + 1; int(v) <= p.changes && len(changes) < limit; v++ {
		change := roster.Change{Version: v}
		for range p.ops {
			change.Ops = append(change.Ops, roster.Op{After: &roster.Group{ID: roster.ID{1}, Name: "G"}})
		}
		changes = append(changes, change)
	}
	return changes, nil
}

func (p *past) Wait(context.Context, roster.Version, time.Duration) (roster.Version, time.Duration, error) {
	return roster.Version(p.changes), 0, nil
}

func (p *past) Ending() bool { return true }

// A page of which little passes ends somewhere, says where, and the next goes on there.
func TestPagesOfWhatDoesNotPass(t *testing.T) {
	t.Parallel()
	history := &past{changes: 25_000, ops: 1}
	f := &feed{history: history, types: []roster.Type{roster.TypeUser}}
	var ends []roster.Version
	for since, more := roster.Version(0), true; more; {
		p, err := f.page(t.Context(), since, 1000)
		if err != nil || len(p.items) > 0 {
			t.Fatalf("%d items, %v", len(p.items), err)
		}
		if p.version-since > pageChanges+128 {
			t.Errorf("one page looks at %d changes", p.version-since)
		}
		since, more = p.version, p.more
		ends = append(ends, since)
	}
	if len(ends) != 3 || ends[2] != 25_000 {
		t.Errorf("pages end at %v, want three up to 25000", ends)
	}
	if most := slices.Max(history.asked); most > 128 {
		t.Errorf("%d changes are read at once", most)
	}
}

// Changes of many records are read a few at a time.
func TestLargeChangesAreReadOneByOne(t *testing.T) {
	t.Parallel()
	history := &past{changes: 40, ops: 1500}
	f := &feed{history: history, types: []roster.Type{roster.TypeUser}}
	p, err := f.page(t.Context(), 0, 1000)
	if err != nil || p.version != 40 || p.more {
		t.Fatalf("at version %d, more: %v, %v", p.version, p.more, err)
	}
	if history.asked[0] != firstBatch || slices.Max(history.asked[1:]) != 1 {
		t.Errorf("read %v at once, want %d and then one by one", history.asked, firstBatch)
	}
}

// Counting ops, without writing their records, counts what writing them shows.
func TestBareOpsAreThoseThatAreShown(t *testing.T) {
	t.Parallel()
	user := func(change func(*roster.User)) *roster.User {
		u := &roster.User{ID: roster.ID{1}, Number: 1, Name: "Ann", UpdatedAt: 1, UpdatedBy: roster.ID{7}}
		change(u)
		return u
	}
	was := user(func(*roster.User) {})
	ops := []roster.Op{
		{After: was},
		{Before: was},
		{Before: was, After: user(func(u *roster.User) { u.Name, u.UpdatedAt = "Bob", 2 })},
		{Before: was, After: user(func(u *roster.User) { u.Name = "Bob" })},
		{Before: was, After: user(func(u *roster.User) { u.UpdatedBy = roster.ID{8} })}, // which not everybody sees
		{Before: was, After: user(func(u *roster.User) { u.Status, u.UpdatedAt = roster.Suspended, 2 })},
		{Before: &roster.Token{ID: roster.ID{2}}, After: &roster.Token{ID: roster.ID{2}, Hash: "h"}}, // nobody sees it
		{Before: &roster.Token{ID: roster.ID{2}}, After: &roster.Token{ID: roster.ID{2}, Name: "CI"}},
		{Before: &roster.Group{ID: roster.ID{3}}, After: &roster.Group{ID: roster.ID{3}, Name: "Staff", UpdatedAt: 2}},
	}
	for _, permissions := range []roster.Permissions{{roster.UsersRead}, {roster.Everything}} {
		for _, where := range []string{"", "status = active", "status = suspended"} {
			f, err := feedOf(nil, roster.Principal{Permissions: permissions}, wanted{filter: where})
			if err != nil {
				t.Fatal(err)
			}
			for i, op := range ops {
				want, passes, err := f.op(op)
				got, counts, failed := f.bare(op)
				if err != nil || failed != nil || counts != passes {
					t.Errorf("op %d with %v and %q: counts %t, want %t: %v, %v", i, permissions, where, counts, passes, failed, err)
				}
				if passes && (got.Op != want.Op || got.Type != want.Type) {
					t.Errorf("op %d with %v and %q: %s %s, want %s %s", i, permissions, where, got.Op, got.Type, want.Op, want.Type)
				}
			}
		}
	}
}
