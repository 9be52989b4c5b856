package index

import (
	"sync"
	"testing"
)

// An order that is first needed after changes is the one of the view that is asked, whichever that is.
func TestOrdersAreMadeWhenTheyAreNeeded(t *testing.T) {
	for _, name := range []string{"before changes", "after changes"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := filled(newWorld(11), 2000)
			first := snapshot{w.view(options{scanBelow: 1, tail: 8}), w.reference()}
			made := 0
			for _, o := range first.view.orders {
				if o.isReady() {
					made++
				}
			}
			if made != 1 {
				t.Errorf("%d orders are made before anybody has asked, want 1", made)
			}
			if name == "before changes" {
				first.checkLookups(t)
			}
			next, err := first.view.Apply(w.change(50))
			if err != nil {
				t.Fatal(err)
			}
			second := snapshot{next, w.reference()}
			for _, s := range []snapshot{second, first} {
				checkInvariants(t, s.view)
				s.checkLookups(t)
				for range 20 {
					s.check(t, w.query())
				}
			}
		})
	}
}

// Many may need the same orders at once, while a change is applied.
func TestOrdersAreMadeOnce(t *testing.T) {
	w := filled(newWorld(12), 3000)
	s := snapshot{w.view(options{scanBelow: 1, tail: 8}), w.reference()}
	change := w.change(20)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { s.checkLookups(t) })
	}
	group.Go(func() { warm(t, s.view) })
	next, err := s.view.Apply(change)
	if err != nil {
		t.Fatal(err)
	}
	group.Wait()
	checkInvariants(t, s.view)
	checkInvariants(t, next)
}

// What a view is said to take up before all of it is made is about what it takes up afterwards.
func TestUsageOfWhatIsNotMadeYet(t *testing.T) {
	w := filled(newWorld(13), 3000)
	v := w.view(options{scanBelow: 1, tail: 8})
	before := v.Bytes()
	v.readyOrders()
	if after := v.Bytes(); after < before*8/10 || after > before*12/10 {
		t.Errorf("a view takes up %d bytes, and %d before all orders were made", after, before)
	}
}
