package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// worker is a client who asks for this and that, as chance will have it.
type worker struct {
	*client

	random *rand.Rand
	done   int // how many requests it has sent
	// known are the users as it was last told about them, and lists the lists, by status.
	known [slots]user
	lists map[string]knownList
	// latest is the latest version that any client was told.
	latest *atomic.Int64
}

type knownList struct {
	tag   string
	shown shownList
}

// run sends requests.
func (w *worker) run(ctx context.Context, requests int) error {
	for range requests {
		in := w.choose()
		out, err := w.do(ctx, in, w.delivery(in))
		if err != nil {
			return fmt.Errorf("client %d: %s: %w", w.number, in, err)
		}
		w.learn(in, out)
		w.done++
	}
	return nil
}

func (w *worker) chance(percent int) bool { return w.random.IntN(100) < percent }

func (w *worker) choose() input {
	kinds := [...]kind{get, get, get, list, create, create, patch, patch, patch, remove, suspend, restore, batch}
	in := input{kind: kinds[w.random.IntN(len(kinds))], slot: w.random.IntN(slots)}
	if (in.kind == get || in.kind == list) && w.chance(30) {
		in.least = roster.Version(w.latest.Load() + w.random.Int64N(2))
	}
	switch in.kind {
	case list:
		w.chooseList(&in)
	case batch:
		for range 1 + w.random.IntN(3) {
			item := input{kind: [...]kind{create, patch, remove}[w.random.IntN(3)], slot: w.random.IntN(slots)}
			w.fill(&item)
			in.items = append(in.items, item)
		}
	default:
		w.fill(&in)
	}
	return in
}

func (w *worker) chooseList(in *input) {
	in.slot = 0
	if w.chance(40) {
		in.status = [...]roster.Status{roster.Active, roster.Suspended}[w.random.IntN(2)].String()
	}
	if last, ok := w.lists[in.status]; ok && w.chance(60) {
		in.ifNoneMatch, in.before = last.tag, last.shown
	}
}

// fill completes a request about one user.
func (w *worker) fill(in *input) {
	known := w.known[in.slot]
	if in.kind == create || in.kind == patch {
		in.name = fmt.Sprintf("%d-%d-%d", w.number, w.done, w.random.IntN(1e6))
	}
	if in.kind == create || !known.there {
		return
	}
	if w.chance(30) {
		in.id = known.id
	}
	if in.kind == patch && w.chance(10) {
		in.name = known.name // perhaps nothing to do
	}
	switch {
	case known.tag == "" || !w.chance(50):
	case in.kind == get:
		in.ifNoneMatch = known.tag
	case in.kind == patch || in.kind == remove || in.kind == suspend || in.kind == restore:
		in.ifMatch = known.tag
	}
}

// delivery chooses how a request is sent. Of the writes without a key only those are cut off that give a name which
// nobody has had.
func (w *worker) delivery(in input) delivery {
	var how delivery
	reads := in.kind == get || in.kind == list
	names := in.kind == create || in.kind == patch && in.name != w.known[in.slot].name
	if !reads && w.chance(50) {
		how.key = fmt.Sprintf("client-%d-%d", w.number, w.done)
	}
	if how.key != "" && w.chance(30) || (reads || names) && w.chance(5) {
		how.cut = [...]cut{afterSent, beforeHeard}[w.random.IntN(2)]
	}
	return how
}

// learn remembers what an answer tells.
func (w *worker) learn(in input, out output) {
	for v := w.latest.Load(); int64(out.version) > v && !w.latest.CompareAndSwap(v, int64(out.version)); {
		v = w.latest.Load()
	}
	switch {
	case out.unknown:
	case in.kind == list:
		if out.status == http.StatusOK {
			w.lists[in.status] = knownList{out.user.tag, out.list}
		}
	case in.kind == batch:
		for i := range out.items {
			w.learn(in.items[i], out.items[i])
		}
	case out.status == http.StatusNotFound && in.id != "":
		w.known[in.slot] = user{}
	case out.user.there:
		w.known[in.slot] = out.user
	}
}
