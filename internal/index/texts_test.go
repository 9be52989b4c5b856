package index

import (
	"context"
	"errors"
	"reflect"
	"testing"
)

func warm(tb testing.TB, v *View) {
	tb.Helper()
	if err := v.Warm(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// countdown is a context that is done once it was asked a number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// TestWarmStops gives warming up at every place where it can be, and goes on from there.
func TestWarmStops(t *testing.T) {
	w := filled(newWorld(10), 300)
	v := w.view(options{scanBelow: 1, tail: 8})
	stops := 0
	for last := int64(0); ; stops++ {
		ctx := &countdown{t.Context(), stops}
		err := v.Warm(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) || ctx.left != -1 {
			t.Fatalf("stop %d: got %v, and the context was asked %d times more, want %v", stops, err, -1-ctx.left, context.Canceled)
		}
		if now := v.text.usageBytes(); now < last {
			t.Errorf("stop %d: what was made is gone: %d bytes after %d", stops, now, last)
		} else {
			last = now
		}
	}
	if stops < 15 {
		t.Errorf("there are only %d places to stop at", stops)
	}
	got, want := v.text.segments[0], newTexts(v.pages).segments[0]
	want.postings(0)
	if !reflect.DeepEqual(got.posts, want.posts) || !reflect.DeepEqual(got.words, want.dict()) {
		t.Error("what is made with stops differs from what is made at once")
	}
	s := snapshot{v, w.reference()}
	for range 100 {
		s.check(t, w.query())
	}
}

func (t *texts) usageBytes() (n int64) {
	for _, p := range t.usage() {
		n += p.Bytes
	}
	return n
}

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
	warm(t, v)
	for range 200 {
		snapshot{v, w.reference()}.check(t, w.query())
	}
}
