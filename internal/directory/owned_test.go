package directory

import (
	"errors"
	"testing"

	"github.com/roster-dev/roster"
)

// invited is a state with an invitation of each of some users, which counts how many it has shown.
type invited struct {
	counting

	users, shown int
}

func (s *invited) Each(t roster.Type, fn func(roster.Entity) error) error {
	if t != roster.TypeInvitation {
		return s.err
	}
	for i := range s.users {
		s.shown++
		if err := fn(&roster.Invitation{ID: numbered(1, i), User: numbered(2, i)}); err != nil {
			return err
		}
	}
	return s.err
}

func numbered(kind byte, n int) roster.ID { return roster.ID{0: kind, 14: byte(n >> 8), 15: byte(n)} }

// TestManyAreLookedForOnce holds that whose the invitations are is found out twice at the most, however many users are
// asked about.
func TestManyAreLookedForOnce(t *testing.T) {
	t.Parallel()
	const users = 1000
	base := &invited{users: users}
	state := roster.NewPending(remember(base))
	for i := range users {
		found := 0
		err := roster.EachOwn(state, roster.TypeInvitation, numbered(2, i), func(e roster.Entity) error {
			found++
			if e.Key().ID != numbered(1, i) {
				t.Errorf("user %d is said to have invitation %s", i, e.Key().ID)
			}
			state.Add(roster.Op{Before: e})
			return nil
		})
		if err != nil || found != 1 {
			t.Fatalf("user %d has %d invitations (%v), want 1", i, found, err)
		}
	}
	if base.shown > 2*users {
		t.Errorf("%d invitations were looked at for %d users, want at most %d", base.shown, users, 2*users)
	}
}

func TestWhoseRecordsAreIsNotKnownWhereTheStateFails(t *testing.T) {
	t.Parallel()
	base := &invited{counting: counting{err: errors.New("the disk is gone")}}
	state := remember(base)
	for range 3 {
		err := roster.EachOwn(state, roster.TypeInvitation, numbered(2, 0), func(roster.Entity) error { return nil })
		if !errors.Is(err, base.err) {
			t.Errorf("got %v, want %v", err, base.err)
		}
	}
}
