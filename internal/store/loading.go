package store

import (
	"context"
	"iter"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/roster-dev/roster"
)

// Loading is what is done with the records of an organization while a driver reads them: see [Each] and [EachBatch].
type Loading struct {
	first func(roster.Entity) error
	work  func(*loaded) (then func() error)
}

// Each returns what [Store.Load] does: it calls fn with every record.
func Each(fn func(roster.Entity) error) Loading {
	return Loading{fn, func(b *loaded) func() error {
		records := b.decode()
		return func() error {
			for _, e := range records {
				if err := fn(e); err != nil {
					return err
				}
			}
			return nil
		}
	}}
}

// EachBatch returns what [Batcher.LoadBatches] does.
func EachBatch(work func(iter.Seq[roster.Entity]) (then func() error)) Loading {
	return Loading{
		func(o roster.Entity) error {
			return work(func(yield func(roster.Entity) bool) { yield(o) })()
		},
		func(b *loaded) func() error { return work(b.each) },
	}
}

// loaded is a run of documents of one type on its way from the database to the caller.
type loaded struct {
	typ  roster.Type
	docs []string
	size int // of docs together
	err  error
	done chan struct{} // closed when then or err is there
	then func() error
}

// A batch is full at either of these.
const (
	batchSize     = 1024
	maxBatchBytes = 8 << 20
)

// First works on the organization, which comes before everything else.
func (l Loading) First(o *roster.Organization) error { return l.first(o) }

// Rest works on what read adds: the documents of all other records, by type, in the order of [Store.Load]. It returns
// what the work fails with, and else what read does, which ends when the context that it is called with has.
//
// Decoding takes several times longer than reading, so that batches of documents are worked on side by side and put
// into their order again.
func (l Loading) Rest(
	ctx context.Context, read func(ctx context.Context, add func(roster.Type, string) error) error,
) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	workers := runtime.GOMAXPROCS(0)
	todo, ordered := make(chan *loaded), make(chan *loaded, 2*workers)
	var group errgroup.Group
	group.Go(func() error {
		defer close(todo)
		defer close(ordered)
		b := batching{ctx: ctx, to: [...]chan<- *loaded{todo, ordered}}
		if err := read(ctx, b.add); err != nil {
			return err
		}
		return b.emit()
	})
	for range workers {
		group.Go(func() error {
			for b := range todo {
				b.then = l.work(b)
				b.docs = nil
				close(b.done)
			}
			return nil
		})
	}
	err := deliver(ordered)
	cancel()
	if readErr := group.Wait(); err == nil {
		err = readErr
	}
	return err
}

// deliver calls what the work on batches returned, in their order.
func deliver(batches <-chan *loaded) error {
	for b := range batches {
		<-b.done
		if b.err != nil {
			return b.err
		}
		if err := b.then(); err != nil {
			return err
		}
	}
	return nil
}

// batching makes batches of documents.
type batching struct {
	ctx context.Context // of the read
	// to is where batches go: to a worker first, since who waits for it must not wait in vain.
	to   [2]chan<- *loaded
	next *loaded
}

// add adds a document of a type.
func (b *batching) add(t roster.Type, doc string) error {
	if b.next == nil || b.next.typ != t {
		if err := b.emit(); err != nil {
			return err
		}
		b.next = newBatch(t, 0)
	}
	b.next.docs, b.next.size = append(b.next.docs, doc), b.next.size+len(doc)
	if len(b.next.docs) < batchSize && b.next.size < maxBatchBytes {
		return nil
	}
	if err := b.emit(); err != nil {
		return err
	}
	b.next = newBatch(t, batchSize)
	return nil
}

func newBatch(t roster.Type, room int) *loaded {
	return &loaded{typ: t, docs: make([]string, 0, room), done: make(chan struct{})}
}

// emit passes on what was added.
func (b *batching) emit() error {
	if b.next == nil || len(b.next.docs) == 0 {
		return nil
	}
	for _, to := range b.to {
		select {
		case to <- b.next:
		case <-b.ctx.Done():
			return b.ctx.Err()
		}
	}
	return nil
}

// decode returns the records of b, or leaves an error in it.
func (b *loaded) decode() []roster.Entity {
	records := make([]roster.Entity, len(b.docs))
	for i, doc := range b.docs {
		if records[i], b.err = roster.DecodeEntity(b.typ, []byte(doc)); b.err != nil {
			return nil
		}
	}
	return records
}

// each yields the records of b, users in one place, one after the other. It leaves an error in b.
func (b *loaded) each(yield func(roster.Entity) bool) {
	var users roster.UserDecoder
	for _, doc := range b.docs {
		var e roster.Entity
		if b.typ == roster.TypeUser {
			e, b.err = users.Decode(doc)
		} else {
			e, b.err = roster.DecodeEntity(b.typ, []byte(doc))
		}
		if b.err != nil || !yield(e) {
			return
		}
	}
}
