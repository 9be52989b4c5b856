package directory_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

func TestViewLoadsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := make(chan struct{})
		s := &spy{Store: memory.New(), beforeLoad: func(context.Context, roster.ID) { <-begin }}
		service := newService(s)
		org := newOrg(t, service, "one")
		views := make([]*index.View, 16)
		var group sync.WaitGroup
		for i := range views {
			group.Go(func() { views[i], _ = service.View(t.Context(), org) })
		}
		synctest.Wait() // all of them wait for the one load
		close(begin)
		group.Wait()
		for i, v := range views {
			if v == nil || v != views[0] {
				t.Errorf("request %d got view %p, request 0 got %p", i, v, views[0])
			}
		}
		view(t, service, org)
		if got := s.loads.Load(); got != 1 {
			t.Errorf("got %d loads, want 1", got)
		}
	})
}

func TestViewGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := make(chan struct{})
		s := &spy{Store: memory.New(), beforeLoad: func(context.Context, roster.ID) { <-begin }}
		service := newService(s)
		org := newOrg(t, service, "one")
		ctx, giveUp := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := service.View(ctx, org)
			failed <- err
		}()
		synctest.Wait()
		giveUp()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("a request that is given up: got %v, want %v", err, context.Canceled)
		}
		close(begin)
		synctest.Wait() // the load ends although nobody asks any more
		view(t, service, org)
		if got := s.loads.Load(); got != 1 {
			t.Errorf("got %d loads, want 1", got)
		}
	})
}

func TestViewWhileAnotherLoads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := make(chan struct{})
		var slow roster.ID
		s := &spy{Store: memory.New(), beforeLoad: func(_ context.Context, org roster.ID) {
			if org == slow {
				<-begin
			}
		}}
		service := newService(s)
		one, two := newOrg(t, service, "one"), newOrg(t, service, "two")
		do(t, service, one, createUser("ann"))
		slow = two
		done := make(chan struct{})
		go func() {
			defer close(done)
			view(t, service, two)
		}()
		synctest.Wait()
		wantNames(t, view(t, service, one), "ann")
		do(t, service, one, createUser("bob"))
		do(t, service, two, createUser("cid")) // nor does a load hold up writes
		wantNames(t, view(t, service, one), "ann", "bob")
		close(begin)
		<-done
		wantNames(t, view(t, service, two), "cid")
	})
}

// What is committed while a load has its records but has not published them shows in the view.
func TestLoadCatchesUp(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			under := open(t)
			loaded, goOn := make(chan struct{}), make(chan struct{})
			s := &spy{Store: under, loaded: func(context.Context, roster.ID) {
				loaded <- struct{}{}
				<-goOn
			}}
			service := newService(s)
			org := newOrg(t, service, "one")
			do(t, service, org, createUser("ann"))
			got := make(chan *index.View)
			go func() { got <- view(t, service, org) }()
			<-loaded
			do(t, service, org, createUser("bob"))
			do(t, service, org, roster.Delete{Type: roster.TypeUser, Ref: byEmail("ann")})
			close(goOn)
			v := <-got
			wantNames(t, v, "bob")
			if v.Version() != 4 {
				t.Errorf("got version %d, want 4", v.Version())
			}
			if v != view(t, service, org) {
				t.Error("the view that was returned is not the one that was published")
			}
		})
	}
}

// A request that finds a load under way must not take over that it found no organization: it may have been made since.
func TestViewAfterALoadThatFoundNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		s := &spy{Store: memory.New(), loaded: func(context.Context, roster.ID) { <-goOn }}
		service := newService(s)
		org := id(77)
		early, late := make(chan error), make(chan error)
		go func() {
			_, err := service.View(t.Context(), org)
			early <- err
		}()
		synctest.Wait() // the load has found nothing
		made := roster.Organization{ID: org, Slug: "one", Name: "One"}
		if _, err := service.CreateOrg(t.Context(), roster.Operator(), made); err != nil {
			t.Fatal(err)
		}
		go func() {
			_, err := service.View(t.Context(), org)
			late <- err
		}()
		synctest.Wait()
		close(goOn)
		wantCode(t, "before it was made", <-early, roster.NotFound)
		wantCode(t, "after it was made", <-late, "")
	})
}

func TestViewUnknownOrganization(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			service := newService(s)
			_, err := service.View(t.Context(), id(77))
			wantCode(t, "view", err, roster.NotFound)
			_, err = service.Wait(t.Context(), id(77), 1)
			wantCode(t, "wait", err, roster.NotFound)
			_, err = service.Do(t.Context(), id(77), roster.Operator(), createUser("ann"))
			wantCode(t, "do", err, roster.NotFound)
		})
	}
}

