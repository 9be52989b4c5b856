package directory

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/roster-dev/roster"
)

// counting is a state with one group that counts what it is asked, or fails.
type counting struct {
	group *roster.Group
	asked int
	err   error
}

func (c *counting) Version() roster.Version { return 7 }

func (c *counting) Get(t roster.Type, id roster.ID) (roster.Entity, error) {
	c.asked++
	if c.err == nil && t == roster.TypeGroup && id == c.group.ID {
		return c.group, nil
	}
	return nil, c.err
}

func (c *counting) Find(t roster.Type, k roster.Keys) (roster.Entity, error) {
	c.asked++
	if c.err == nil && t == roster.TypeGroup && k.Number == c.group.Number {
		return c.group, nil
	}
	return nil, c.err
}

func (c *counting) Each(_ roster.Type, fn func(roster.Entity) error) error { return fn(c.group) }

func TestMemoAsksOnce(t *testing.T) {
	t.Parallel()
	base := &counting{group: &roster.Group{ID: roster.ID{1}, Number: 1}}
	m := remember(base)
	look := func(typ roster.Type, id roster.ID, number int64) (byID, byNumber roster.Entity) {
		byID, err := m.Get(typ, id)
		if err != nil {
			t.Fatal(err)
		}
		byNumber, err = m.Find(typ, roster.Keys{Number: number})
		if err != nil {
			t.Fatal(err)
		}
		return byID, byNumber
	}
	for round := range 2 {
		if a, b := look(roster.TypeGroup, roster.ID{1}, 1); a != base.group || b != base.group {
			t.Errorf("round %d: found %v and %v, want the group", round, a, b)
		}
		for typ, number := range map[roster.Type]int64{roster.TypeGroup: 2, roster.TypeSpace: 1} {
			if a, b := look(typ, roster.ID{byte(number), 1}, number); a != nil || b != nil {
				t.Errorf("round %d: found %v and %v, want nothing of type %s", round, a, b, typ)
			}
		}
	}
	if base.asked != 6 || m.Version() != 7 {
		t.Errorf("asked %d times at version %d, want 6 at 7", base.asked, m.Version())
	}
}

func TestMemoForgetsErrors(t *testing.T) {
	t.Parallel()
	base := &counting{group: &roster.Group{ID: roster.ID{1}}, err: errors.New("the disk is gone")}
	m := remember(base)
	if _, err := m.Get(roster.TypeGroup, roster.ID{1}); !errors.Is(err, base.err) {
		t.Errorf("got %v, want %v", err, base.err)
	}
	base.err = nil
	if e, err := m.Get(roster.TypeGroup, roster.ID{1}); err != nil || e != base.group {
		t.Errorf("got %v, %v; want the group", e, err)
	}
}

// finding is a counting state that can look many records up at once.
type finding struct {
	counting

	ids  []roster.ID
	keys []roster.Keys
}

func (f *finding) FindAll(_ roster.Type, ids []roster.ID, keys []roster.Keys) ([]roster.Entity, error) {
	f.ids, f.keys = ids, keys
	return []roster.Entity{f.group, f.group}, f.err
}

// imports returns commands about groups 1 to 20, and some that are about no new record.
func imports() []roster.Command {
	cmds := []roster.Command{
		roster.Delete{Type: roster.TypeGroup, Ref: roster.Ref{Number: 7}},
		roster.Create{Record: &roster.Organization{ID: roster.ID{1}, Number: 1}},
	}
	for n := range byte(20) {
		cmds = append(cmds, roster.Import{Record: &roster.Group{ID: roster.ID{n}, Number: int64(n) + 1}})
	}
	return cmds
}

func TestMemoExpects(t *testing.T) {
	t.Parallel()
	group := &roster.Group{ID: roster.ID{3}, Number: 4}
	base := &finding{counting: counting{group: group}}
	m := remember(base)
	if err := m.expect(imports()); err != nil {
		t.Fatal(err)
	}
	if len(base.ids) != 19 || len(base.keys) != 20 { // the first id is none
		t.Errorf("looked for the ids %v and the keys %v, want 19 and 20", base.ids, base.keys)
	}
	for n := range byte(20) {
		var want roster.Entity
		if n == 3 {
			want = group
		}
		if e, err := m.Find(roster.TypeGroup, roster.Keys{Number: int64(n) + 1}); e != want || err != nil {
			t.Errorf("number %d: got %v, %v; want %v", n+1, e, err, want)
		}
		if n == 0 {
			continue
		}
		if e, err := m.Get(roster.TypeGroup, roster.ID{n}); e != want || err != nil {
			t.Errorf("id %d: got %v, %v; want %v", n, e, err, want)
		}
	}
	if base.asked != 0 {
		t.Errorf("asked %d times for what was expected, want never", base.asked)
	}
	base.err = errors.New("the disk is gone")
	if err := remember(base).expect(imports()); !errors.Is(err, base.err) {
		t.Errorf("got %v, want %v", err, base.err)
	}
}

func TestMemoExpectsTheIdentifierMadeOfAnEmail(t *testing.T) {
	t.Parallel()
	base := &finding{counting: counting{group: &roster.Group{}}}
	cmds := imports()
	for i := range cmds {
		cmds[i] = roster.Create{Record: &roster.User{Email: fmt.Sprintf("User.%d@example.com", i)}}
	}
	if err := remember(base).expect(cmds); err != nil {
		t.Fatal(err)
	}
	for _, want := range []roster.Keys{{Email: "user.7@example.com"}, {Identifier: "user.7"}} {
		if !slices.Contains(base.keys, want) {
			t.Errorf("looked for %v, want %v among them", base.keys, want)
		}
	}
}

func TestMemoExpectsOnlyMany(t *testing.T) {
	t.Parallel()
	base := &finding{counting: counting{group: &roster.Group{}, err: errors.New("asked for")}}
	if err := remember(base).expect(imports()[:15]); err != nil {
		t.Errorf("few commands: %v, want no look-up", err)
	}
	if err := remember(&base.counting).expect(imports()); err != nil {
		t.Errorf("a state that can't: %v, want no look-up", err)
	}
}
