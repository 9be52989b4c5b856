package roster

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// memState is the simplest [State]: every record in one map.
type memState struct {
	version Version
	records map[Key]Entity
	fail    error
}

func newMemState() *memState { return &memState{records: map[Key]Entity{}} }

func (s *memState) Version() Version { return s.version }

func (s *memState) Get(t Type, id ID) (Entity, error) { return s.records[Key{t, id}], s.fail }

func (s *memState) Find(t Type, k Keys) (Entity, error) {
	var found Entity
	err := s.Each(t, func(e Entity) error {
		if slices.Contains(single(e.Keys()), k) {
			found = e
		}
		return nil
	})
	return found, err
}

func (s *memState) Each(t Type, fn func(Entity) error) error {
	keys := make([]Key, 0, len(s.records))
	for k := range s.records {
		if k.Type == t {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return a.ID.Compare(b.ID) })
	for _, k := range keys {
		if err := fn(s.records[k]); err != nil {
			return err
		}
	}
	return s.fail
}

// apply commits ops.
func (s *memState) apply(ops []Op) {
	if len(ops) > 0 {
		s.version++
	}
	var next Numbers
	if o, ok := s.organization(); ok {
		next = o.Next
	}
	for _, op := range ops {
		if op.After == nil {
			delete(s.records, op.Key())
		} else {
			s.records[op.Key()] = op.After
		}
	}
	if o, ok := s.organization(); ok {
		s.records[o.Key()] = o.With(next.After(ops...))
	}
}

func (s *memState) organization() (*Organization, bool) {
	for _, e := range s.records {
		if o, ok := e.(*Organization); ok {
			return o, true
		}
	}
	return nil, false
}

// world is an organization that commands are tried on.
type world struct {
	t     *testing.T
	state *memState
	env   Env
}

const (
	monday  Time = 1_767_571_200_000
	tuesday      = monday + 86_400_000
)

func testID(n uint64) ID {
	var id ID
	binary.BigEndian.PutUint64(id[8:], n)
	id[0] = 1
	return id
}

// newWorld returns an organization with its built-in roles, made on Monday; it is Tuesday now.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, state: newMemState()}
	made := uint64(100)
	w.env = Env{Org: testID(1), By: Operator(), Now: monday, NewID: func() (ID, error) {
		made++
		return testID(made), nil
	}}
	w.do(Create{Record: &Organization{Number: 1, Slug: "demo", Name: "Demo Inc."}})
	w.env.Now = tuesday
	return w
}

// do carries out a command that must succeed and returns its ops.
func (w *world) do(cmd Command) []Op {
	w.t.Helper()
	ops, err := Decide(w.state, w.env, cmd)
	if err != nil {
		w.t.Fatalf("%T: %v", cmd, err)
	}
	w.state.apply(ops)
	return ops
}

// refused fails unless a command is refused with a code, about a field.
func (w *world) refused(cmd Command, code Code, field string) {
	w.t.Helper()
	ops, err := Decide(w.state, w.env, cmd)
	if err == nil {
		w.t.Errorf("%T makes %d ops, want the error %s", cmd, len(ops), code)
		return
	}
	if e := AsError(err); e.Code != code || e.Field != field {
		w.t.Errorf("%T fails with %s of %q (%v), want %s of %q", cmd, e.Code, e.Field, err, code, field)
	}
}

// user makes a person named after an address.
func (w *world) user(email string, changes ...func(*User)) *User {
	w.t.Helper()
	u := &User{Email: email, Name: email, AppsAccess: 1}
	for _, change := range changes {
		change(u)
	}
	ops := w.do(Create{Record: u})
	made, ok := ops[len(ops)-1].After.(*User)
	if !ok {
		w.t.Fatalf("the last op is about %s, want a user", ops[len(ops)-1].Key())
	}
	return made
}

// get returns a record as it is now.
func get[E Entity](w *world, e E) E {
	w.t.Helper()
	now, ok := w.state.records[e.Key()].(E)
	if !ok {
		w.t.Fatalf("there is no %s any more", e.Key())
	}
	return now
}

// as returns the same world for a principal with permissions.
func (w *world) as(permissions ...Permission) *world {
	other := *w
	other.env.By = Principal{Org: w.env.Org, Token: testID(77), Name: "test", Permissions: permissions}
	return &other
}

func verbs(ops []Op) []string {
	list := make([]string, len(ops))
	for i, op := range ops {
		list[i] = op.Verb() + " " + string(op.Key().Type)
	}
	return list
}

func wantVerbs(t *testing.T, ops []Op, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, verbs(ops)); diff != "" {
		t.Errorf("ops (-want +got):\n%s", diff)
	}
}

