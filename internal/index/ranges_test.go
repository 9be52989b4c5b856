package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/roster-dev/roster"
)

// rangeQuery makes a query of fields with few values and of ranges, which is answered without sets of slots.
func (w *world) rangeQuery() roster.Query {
	q := roster.Query{Offset: w.rnd.IntN(1 + len(w.users)/2), Limit: pick(w, 0, 1, 10, 40)}
	for range pick(w, 1, 1, 1, 2, 3) {
		q.Sort = append(q.Sort, w.sort())
	}
	all := roster.And{w.rangeLeaf()}
	for range w.rnd.IntN(3) {
		all = append(all, pick(w, w.rangeLeaf, w.classLeaf)())
	}
	q.Where = all
	if w.often(20) {
		q.Where = roster.Or(all)
	}
	if w.often(20) {
		q.Where = roster.Not{Expr: q.Where}
	}
	return q
}

func (w *world) rangeLeaf() roster.Expr {
	f := pick(w, roster.FieldLastLoginAt, roster.FieldCreatedAt, roster.FieldUpdatedAt, roster.FieldName,
		roster.FieldEmail, roster.FieldCreatedBy)
	if w.often(10) {
		return roster.Has{Field: f}
	}
	ops := []roster.CmpOp{roster.LT, roster.LE, roster.GT, roster.GE, roster.EQ}
	return roster.Cmp{Field: f, Op: pick(w, ops...), Value: w.value(f)}
}

func (w *world) classLeaf() roster.Expr {
	f := pick(w, roster.FieldStatus, roster.FieldUserType, roster.FieldActivated)
	return roster.Cmp{Field: f, Value: w.value(f)}
}

// TestRangesAnswerLikeAScan asks views and older ones for ranges in every order, while the users who are in them change.
func TestRangesAnswerLikeAScan(t *testing.T) {
	for _, tc := range []struct {
		limits limits
		users  int
	}{
		{limits{0, 1, 200, 256}, 300},
		{limits{0, 9, 200, 256}, 1200},
		{limits{2, 70, 200, 256}, 1500},
		{limits{3, 1 << 20, 200, 3}, 1000},
		{limits{0, 5, 4, 2}, 300},
	} {
		t.Run(fmt.Sprint(tc), func(t *testing.T) {
			t.Parallel()
			w := filled(newWorld(uint64(tc.users+tc.limits.perBucket)), tc.users)
			kept := []snapshot{{w.view(options{scanBelow: 1, tail: 8, limits: tc.limits}), w.reference()}}
			for range 25 {
				next, err := kept[len(kept)-1].view.Apply(w.change(pick(w, 1, 1, 2, 9)))
				if err != nil {
					t.Fatal(err)
				}
				kept = append(kept, snapshot{next, w.reference()})
				for range 12 {
					kept[len(kept)-1].check(t, w.rangeQuery())
				}
				pick(w, kept...).check(t, w.rangeQuery())
			}
		})
	}
}

// TestRangesFollowChanges lets one user move between two answers of the same query: neither the chunk of the order that
// is walked nor anybody's class changes.
func TestRangesFollowChanges(t *testing.T) {
	w := filled(newWorld(11), 900)
	s := snapshot{w.view(options{scanBelow: 1, tail: 8, limits: limits{0, 3, 200, 256}}), w.reference()}
	for i := range 30 {
		q := roster.Query{
			Where: roster.Cmp{Field: roster.FieldLastLoginAt, Op: roster.GE, Value: roster.TimeValue(roster.Time(i%9) * 3000)},
			Sort:  []roster.Sort{{Field: pick(w, roster.FieldName, roster.FieldID)}},
		}
		s.check(t, q)
		before := pick(w, w.sortedUsers()...)
		after := *before
		after.LastLoginAt = roster.Time(w.rnd.IntN(40)) * 1000
		w.users[after.ID], w.sorted = &after, nil
		w.at++
		change := roster.Change{Org: w.org.ID, Version: w.at, Ops: []roster.Op{{Before: before, After: &after}}}
		next, err := s.view.Apply(change)
		if err != nil {
			t.Fatal(err)
		}
		old := s
		s = snapshot{next, w.reference()}
		s.check(t, q)
		old.check(t, q)
	}
}

// TestPlanesFollowChanges lets users change classes and come and go between two answers of the same query.
func TestPlanesFollowChanges(t *testing.T) {
	w := filled(newWorld(12), 3000)
	s := snapshot{w.view(options{scanBelow: 1, tail: 8, limits: limits{0, 3, 200, 256}}), w.reference()}
	for range 15 {
		for _, f := range []roster.Field{roster.FieldName, roster.FieldEmail, roster.FieldNumber} {
			q := roster.Query{Where: eq(roster.FieldStatus, roster.IntValue(2)), Sort: []roster.Sort{{Field: f}}}
			s.check(t, q)
		}
		next, err := s.view.Apply(w.change(pick(w, 1, 3, 30, 900)))
		if err != nil {
			t.Fatal(err)
		}
		s = snapshot{next, w.reference()}
	}
}