func TestLoadFails(t *testing.T) {
	s := &spy{Store: memory.New()}
	service := newService(s)
	org := newOrg(t, service, "one")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := service.View(t.Context(), org)
	wantCode(t, "the store is closed", err, roster.Unavailable)
}

func TestEvict(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			under := open(t)
			s := &spy{Store: under}
			service := newService(s)
			org := newOrg(t, service, "one")
			do(t, service, org, createUser("ann"))
			old := view(t, service, org)
			service.Evict(org)
			do(t, service, org, createUser("bob"))
			wantNames(t, old, "ann")
			wantNames(t, view(t, service, org), "ann", "bob")
			if got := s.loads.Load(); got != 2 {
				t.Errorf("got %d loads, want 2", got)
			}
		})
	}
}

func TestWait(t *testing.T) {
	for name, evict := range map[string]bool{"loaded": false, "evicted": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := newService(memory.New())
				org := newOrg(t, service, "one")
				got := make(chan *index.View, 1)
				go func() {
					v, err := service.Wait(t.Context(), org, 3)
					if err != nil {
						t.Error(err)
					}
					got <- v
				}()
				synctest.Wait()
				do(t, service, org, createUser("ann"))
				synctest.Wait()
				if len(got) > 0 {
					t.Fatal("Wait has not waited for version 3")
				}
				if evict {
					service.Evict(org)
				}
				do(t, service, org, createUser("bob"))
				v := <-got
				wantNames(t, v, "ann", "bob")
				if v, err := service.Wait(t.Context(), org, 2); err != nil || v.Version() != 3 {
					t.Errorf("a version that is past: got %v, %v", v.Version(), err)
				}
			})
		})
	}
}

func TestWaitGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := newService(memory.New())
		org := newOrg(t, service, "one")
		ctx, giveUp := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := service.Wait(ctx, org, 2)
			failed <- err
		}()
		synctest.Wait()
		giveUp()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
}

// TestNumbersOfTheErased: a number that was taken and erased while a view was made is not given again.
func TestNumbersOfTheErased(t *testing.T) {
	s := &spy{Store: memory.New()}
	service := newService(s)
	org := newOrg(t, service, "one")
	s.loaded = func(ctx context.Context, org roster.ID) {
		s.loaded = nil
		for _, cmd := range []roster.Command{createUser("eve"), roster.Erase{Ref: byEmail("eve")}} {
			if _, err := service.Do(ctx, org, roster.Operator(), cmd); err != nil {
				t.Error(err)
			}
		}
	}
	view(t, service, org)
	change := do(t, service, org, createUser("ann"))
	if ann, ok := change.Ops[0].After.(*roster.User); !ok || ann.Number != 2 {
		t.Errorf("got %+v, want the number 2: 1 was taken", change.Ops[0].After)
	}
	if got := s.loads.Load(); got != 2 {
		t.Errorf("got %d loads, want 2", got)
	}
}

// halfway is a store that fails after a number of batches of each load, unless that is 0.
type halfway struct {
	store.Store

	after, batches int
}

func (f *halfway) LoadBatches(
	ctx context.Context, org roster.ID, work func(iter.Seq[roster.Entity]) func() error,
) (roster.Version, error) {
	f.batches = 0
	return f.Store.(store.Batcher).LoadBatches(ctx, org, func(batch iter.Seq[roster.Entity]) func() error {
		then := work(batch)
		return func() error {
			if f.batches++; f.batches == f.after {
				return roster.Errorf(roster.Unavailable, "the disk of the store fails")
			}
			return then()
		}
	})
}

// TestLoadFailsHalfway has loads fail after each batch: no view is made of what there was until then, and the next load
// makes one of all.
func TestLoadFailsHalfway(t *testing.T) {
	s := &halfway{Store: newSQLite(t)}
	service := newService(s)
	org := newOrg(t, service, "one")
	do(t, service, org, createUser("ann"), roster.Create{Record: &roster.Group{Name: "Staff"}})
	for s.after = 1; ; s.after++ {
		service.Evict(org)
		_, err := service.View(t.Context(), org)
		if err == nil {
			break
		}
		wantCode(t, fmt.Sprintf("view, after batch %d", s.after), err, roster.Unavailable)
		if n, _, _ := service.Loaded(); n != 0 {
			t.Errorf("%d organizations are loaded after batch %d failed", n, s.after)
		}
	}
	if s.after < 3 {
		t.Errorf("only %d batches: too few to fail between", s.after)
	}
	wantNames(t, view(t, service, org), "ann")
	do(t, service, org, createUser("bob"))
	wantNames(t, view(t, service, org), "ann", "bob")
}