func TestPendingSeesItsOwnOps(t *testing.T) {
	t.Parallel()
	old := &User{ID: testID(1), Number: 1, Identifier: "ann", Email: "ann@example.com", Owner: true}
	base := newMemState()
	base.version = 4
	base.apply([]Op{{After: old}})
	p := NewPending(base)
	if p.Version() != 5 {
		t.Errorf("Version() = %d, want that of the base, 5", p.Version())
	}
	moved := *old
	moved.Email, moved.Owner = "ann@example.org", false
	added := &User{ID: testID(2), Number: 2, Identifier: "bob", Email: "ann@example.com", Owner: true}
	p.Add(Op{Before: old, After: &moved}, Op{After: added})
	for _, tc := range []struct {
		keys Keys
		want Entity
	}{
		{Keys{Email: "ann@example.com"}, added},
		{Keys{Email: "ann@example.org"}, &moved},
		{Keys{Owner: true}, added},
		{Keys{Identifier: "ann"}, &moved},
		{Keys{Number: 2}, added},
		{Keys{Number: 3}, nil},
	} {
		if got, err := p.Find(TypeUser, tc.keys); err != nil || got != tc.want {
			t.Errorf("Find(%+v) = %v, %v; want %v", tc.keys, got, err, tc.want)
		}
	}
	if got, err := p.Get(TypeUser, old.ID); err != nil || got != Entity(&moved) {
		t.Errorf("Get = %v, %v; want the record as moved", got, err)
	}
	var seen []Entity
	if err := p.Each(TypeUser, func(e Entity) error { seen = append(seen, e); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Entity{&moved, added}, seen); diff != "" {
		t.Errorf("Each (-want +got):\n%s", diff)
	}
}

func TestPendingKeepsOneOpForEachRecord(t *testing.T) {
	t.Parallel()
	old := &Group{ID: testID(1), Number: 1, Name: "Old"}
	base := newMemState()
	base.apply([]Op{{After: old}})
	p := NewPending(base)
	renamed, again := *old, *old
	renamed.Name, again.Name = "New", "Newer"
	made := &Group{ID: testID(2), Number: 2, Name: "Made"}
	p.Add(Op{Before: old, After: &renamed}, Op{After: made}, Op{Before: &renamed, After: &again}, Op{Before: made})
	if diff := cmp.Diff([]Op{{Before: old, After: &again}}, p.Ops()); diff != "" {
		t.Errorf("Ops (-want +got):\n%s", diff)
	}
	if e, err := p.Find(TypeGroup, Keys{Number: 2}); err != nil || e != nil {
		t.Errorf("Find of a record that was made and deleted = %v, %v; want nil", e, err)
	}
	p.Add(Op{Before: &again})
	if e, err := p.Find(TypeGroup, Keys{Number: 1}); err != nil || e != nil {
		t.Errorf("Find of a deleted record = %v, %v; want nil", e, err)
	}
	if e, err := p.Get(TypeGroup, old.ID); err != nil || e != nil {
		t.Errorf("Get of a deleted record = %v, %v; want nil", e, err)
	}
	wantVerbs(t, p.Ops(), "delete group")
}

func TestPendingPassesErrorsOn(t *testing.T) {
	t.Parallel()
	base := newMemState()
	base.fail = errors.New("disk full")
	p := NewPending(base)
	if _, err := p.Get(TypeUser, testID(1)); !errors.Is(err, base.fail) {
		t.Errorf("Get fails with %v, want %v", err, base.fail)
	}
	if _, err := p.Find(TypeUser, Keys{Number: 1}); !errors.Is(err, base.fail) {
		t.Errorf("Find fails with %v, want %v", err, base.fail)
	}
	if err := p.Each(TypeUser, func(Entity) error { return nil }); !errors.Is(err, base.fail) {
		t.Errorf("Each fails with %v, want %v", err, base.fail)
	}
	stop := errors.New("stop")
	p = NewPending(newMemState())
	p.Add(Op{After: &Group{ID: testID(1)}})
	if err := p.Each(TypeGroup, func(Entity) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Each fails with %v, want what fn failed with", err)
	}
}

// What is pending answers as if it were committed already, be it little or much.
func TestPendingAnswersAsIfCommitted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, committed := newMemState(), newMemState()
		p := NewPending(base)
		user := func() *User {
			u := &User{ID: testID(rapid.Uint64Range(1, 9).Draw(t, "id")), Owner: rapid.Bool().Draw(t, "owner")}
			u.Number = rapid.Int64Range(0, 4).Draw(t, "number")
			u.Email = rapid.SampledFrom([]string{"", "a@x.example", "B@x.example"}).Draw(t, "email")
			u.Identifier = rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "identifier")
			return u
		}
		add := func(e Entity, to func(...Op)) { // as the unique keys allow
			op := Op{Before: committed.records[e.Key()], After: e}
			if op.Before != nil && rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
				op.After = nil
			}
			for _, k := range single(e.Keys()) {
				if holder, _ := committed.Find(TypeUser, k); op.After != nil && holder != nil && holder.Key() != e.Key() {
					return
				}
			}
			committed.apply([]Op{op})
			to(op)
		}
		for range rapid.IntRange(0, 3).Draw(t, "before") {
			add(user(), func(ops ...Op) { base.apply(ops) })
		}
		for range rapid.IntRange(1, 20).Draw(t, "ops") {
			if rapid.IntRange(0, 9).Draw(t, "grow") == 0 {
				p.Grow(rapid.IntRange(0, 9).Draw(t, "by"))
			}
			add(user(), p.Add)
			sameAnswers(t, p, committed)
		}
	})
}

func sameAnswers(t *rapid.T, got, want State) {
	for id := range uint64(10) {
		g, _ := got.Get(TypeUser, testID(id))
		if w, _ := want.Get(TypeUser, testID(id)); g != w {
			t.Fatalf("the user %d: got %+v, want %+v", id, g, w)
		}
	}
	keys := []Keys{{Email: "a@x.example"}, {Email: "b@x.example"}, {Identifier: "a"}, {Identifier: "b"}}
	for n := range int64(4) {
		keys = append(keys, Keys{Number: n + 1})
	}
	for _, k := range keys {
		g, _ := got.Find(TypeUser, k)
		if w, _ := want.Find(TypeUser, k); g != w {
			t.Fatalf("the user with %+v: got %+v, want %+v", k, g, w)
		}
	}
	g, _ := got.Find(TypeUser, Keys{Owner: true})
	if w, _ := want.Find(TypeUser, Keys{Owner: true}); g != w {
		t.Fatalf("the owner: got %+v, want %+v", g, w)
	}
}