// TestPlanesFollowSplits makes one chunk of an order several, so that those behind it, which stay as they are, move.
func TestPlanesFollowSplits(t *testing.T) {
	w := filled(newWorld(14), 3000)
	s := snapshot{w.view(options{scanBelow: 1, tail: 8, limits: limits{0, 3, 200, 256}}), w.reference()}
	q := roster.Query{
		Where: roster.And{
			eq(roster.FieldStatus, roster.IntValue(2)),
			roster.Cmp{Field: roster.FieldCreatedAt, Op: roster.GE, Value: roster.TimeValue(9000)},
		},
		Sort: []roster.Sort{{Field: roster.FieldName}},
	}
	s.check(t, q)
	w.at++
	change := roster.Change{Org: w.org.ID, Version: w.at}
	for range rowMax {
		u := w.user(w.id())
		u.Name = "Aaron"
		w.users[u.ID], w.sorted = u, nil
		change.Ops = append(change.Ops, roster.Op{After: u})
	}
	next, err := s.view.Apply(change)
	if err != nil {
		t.Fatal(err)
	}
	snapshot{next, w.reference()}.check(t, q)
	if l := next.laneOf(next.order(roster.FieldName)); len(l.kept) == 0 || l.kept[0].to == l.kept[0].from {
		t.Errorf("the chunks %v are kept, want some that have moved", l.kept)
	}
}

// TestRangesAreSafeAtOnce asks several versions at once while there come more, for the race detector and for totals.
func TestRangesAreSafeAtOnce(t *testing.T) {
	w := filled(newWorld(15), 1500)
	views := []*View{w.view(options{scanBelow: 1, tail: 8, limits: limits{0, 3, 200, 256}})}
	want := [][]int{}
	queries := []roster.Query{}
	for range 12 {
		queries = append(queries, w.rangeQuery())
	}
	for i := range 8 {
		var totals []int
		for _, q := range queries {
			_, total := q.Scan(slices.Values(w.reference()))
			totals = append(totals, total)
		}
		want = append(want, totals)
		next, err := views[i].Apply(w.change(5))
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, next)
	}
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 4 * len(want) * len(queries) {
				version, q := (i/len(queries)+g)%len(want), i%len(queries)
				page, err := views[version].Users(queries[q])
				if err != nil || page.Total != want[version][q] {
					t.Errorf("version %d: Users(%s) has %d, %v, want %d",
						version, describe(queries[q]), page.Total, err, want[version][q])
				}
			}
		})
	}
	wg.Wait()
}

// TestChangeLog asks who has changed since each change that ever was.
func TestChangeLog(t *testing.T) {
	var l changeLog
	var all []*logged
	for i := range uint32(2 * logLength) {
		l = l.with([]uint32{i})
		all = append(all, l.last())
	}
	for i, at := range all {
		slots, ok := l.since(at)
		if known := len(all) - 1 - i; ok != (i >= len(all)-logLength) || ok && len(slots) != known {
			t.Errorf("since change %d: %d slots, %v, want %d", i, len(slots), ok, known)
		}
	}
	if _, ok := l.since(nil); ok {
		t.Error("a log that has lost changes knows all of them")
	}
	if slots, ok := l[:0].with([]uint32{1}).with([]uint32{2}).since(nil); !ok || len(slots) != 2 {
		t.Errorf("two changes are %v, %v", slots, ok)
	}
	l = l.with(make([]uint32, logSlots+1))
	if _, ok := l.since(all[len(all)-1]); ok {
		t.Error("a change of many users is said to be known")
	}
}

// TestDigits compares what digits know of buckets with the buckets.
func TestDigits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	for _, most := range []int{1, 40, 5000, 1 << 16} {
		for range 30 {
			buckets := make([]uint16, 1+rnd.IntN(rowMax))
			var valid, got bitmap
			valid.fill(len(buckets))
			for i := range buckets {
				buckets[i] = uint16(rnd.IntN(most))
			}
			d := newDigits(nil, buckets)
			if pos := rnd.IntN(len(buckets)); rnd.IntN(2) == 0 {
				buckets[pos] = uint16(rnd.IntN(most))
				d = d.with(pos, buckets[pos])
			}
			lo, hi := uint16(rnd.IntN(most)), uint16(rnd.IntN(most))
			from, _ := d.rank(min(lo, hi))
			_, to := d.rank(max(lo, hi))
			d.loadSorted(from, to, valid[:], got[:d.width])
			for i, b := range buckets {
				if want := b >= min(lo, hi) && b <= max(lo, hi); got.has(i) != want || d.at(i) != b {
					t.Fatalf("user %d of bucket %d is in [%d, %d]: %v, want %v", i, b, min(lo, hi), max(lo, hi), got.has(i), want)
				}
			}
		}
	}
}

// TestScale holds buckets to their promises: they are in the order, and none is large but those of one value.
func TestScale(t *testing.T) {
	w := filled(newWorld(13), 3000)
	for _, perBucket := range []int{1, 10, 500} {
		v := w.view(options{scanBelow: 1, tail: 8, limits: limits{0, perBucket, 200, 256}})
		for _, f := range orderFields() {
			o := v.order(f)
			s := v.scaleOf(o)
			sizes, values := map[uint16]int{}, map[uint16]map[uint64]bool{}
			var seen []uint16
			for _, c := range o.chunks {
				for _, slot := range c.slots {
					id := s.ids[slot]
					if id != v.bucketOf(s, slot) {
						t.Fatalf("%s: slot %d is in bucket %d, want %d", f, slot, id, v.bucketOf(s, slot))
					}
					sizes[id]++
					if values[id] == nil {
						values[id] = map[uint64]bool{}
					}
					values[id][s.src.key(v.rec(slot)).prefix()] = true
					seen = append(seen, id)
				}
			}
			if !slices.IsSorted(seen) {
				t.Errorf("%s: the buckets are not in the order", f)
			}
			for id, n := range sizes {
				if n > 3*perBucket && len(values[id]) > 1 {
					t.Errorf("%s: bucket %d has %d users of %d values, want about %d", f, id, n, len(values[id]), perBucket)
				}
			}
		}
	}
}
