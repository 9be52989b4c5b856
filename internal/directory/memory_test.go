package directory_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// newOptions returns the options of newService.
func newOptions() directory.Options {
	var ids atomic.Uint32
	return directory.Options{
		Now:   func() roster.Time { return now },
		NewID: func() (roster.ID, error) { return id(int(ids.Add(1))), nil },
	}
}

// limited returns a service whose views may take up so much memory.
func limited(s store.Store, bytes int64) *directory.Service {
	o := newOptions()
	o.MaxBytes = bytes
	return directory.New(s, o)
}

// fill creates users and returns what a view of the organization takes up with them.
func fill(t *testing.T, s *directory.Service, org roster.ID, users int) int64 {
	t.Helper()
	cmds := make([]roster.Command, users)
	for i := range cmds {
		cmds[i] = createUser(fmt.Sprintf("user-%d", i))
	}
	do(t, s, org, cmds...)
	return view(t, s, org).Bytes()
}

// threeOrgs returns a store with three organizations of one size.
func threeOrgs(t *testing.T) (s *spy, orgs [3]roster.ID, bytes int64) {
	t.Helper()
	s = &spy{Store: memory.New()}
	service := newService(s)
	for i := range orgs {
		orgs[i] = newOrg(t, service, fmt.Sprintf("org-%d", i))
		bytes = fill(t, service, orgs[i], 1000)
	}
	s.loads.Store(0)
	return s, orgs, bytes
}

// wantLoaded holds that asking for the views of organizations loads none.
func wantLoaded(t *testing.T, s *spy, service *directory.Service, orgs ...roster.ID) {
	t.Helper()
	before := s.loads.Load()
	for _, org := range orgs {
		view(t, service, org)
		if after := s.loads.Load(); after != before {
			t.Errorf("organization %s had to be loaded", org)
			before = after
		}
	}
}

func TestEvictsTheLeastRecentlyUsed(t *testing.T) {
	for name, use := range map[string]func(*testing.T, *directory.Service, roster.ID){
		"read":  func(t *testing.T, s *directory.Service, org roster.ID) { t.Helper(); view(t, s, org) },
		"write": func(t *testing.T, s *directory.Service, org roster.ID) { t.Helper(); do(t, s, org, createUser("zoe")) },
	} {
		t.Run(name, func(t *testing.T) {
			s, orgs, bytes := threeOrgs(t)
			service := limited(s, bytes*5/2)
			old := view(t, service, orgs[1])
			view(t, service, orgs[0])
			use(t, service, orgs[1])
			view(t, service, orgs[2])
			wantLoaded(t, s, service, orgs[1], orgs[2])
			if got := s.loads.Load(); got != 3 {
				t.Errorf("got %d loads, want 3", got)
			}
			view(t, service, orgs[0])
			if got := s.loads.Load(); got != 4 {
				t.Errorf("the first organization is loaded still: got %d loads, want 4", got)
			}
			view(t, service, orgs[1])
			if got := len(names(t, old)); got != 1000 {
				t.Errorf("who held a view that was evicted sees %d users, want 1000", got)
			}
		})
	}
}

func TestEvictsNothingThatIsWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, orgs, bytes := threeOrgs(t)
		service := limited(s, bytes*5/2)
		view(t, service, orgs[0])
		goOn, done := make(chan struct{}), make(chan struct{})
		s.beforeUpdate = func() error {
			<-goOn
			return nil
		}
		go func() {
			defer close(done)
			do(t, service, orgs[0], createUser("zoe"))
		}()
		synctest.Wait()
		view(t, service, orgs[1])
		view(t, service, orgs[2])
		close(goOn)
		<-done
		wantLoaded(t, s, service, orgs[0], orgs[2])
		if got := len(names(t, view(t, service, orgs[0]))); got != 1001 {
			t.Errorf("got %d users, want 1001", got)
		}
	})
}

