package directory_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/memory"
)

// Whoever listens is told of every change once, in order, and when it can be read; also where the organization is not in
// memory, and not after the end.
func TestTell(t *testing.T) {
	t.Parallel()
	s := newService(memory.New())
	defer s.Close()
	org := newOrg(t, s, "acme")
	first, err := s.View(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var told []roster.Version
	stop := s.Tell(func(c roster.Change) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, c.Version)
		changes, err := s.Changes(t.Context(), c.Org, c.Version-1, 1)
		if err != nil || len(changes) != 1 || changes[0].Version != c.Version || len(changes[0].Ops) != len(c.Ops) {
			t.Errorf("told of version %d, of which the history has %v, %v", c.Version, changes, err)
		}
	})
	write := func(name string) {
		cmd := roster.Create{Record: &roster.User{Name: name, Email: name + "@example.com"}}
		if _, err := s.Do(t.Context(), org, roster.Operator(), cmd); err != nil {
			t.Error(err)
		}
	}
	var writers sync.WaitGroup
	for i := range 8 {
		writers.Go(func() {
			for j := range 5 {
				write(fmt.Sprintf("u%d-%d", i, j))
			}
		})
	}
	writers.Wait()
	s.Evict(org)
	write("last")
	view, err := s.View(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	write("unheard")
	var want []roster.Version
	for v := first.Version() + 1; v <= view.Version(); v++ {
		want = append(want, v)
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}
