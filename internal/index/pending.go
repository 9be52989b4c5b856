package index

import (
	"sync"
	"sync/atomic"

	"github.com/roster-dev/roster"
)

// making is what somebody makes when it is first needed; several who need it at once wait for the same one.
type making struct {
	once sync.Once
	made atomic.Bool
}

func (m *making) do(fn func()) {
	m.once.Do(func() {
		fn()
		m.made.Store(true)
	})
}

// pending is an order that nobody has needed yet: whoever does first makes it, from the records as they were when the
// view was built. No change is applied to records before all orders are made (see editor.finish), so that these are
// the records of every view that has the order.
type pending struct {
	making

	build func() []*chunk // nil once it is made
}

// ready makes o, if nobody has, and returns it.
func (o *order) ready() *order {
	if p := o.pending; p != nil {
		p.do(func() {
			o.chunks = p.build()
			p.build = nil
		})
	}
	return o
}

// isReady reports whether o is made.
func (o *order) isReady() bool { return o.pending == nil || o.pending.made.Load() }

// later returns the order of a field that is made from some slots when it is needed. of returns the classes of all
// slots.
func (v *View) later(f roster.Field, slots []uint32, of func() []profile) *order {
	pages := &View{pages: v.pages}
	return &order{field: f, src: sourceOf(f), pending: &pending{build: func() []*chunk {
		o, _ := pages.buildOrder(f, slots, of())
		return o.chunks
	}}}
}

// index builds what makes queries fast, once there are enough users, but for what takes long and can wait until it is
// needed: the orders of all fields but the numbers, and the index over texts.
func (v *View) index() {
	if v.orders != nil || v.users < v.scanBelow || v.users == 0 {
		return
	}
	v.indexPages()
	slots := make([]uint32, 0, v.users)
	for slot := range v.slots() {
		slots = append(slots, slot)
	}
	dict, pages := v.dict, v.pages
	profiles := sync.OnceValue(func() []profile { return profilesOf(dict, pages) })
	var numbers *order
	parallel([]func(){
		func() { numbers, slots = v.buildOrder(roster.FieldNumber, slots, profiles()) },
		v.indexMembers,
	})
	v.orders = make([]*order, 0, len(orderFields()))
	v.orders = append(v.orders, numbers)
	for _, f := range orderFields()[1:] {
		v.orders = append(v.orders, v.later(f, slots, profiles))
	}
	v.text = newTexts(v.pages)
}

// indexPages fills in the classes of every page.
func (v *View) indexPages() {
	inParts(len(v.pages), func(i int) {
		p := *v.pages[i]
		p.rows = makeRows(len(p.word), func(j int) profile {
			if !p.live.has(j) {
				return profile{}
			}
			return v.dict.profile(p.rec(j))
		})
		v.pages[i] = &p
	})
}

// profilesOf returns the classes of every slot.
func profilesOf(dict *dictionary, pages []*page) []profile {
	profiles := make([]profile, len(pages)<<rowBits)
	inParts(len(pages), func(i int) {
		for j := range pages[i].word {
			if pages[i].live.has(j) {
				profiles[i<<rowBits+j] = dict.profile(pages[i].rec(j))
			}
		}
	})
	return profiles
}

// inParts calls fn with every number below n on all processors.
func inParts(n int, fn func(i int)) {
	const part = 16
	jobs := make([]func(), 0, (n+part-1)/part)
	for from := 0; from < n; from += part {
		jobs = append(jobs, func() {
			for i := from; i < min(from+part, n); i++ {
				fn(i)
			}
		})
	}
	parallel(jobs)
}

// readyOrders makes all orders.
func (v *View) readyOrders() {
	var jobs []func()
	for _, o := range v.orders {
		if !o.isReady() {
			jobs = append(jobs, func() { o.ready() })
		}
	}
	parallel(jobs)
}
