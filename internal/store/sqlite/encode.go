package sqlite

import (
	"strings"
	"sync"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// encodedAtOnce is how many ops are encoded while those before them are written: a multiple of rowsAtOnce.
const encodedAtOnce = 64 * rowsAtOnce

// encoding is the ops of a change on their way to being written. Where there are many, they are encoded on a goroutine,
// which stop waits for.
type encoding struct {
	parts chan encodedPart
	// ops is the JSON array of all ops, complete when there are no more parts.
	ops strings.Builder
	// contents is what the entries of the change are about, complete then, too.
	contents *store.Contents
	stopped  chan struct{}
	running  sync.WaitGroup
}

// encodedPart is what becomes of the next ops, or why they can't be encoded.
type encodedPart struct {
	store.Encoded

	err error
}

// encode begins to encode the ops of a change. The caller receives the parts, and calls stop when it needs no more.
func encode(change *roster.Change) *encoding {
	e := &encoding{
		parts: make(chan encodedPart, 1), contents: store.NewContents(change.Entries), stopped: make(chan struct{}),
	}
	if len(change.Ops) <= encodedAtOnce {
		e.encode(change.Ops)
	} else {
		e.running.Go(func() { e.encode(change.Ops) })
	}
	return e
}

func (e *encoding) stop() {
	close(e.stopped)
	e.running.Wait()
}

// encode sends ops in parts: one, for which there is room, or as many as are received.
func (e *encoding) encode(ops []roster.Op) {
	defer close(e.parts)
	for first := true; first || len(ops) > 0; first = false {
		n := min(len(ops), encodedAtOnce)
		enc, err := store.Encode(ops[:n])
		if first && n < len(ops) {
			part := len(enc.Ops) + len(enc.Ops)/16 // the others are likely to be as large
			e.ops.Grow(part * (len(ops)/n + 1))
		}
		if err == nil {
			e.add(enc.Ops, first, n == len(ops))
			e.contents.Add(ops[:n], enc)
		}
		select {
		case e.parts <- encodedPart{enc, err}:
		case <-e.stopped:
			return
		}
		ops = ops[n:]
	}
}

// add adds an array's elements to ops, which it begins where they are the first and ends where they are the last.
func (e *encoding) add(array []byte, first, last bool) {
	if !first {
		array = array[1:]
		e.ops.WriteByte(',')
	}
	if !last {
		array = array[:len(array)-1]
	}
	e.ops.Write(array)
}
