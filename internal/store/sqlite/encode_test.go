package sqlite

import (
	"fmt"
	"testing"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// What is encoded in parts is what is encoded at once.
func TestEncode(t *testing.T) {
	for _, n := range []int{1, 2, encodedAtOnce, encodedAtOnce + 1, 3 * encodedAtOnce, 3*encodedAtOnce + 7} {
		ops := make([]roster.Op, n)
		for i := range ops {
			u := &roster.User{ID: roster.ID{1, byte(i >> 8), byte(i)}, Name: fmt.Sprint(i)}
			if i%5 == 3 {
				ops[i].Before = u
			} else {
				ops[i].After = u
			}
		}
		want, err := store.Encode(ops)
		if err != nil {
			t.Fatal(err)
		}
		var after [][]byte
		e := encode(&roster.Change{Ops: ops})
		for part := range e.parts {
			if part.err != nil {
				t.Fatal(part.err)
			}
			after = append(after, part.After...)
		}
		if e.ops.String() != string(want.Ops) {
			t.Errorf("%d ops: the array is another one", n)
		}
		if len(after) != n {
			t.Fatalf("%d ops: got %d documents", n, len(after))
		}
		for i := range after {
			if string(after[i]) != string(want.After[i]) || (after[i] == nil) != (want.After[i] == nil) {
				t.Fatalf("%d ops: document %d: got %s, want %s", n, i, after[i], want.After[i])
			}
		}
		e.stop()
	}
}

// Who needs no more parts leaves nothing running.
func TestEncodeStops(t *testing.T) {
	ops := make([]roster.Op, 10*encodedAtOnce)
	for i := range ops {
		ops[i].After = &roster.User{ID: roster.ID{1, byte(i >> 8), byte(i)}}
	}
	e := encode(&roster.Change{Ops: ops})
	<-e.parts
	e.stop() // waits
	left := 0
	for range e.parts { // it is closed
		left++
	}
	if left > 2 {
		t.Errorf("%d parts were made after the stop", left)
	}
}
