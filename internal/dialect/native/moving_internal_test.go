package native

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/roster-dev/roster/internal/dialect"
)

// Whatever comes and goes between two pages of a list that has no versions, what is there all the time is on one page.
func TestWalksThroughMovingLists(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		desc := rapid.Bool().Draw(t, "desc")
		k := keyed[int64]{key: numberKey, desc: desc}
		list := rapid.SliceOfNDistinct(rapid.Int64Range(100, 200), 0, 30, rapid.ID).Draw(t, "list")
		sorted := func() []int64 {
			slices.Sort(list)
			if desc {
				slices.Reverse(list)
			}
			return list
		}
		stays := slices.Clone(sorted())
		shown := map[int64]int{}
		for w := (window{size: 3}); ; {
			found := sorted()
			for _, n := range pageOf(w, found) {
				shown[n]++
			}
			if !w.more(len(found)) {
				break
			}
			r := &dialect.Request{After: k.key(found[w.from+w.size-1]), Position: w.from + w.size}
			gone := rapid.SliceOfN(rapid.SampledFrom(found), 0, 3).Draw(t, "gone")
			isGone := func(n int64) bool { return slices.Contains(gone, n) }
			list, stays = slices.DeleteFunc(slices.Clone(found), isGone), slices.DeleteFunc(stays, isGone)
			for _, n := range rapid.SliceOfN(rapid.Int64Range(0, 99), 0, 3).Draw(t, "older, or newer") {
				if !slices.Contains(list, n) && shown[n] == 0 {
					list = append(list, n)
				}
			}
			w.from = k.after(r, sorted(), false)
		}
		for _, n := range stays {
			if shown[n] != 1 {
				t.Errorf("%d is on %d pages, want one", n, shown[n])
			}
		}
		for n, times := range shown {
			if times > 1 {
				t.Errorf("%d is on %d pages", n, times)
			}
		}
	})
}

// In another order than that of the keys the page begins after the last record of the one before while that is there,
// and else after as many records.
func TestMovingListsInAnotherOrder(t *testing.T) {
	t.Parallel()
	k := keyed[int64]{key: numberKey}
	for _, tc := range []struct {
		found []int64
		want  int
	}{
		{[]int64{5, 3, 9, 1}, 2},
		{[]int64{8, 5, 3, 9, 1}, 3},
		{[]int64{5, 9, 1}, 2},
		{[]int64{5}, 1},
	} {
		r := &dialect.Request{After: numberKey(3), Position: 2}
		if got := k.after(r, tc.found, true); got != tc.want {
			t.Errorf("%v after 3: the page begins at %d, want %d", tc.found, got, tc.want)
		}
	}
}
