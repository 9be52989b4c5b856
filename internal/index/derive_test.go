package index

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
)

// past is a world whose changes are remembered, with a view of each version.
type past struct {
	*world
	kept    []snapshot
	changes []roster.Change // the i-th one led from the i-th snapshot to the next one
}

func newPast(t *testing.T, w *world, o options, changes int) *past {
	t.Helper()
	p := &past{world: w, kept: []snapshot{{w.view(o), w.reference()}}}
	for range changes {
		p.advance(t, pick(w, 1, 1, 5, 60))
	}
	return p
}

func (p *past) advance(t *testing.T, ops int) {
	t.Helper()
	change := p.change(ops)
	next, err := p.kept[len(p.kept)-1].view.Apply(change)
	if err != nil {
		t.Fatal(err)
	}
	p.changes = append(p.changes, change)
	p.kept = append(p.kept, snapshot{next, p.reference()})
}

// between returns the records that may differ between two snapshots as they are in the second.
func (p *past) between(from, to int) []Record {
	net := map[roster.Key]roster.Entity{}
	for i := from; i < to; i++ {
		for _, op := range p.changes[i].Ops {
			net[op.Key()] = op.After
		}
	}
	for i := from - 1; i >= to; i-- {
		for _, op := range slices.Backward(p.changes[i].Ops) {
			net[op.Key()] = op.Before
		}
	}
	var records []Record
	for key, e := range net {
		records = append(records, Record{key, e})
	}
	return records
}

func (p *past) derive(t *testing.T, base *View, from, to int) snapshot {
	t.Helper()
	v, err := base.Derive(p.kept[to].view.Version(), p.between(from, to))
	if err != nil {
		t.Fatal(err)
	}
	checkInvariants(t, v)
	return snapshot{v, p.kept[to].users}
}

// From any version the view of any other one is derived, again and again, and neither of them disturbs another.
func TestDerivedViewsAnswerLikeAScan(t *testing.T) {
	for _, tc := range []struct {
		name           string
		options        options
		users, changes int
	}{
		{"indexed", options{scanBelow: 1, tail: 8}, 300, 12},
		{"grows from nothing", options{scanBelow: 20, tail: 8}, 0, 25},
		{"never indexed", options{scanBelow: 1 << 30, tail: 8}, 100, 8},
		{"several pages, buckets of one", options{scanBelow: 1, tail: 50, limits: limits{0, 1, 200, 256}}, 2500, 5},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(7)
			for range tc.users {
				u := w.user(w.id())
				w.users[u.ID] = u
			}
			tc.options.forms = NewForms(1 << 30)
			p := newPast(t, w, tc.options, tc.changes)
			for range 10 {
				from, over, to := w.rnd.IntN(len(p.kept)), w.rnd.IntN(len(p.kept)), w.rnd.IntN(len(p.kept))
				near := p.derive(t, p.kept[from].view, from, over)
				far := p.derive(t, near.view, over, to)
				last := p.kept[len(p.kept)-1]
				for range 5 {
					q := w.query()
					for _, s := range []snapshot{near, last, far, p.kept[from], last} {
						s.check(t, q)
						s.checkFacets(t, q, w.facets()...)
					}
				}
				far.checkLookups(t)
				p.advance(t, pick(w, 1, 5))
				p.kept[len(p.kept)-1].check(t, w.query())
			}
		})
	}
}

func TestDerivedViewHasTheRecordsOfItsVersion(t *testing.T) {
	w := newWorld(3)
	p := newPast(t, w, options{scanBelow: 1, tail: 8}, 0)
	before := w.sortedGroups()
	for range 40 {
		change := w.change(0)
		change.Ops = []roster.Op{w.groupOp()}
		next, err := p.kept[len(p.kept)-1].view.Apply(change)
		if err != nil {
			t.Fatal(err)
		}
		p.changes, p.kept = append(p.changes, change), append(p.kept, snapshot{next, nil})
	}
	last := len(p.kept) - 1
	v := p.derive(t, p.kept[last].view, last, 0).view
	if got, want := fmt.Sprint(v.Groups()), fmt.Sprint(p.kept[0].view.Groups()); got != want || len(before) == 0 {
		t.Errorf("groups: got %s, want %s", got, want)
	}
	if v.Org().Version != v.Version() || v.Version() != p.kept[0].view.Version() {
		t.Errorf("at version %d the organization says %d", v.Version(), v.Org().Version)
	}
}

// Views are derived while changes are applied to the same one.
func TestDeriveBesideApply(t *testing.T) {
	w := newWorld(5)
	for range 600 {
		u := w.user(w.id())
		w.users[u.ID] = u
	}
	p := newPast(t, w, options{scanBelow: 1, tail: 8, forms: NewForms(1 << 20)}, 6)
	last := len(p.kept) - 1
	var deriving sync.WaitGroup
	latest, derived, failed := p.kept[last].view, make([]*View, last), make([]error, last)
	for to := range derived {
		version, records := p.kept[to].view.Version(), p.between(last, to)
		deriving.Go(func() { derived[to], failed[to] = latest.Derive(version, records) })
	}
	p.advance(t, 30)
	deriving.Wait()
	for to, v := range derived {
		if failed[to] != nil {
			t.Fatal(failed[to])
		}
		for range 5 {
			snapshot{v, p.kept[to].users}.check(t, w.query())
		}
	}
	for _, s := range p.kept[last:] {
		for range 10 {
			s.check(t, w.query())
		}
	}
}
