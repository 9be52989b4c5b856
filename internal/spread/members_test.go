package spread

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

// refresh has members look at a list, and returns who is there.
func refresh(t *testing.T, m *Members, list ...Member) string {
	t.Helper()
	m.list = func(context.Context) ([]Member, error) { return list, nil }
	before := m.names()
	changed, err := m.Refresh(t.Context())
	if err != nil || changed != (m.names() != before) {
		t.Errorf("changed: %t, %v; from %s to %s", changed, err, before, m.names())
	}
	return m.names()
}

func (m *Members) names() string {
	var names []string
	for _, n := range *m.nodes.Load() {
		names = append(names, n.URL().Hostname())
	}
	return strings.Join(names, " ")
}

func TestMembers(t *testing.T) {
	t.Parallel()
	m := New(mustURL(t, "http://b"), nil)
	for _, step := range []struct {
		name string
		list []Member
		want string
	}{
		{"nobody else, not even itself", nil, "b"},
		{"another one", []Member{{"http://a", 0}, {"http://b", 0}}, "a b"},
		{"two of one place, as after a kill", []Member{{"http://a", mostQuiet + 1}, {"http://a", 0}}, "a b"},
		{"one that takes no part, and one that nobody can reach", []Member{{"", 0}, {"what", 0}, {"http://a", 0}}, "a b"},
		{"one that has just been heard of", []Member{{"http://a", mostQuiet}, {"http://b", 0}, {"http://c", mostQuiet}}, "a b c"},
		{"lost ones", []Member{{"http://a", mostQuiet + 1}, {"http://b", time.Hour}, {"http://c", 0}}, "b c"},
		{"one that is back", []Member{{"http://a", 0}, {"http://c", 0}}, "a b c"},
		{"one that has left", []Member{{"http://a", 0}}, "a b"},
	} {
		m.heard = heardLooks
		if got := refresh(t, m, step.list...); got != step.want {
			t.Errorf("%s: got %s, want %s", step.name, got, step.want)
		}
	}
	m.list = func(context.Context) ([]Member, error) { return nil, errors.New("the store is away") }
	if changed, err := m.Refresh(t.Context()); err == nil || changed || m.Count() != 2 {
		t.Errorf("without the store: %t, %v, %s", changed, err, m.names())
	}
}

// TestAllQuiet has the store take nothing that processes say, and then again: only who stays silent is lost, and not
// before all others can have been heard of.
func TestAllQuiet(t *testing.T) {
	t.Parallel()
	m := New(mustURL(t, "http://self"), nil)
	at := func(dead, other, self time.Duration) []Member {
		return []Member{{"http://dead", dead}, {"http://other", other}, {"http://self", self}}
	}
	for range heardLooks {
		refresh(t, m, at(0, 0, 0)...)
	}
	for silent := 3 * time.Second; silent < time.Minute; silent += time.Second {
		if got := refresh(t, m, at(silent+3*time.Second, silent, silent+time.Second)...); got != "dead other self" {
			t.Fatalf("after %s: got %s", silent, got)
		}
	}
	young := New(mustURL(t, "http://young"), nil) // which is started meanwhile
	list := append(at(time.Hour, time.Minute, time.Minute+time.Second), Member{"http://young", time.Minute})
	if got := refresh(t, young, list...); got != "other self young" {
		t.Errorf("who was just started sees %s", got)
	}
	for range heardLooks - 1 {
		if got := refresh(t, m, at(time.Minute, time.Minute, 0)...); got != "dead other self" {
			t.Fatalf("before all were heard of: got %s", got)
		}
	}
	if got := refresh(t, m, at(time.Minute, 0, 0)...); got != "other self" {
		t.Errorf("in the end: got %s", got)
	}
	m.list = func(context.Context) ([]Member, error) { return nil, errors.New("the store is away") }
	if _, err := m.Refresh(t.Context()); err == nil {
		t.Error("the store answers")
	}
	if got := refresh(t, m, at(time.Minute, time.Minute, 0)...); got != "other self" {
		t.Errorf("right after the store was away: got %s", got)
	}
}

// TestLost has only who is not heard of any more be lost, and not who has left.
func TestLost(t *testing.T) {
	t.Parallel()
	m := New(mustURL(t, "http://self"), nil)
	refresh(t, m, Member{"http://gone", 0}, Member{"http://left", 0})
	nodes := *m.nodes.Load()
	gone, left := nodes[0], nodes[1]
	if refresh(t, m, Member{"http://gone", 0}, Member{"http://left", 0}); (*m.nodes.Load())[0] != gone {
		t.Error("who stays must stay the same")
	}
	lost := make(chan struct{})
	gone.WhenLost(func() { close(lost) })
	stop := left.WhenLost(func() { t.Error("who has left in order is not lost") })
	m.heard = heardLooks
	refresh(t, m, Member{"http://gone", time.Minute}, Member{"http://self", 0})
	<-lost
	if !stop() {
		t.Error("who has left counts as lost")
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	m := New(mustURL(t, "http://self"), nil)
	if m.Owner(orgID(1)) != nil || !m.Owns(orgID(1)) {
		t.Error("who is alone has all organizations")
	}
	refresh(t, m, Member{"http://other", 0})
	own := 0
	for i := range 100 {
		other := m.Owner(orgID(i))
		if m.Owns(orgID(i)) != (other == nil) {
			t.Errorf("organization %d is of %v", i, other)
		}
		if other == nil {
			own++
		} else if other.URL().String() != "http://other" {
			t.Errorf("organization %d is of %s", i, other.URL())
		}
	}
	if own == 0 || own == 100 {
		t.Errorf("one of two has %d of 100", own)
	}
	if !m.Owns(roster.InstanceID()) {
		t.Error("the organization of the instance itself is in everybody's memory")
	}
}
