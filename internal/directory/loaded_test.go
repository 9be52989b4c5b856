package directory_test

import (
	"fmt"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store/memory"
)

func TestLoaded(t *testing.T) {
	s := newService(memory.New())
	size := func() (bytes int64) {
		_, _, parts := s.Loaded()
		for _, n := range parts {
			bytes += n
		}
		return bytes
	}
	check := func(what string, want, wantUsers int, least, most int64) {
		t.Helper()
		n, users, _ := s.Loaded()
		if n != want || users != wantUsers {
			t.Errorf("%s: got %d organizations with %d users, want %d with %d", what, n, users, want, wantUsers)
		}
		if bytes := size(); bytes < least || bytes > most {
			t.Errorf("%s: got %d bytes, want %d to %d", what, bytes, least, most)
		}
	}
	check("nothing", 0, 0, 0, 0)
	one, two := newOrg(t, s, "one"), newOrg(t, s, "two")
	view(t, s, one)
	view(t, s, two)
	check("two", 2, 0, 1, 1<<20)
	before := size()
	for n := range 100 {
		do(t, s, one, roster.Create{Record: &roster.User{Name: "Ann", Email: fmt.Sprintf("ann%d@example.com", n)}})
	}
	check("two, of which one has grown", 2, 100, before+1000, 1<<20)
	s.Evict(one)
	check("one", 1, 0, 1, before)
}
