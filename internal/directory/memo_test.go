package directory

import (
	"errors"
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