// An organization that grows makes the others go, however it is written to.
func TestEvictsForWrites(t *testing.T) {
	s, orgs, bytes := threeOrgs(t)
	service := limited(s, bytes*7/2)
	for _, org := range orgs {
		view(t, service, org)
	}
	for batch := range 20 {
		var cmds []roster.Command
		for n := range 100 {
			cmds = append(cmds, createUser(fmt.Sprintf("more-%d-%d", batch, n)))
		}
		do(t, service, orgs[2], cmds...)
	}
	wantLoaded(t, s, service, orgs[2])
	view(t, service, orgs[0])
	view(t, service, orgs[1])
	if got := s.loads.Load(); got < 4 {
		t.Errorf("nothing was evicted: got %d loads, want more than 3", got)
	}
}

func TestTooLarge(t *testing.T) {
	for name, users := range map[string]int{"once it is built": 500, "while it is built": 6000} {
		t.Run(name, func(t *testing.T) {
			s := &spy{Store: memory.New()}
			unlimited := newService(s)
			org, other := newOrg(t, unlimited, "one"), newOrg(t, unlimited, "two")
			fill(t, unlimited, org, users)
			s.loads.Store(0)
			service := limited(s, 64<<10)
			view(t, service, other)
			for range 2 {
				_, err := service.View(t.Context(), org)
				wantCode(t, "view", err, roster.Unavailable)
				if text := fmt.Sprint(err); !strings.Contains(text, "0.06 MiB") || strings.Count(text, " MiB") != 2 {
					t.Errorf("%q does not name both sizes", text)
				}
			}
			if got := s.loads.Load(); got != 2 {
				t.Errorf("got %d loads, want 2: what is too large need not be loaded again", got)
			}
			wantLoaded(t, s, service, other)
			var gone, purged []roster.Command
			for i := range users {
				gone = append(gone, roster.Delete{Type: roster.TypeUser, Ref: byEmail(fmt.Sprintf("user-%d", i))})
				purged = append(purged, roster.Delete{Type: roster.TypeDeletedUser, Ref: roster.Ref{Number: int64(i + 1)}})
			}
			do(t, service, org, gone...)
			do(t, service, org, purged...)
			wantNames(t, view(t, service, org))
		})
	}
}

// What is just enough is enough: what a load is stopped for is no more than what a view would have taken up, whatever
// the records are like.
func TestJustEnough(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("𐍈", 200)
	for name, tc := range map[string]struct {
		users   int
		user    func(n int) *roster.User
		deleted bool
	}{
		"small": {9000, func(int) *roster.User { return &roster.User{Name: "x", Kind: roster.Virtual} }, false},
		"deleted": {4200, func(n int) *roster.User {
			return &roster.User{Name: long, Identifier: fmt.Sprint("i", n), Kind: roster.Virtual, Description: long}
		}, true},
		"with keys": {4200, func(n int) *roster.User {
			return &roster.User{Name: "x", Email: fmt.Sprintf("%d@example.com", n), Identifier: fmt.Sprint("i", n)}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &spy{Store: memory.New()}
			unlimited := newService(s)
			org := newOrg(t, unlimited, "one")
			var cmds []roster.Command
			for n := range tc.users {
				cmds = append(cmds, roster.Create{Record: tc.user(n)})
			}
			for n := range tc.users {
				if tc.deleted {
					cmds = append(cmds, roster.Delete{Type: roster.TypeUser, Ref: roster.Ref{Number: int64(n + 1)}})
				}
			}
			do(t, unlimited, org, cmds...)
			v := view(t, newService(s), org)
			warmed(t, v)
			view(t, limited(s, v.Bytes()), org)
			_, err := limited(s, v.Bytes()-1).View(t.Context(), org)
			wantCode(t, "a byte less", err, roster.Unavailable)
		})
	}
}

// Who waits for a version does not keep the view in memory, and is told when there is one all the same.
func TestWaitWhileEvicted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, orgs, bytes := threeOrgs(t)
		service := limited(s, bytes*5/2)
		version := view(t, service, orgs[0]).Version()
		got := make(chan roster.Version)
		go func() {
			v, err := service.Wait(t.Context(), orgs[0], version+1)
			if err != nil {
				t.Error(err)
			}
			got <- v.Version()
		}()
		synctest.Wait()
		view(t, service, orgs[1])
		view(t, service, orgs[2])
		synctest.Wait()
		wantLoaded(t, s, service, orgs[1], orgs[2])
		do(t, service, orgs[0], createUser("zoe"))
		if v := <-got; v != version+1 {
			t.Errorf("got version %d, want %d", v, version+1)
		}
	})
}
