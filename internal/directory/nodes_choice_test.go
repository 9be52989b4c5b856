package directory_test

import (
	"testing"
	"time"

	"github.com/roster-dev/roster"
)

// TestNodesChoose holds commands that follow from the users to following from those that there are when they are
// carried out, not from those that another process has changed since.
func TestNodesChoose(t *testing.T) {
	t.Parallel()
	n := newNodes(t, time.Hour, inMemory())
	org := newOrg(t, n[0], "acme")
	do(t, n[0], org, createUser("ann"))
	view(t, n[1], org)
	var seen []roster.Version
	choose := func(users roster.Users) (cmds []roster.Command, err error) {
		if seen = append(seen, users.Version()); len(seen) == 1 {
			do(t, n[1], org, createUser("bob"))
		}
		page, err := users.Users(roster.Query{})
		if err != nil {
			return nil, err
		}
		for u := range page.Users {
			cmds = append(cmds, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{ID: u.ID}})
		}
		return cmds, nil
	}
	step := func(roster.Version, []roster.Outcome) ([]roster.JobStep, error) { return nil, nil }
	if err := n[0].DoChosen(t.Context(), org, roster.Operator(), choose, step); err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || seen[0] != 2 || seen[1] != 3 {
		t.Errorf("it was chosen at the versions %v, want 2 and 3", seen)
	}
	wantNames(t, view(t, n[0], org))
	if _, err := n[1].Wait(t.Context(), org, 4); err != nil {
		t.Fatal(err)
	}
	wantNames(t, view(t, n[1], org))
}

// TestNodesWaitForOne wakes those who wait for what another process writes to an organization that is not in memory any
// more, and says how well the others are followed.
func TestNodesWaitForOne(t *testing.T) {
	t.Parallel()
	n := newNodes(t, time.Millisecond, inMemory())
	org := newOrg(t, n[0], "acme")
	view(t, n[1], org)
	woken := make(chan error)
	go func() {
		v, err := n[1].Wait(t.Context(), org, 2)
		if err == nil && v.Version() < 2 {
			err = roster.Errorf(roster.Internal, "got version %d", v.Version())
		}
		woken <- err
	}()
	n[1].Evict(org)
	do(t, n[0], org, createUser("ann"))
	if err := <-woken; err != nil {
		t.Error(err)
	}
	f, ok := n[1].Following()
	if !ok || f.Polls == 0 || f.Failures != 0 || f.Quiet > time.Minute {
		t.Errorf("got %+v, %v", f, ok)
	}
	if err := n[1].Ready(t.Context()); err != nil {
		t.Error(err)
	}
	alone := newService(newSQLite(t))
	defer alone.Close()
	if _, ok := alone.Following(); ok || alone.IsShared() {
		t.Error("nobody shares a file")
	}
}
