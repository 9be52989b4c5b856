package directory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/directory"
	"github.com/roster-dev/roster/internal/index"
	"github.com/roster-dev/roster/internal/store"
	"github.com/roster-dev/roster/internal/store/memory"
)

// warming returns a service that indexes texts in the background.
func warming(s store.Store) *directory.Service {
	o := newOptions()
	o.Warm = true
	return directory.New(s, o)
}

// wantWarm holds whether warming a view adds nothing to it.
func wantWarm(t *testing.T, what string, s *directory.Service, org roster.ID, want bool) {
	t.Helper()
	v := view(t, s, org)
	before := v.Bytes()
	warmed(t, v)
	if got := v.Bytes() == before; got != want {
		t.Errorf("%s: the texts are indexed: got %t, want %t", what, got, want)
	}
}

func warmed(t *testing.T, v *index.View) {
	t.Helper()
	if err := v.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestWarmsAfterALoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New()
		org := newOrg(t, newService(s), "one")
		fill(t, newService(s), org, 1000)
		service := warming(s)
		view(t, service, org)
		synctest.Wait()
		wantWarm(t, "after a load", service, org, true)
		service.Close()
		cold := newService(s)
		view(t, cold, org)
		synctest.Wait()
		wantWarm(t, "of a service that is not to do it", cold, org, false)
	})
}

func TestWarmsAfterAnImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := warming(memory.New())
		org := newOrg(t, service, "one")
		view(t, service, org)
		synctest.Wait()
		fill(t, service, org, 3000)
		synctest.Wait()
		before := view(t, service, org).Bytes()
		time.Sleep(700 * time.Millisecond)
		do(t, service, org, createUser("zoe")) // the import goes on
		time.Sleep(700 * time.Millisecond)
		synctest.Wait()
		if got := view(t, service, org).Bytes(); got > before+before/10 {
			t.Errorf("while an import is under way the view grew from %d to %d bytes", before, got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantWarm(t, "after an import", service, org, true)
		service.Close()
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goOn := make(chan struct{})
		var slow roster.ID
		s := &spy{Store: memory.New(), beforeLoad: func(_ context.Context, org roster.ID) {
			if org == slow {
				<-goOn
			}
		}}
		service := warming(s)
		one, two, three := newOrg(t, service, "one"), newOrg(t, service, "two"), newOrg(t, service, "three")
		fill(t, service, one, 3000) // and the warming waits for the end of it
		fill(t, service, two, 200)
		service.Evict(two)
		slow = two
		loaded := make(chan error, 1)
		go func() {
			_, err := service.View(t.Context(), two)
			loaded <- err
		}()
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			service.Close()
		}()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close has not waited for a load")
		default:
		}
		close(goOn)
		<-closed
		wantCode(t, "a load that had begun", <-loaded, "")
		_, err := service.View(t.Context(), three)
		wantCode(t, "a load after Close", err, roster.Unavailable)
		do(t, service, one, createUser("zoe"))
		service.Close()
	})
}
