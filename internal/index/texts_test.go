package index

import "testing"

// TestIndexingUnderWayIsKept applies changes while the texts are indexed: what is being made must not be made again.
func TestIndexingUnderWayIsKept(t *testing.T) {
	w := filled(newWorld(9), 300)
	v := w.view(options{scanBelow: 1, tail: 8})
	change := func() {
		t.Helper()
		next, err := v.Apply(w.change(3))
		if err != nil {
			t.Fatal(err)
		}
		v = next
	}
	base := v.text.segments[0]
	for range 20 {
		change()
	}
	if v.text.segments[0] == base {
		t.Error("what nobody has begun to index is not planned anew")
	}
	base = v.text.segments[0]
	base.begun.Store(true) // as between the beginning and the end of Warm
	for range 20 {
		change()
	}
	if v.text.segments[0] != base || len(v.text.segments) < 2 {
		t.Errorf("after changes there are %d segments, and the first one is another", len(v.text.segments))
	}
	v.Warm()
	for range 200 {
		snapshot{v, w.reference()}.check(t, w.query())
	}
}
