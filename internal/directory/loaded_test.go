package directory_test

import (
	"fmt"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/memory"
)

func TestLoaded(t *testing.T) {
	s := newService(memory.New())
	check := func(what string, want int, least, most int64) {
		t.Helper()
		if n, bytes := s.Loaded(); n != want || bytes < least || bytes > most {
			t.Errorf("%s: got %d organizations with %d bytes, want %d with %d to %d", what, n, bytes, want, least, most)
		}
	}
	check("nothing", 0, 0, 0)
	one, two := newOrg(t, s, "one"), newOrg(t, s, "two")
	view(t, s, one)
	view(t, s, two)
	check("two", 2, 1, 1<<20)
	_, before := s.Loaded()
	for n := range 100 {
		do(t, s, one, roster.Create{Record: &roster.User{Name: "Ann", Email: fmt.Sprintf("ann%d@example.com", n)}})
	}
	check("two, of which one has grown", 2, before+1000, 1<<20)
	s.Evict(one)
	check("one", 1, 1, before)
}
