package roster

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestEachOwn holds what a pending state finds about a person to a look at all that there is.
func TestEachOwn(t *testing.T) {
	t.Parallel()
	person := rapid.Custom(func(t *rapid.T) ID { return ID{15: byte(rapid.IntRange(0, 3).Draw(t, "person"))} })
	record := rapid.Custom(func(t *rapid.T) Entity {
		id := ID{0: 1, 15: byte(rapid.IntRange(1, 6).Draw(t, "id"))}
		if rapid.Bool().Draw(t, "token") {
			return &Token{ID: id, ActsAs: person.Draw(t, "acts as")}
		}
		return &Invitation{ID: id, User: person.Draw(t, "user")}
	})
	rapid.Check(t, func(t *rapid.T) {
		base := newMemState()
		for _, e := range rapid.SliceOf(record).Draw(t, "base") {
			base.records[e.Key()] = e
		}
		p := NewPending(base)
		for _, after := range rapid.SliceOfN(record, 0, 20).Draw(t, "ops") {
			before, err := p.Get(after.Key().Type, after.Key().ID)
			if err != nil {
				t.Fatal(err)
			}
			op := Op{Before: before, After: after}
			if before != nil && rapid.Bool().Draw(t, "delete") {
				op.After = nil
			}
			p.Add(op)
			top := NewPending(p)
			for _, typ := range []Type{TypeToken, TypeInvitation} {
				who := person.Draw(t, "who")
				if diff := cmp.Diff(aboutByEach(t, top, typ, who), aboutByOwn(t, top, typ, who)); diff != "" {
					t.Fatalf("%s records about %s (-want +got):\n%s", typ, who, diff)
				}
			}
		}
	})
}

func aboutByEach(t *rapid.T, s State, typ Type, who ID) (ids []ID) {
	err := s.Each(typ, func(e Entity) error {
		if IsAbout(e, who) {
			ids = append(ids, e.Key().ID)
		}
		return nil
	})
	return sortedIDs(t, ids, err)
}

func aboutByOwn(t *rapid.T, s State, typ Type, who ID) (ids []ID) {
	err := EachOwn(s, typ, who, func(e Entity) error {
		ids = append(ids, e.Key().ID)
		return nil
	})
	return sortedIDs(t, ids, err)
}

func sortedIDs(t *rapid.T, ids []ID, err error) []ID {
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(ids, ID.Compare)
	return ids
}

func TestPersonOf(t *testing.T) {
	t.Parallel()
	who := ID{15: 7}
	for _, e := range []Entity{
		&User{ID: who}, &DeletedUser{ID: who}, &Invitation{User: who}, &Token{ActsAs: who},
	} {
		if got := PersonOf(e); got != who || !IsAbout(e, who) {
			t.Errorf("%T is about %s, want %s", e, got, who)
		}
	}
	for _, e := range []Entity{&Group{ID: who}, &Token{ID: who}} {
		if got := PersonOf(e); !got.IsZero() || IsAbout(e, who) || IsAbout(e, ID{}) {
			t.Errorf("%T is about %s, want nobody", e, got)
		}
	}
}
