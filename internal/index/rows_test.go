package index

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// slowRows is makeRows, class by class.
func slowRows(n int, of func(i int) profile) rows {
	var seen profile
	profiles := make([]profile, n)
	for i := range n {
		profiles[i] = of(i)
		seen.union(profiles[i])
	}
	out := rows{n: n}
	seen.each(func(class int) {
		words, count := make([]uint64, (n+63)/64), 0
		for i := range n {
			if profiles[i].has(class) {
				words[i/64] |= 1 << (i % 64)
				count++
			}
		}
		if count == n {
			out.full.add(class)
			return
		}
		out.some.add(class)
		out.words, out.count = append(out.words, words...), append(out.count, uint16(count))
	})
	return out
}

func TestMakeRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		n := rapid.IntRange(0, rowMax).Draw(t, "rows")
		classes := rapid.SliceOfN(rapid.IntRange(0, classMax-1), 0, 60).Draw(t, "classes")
		profiles := make([]profile, n)
		for _, class := range classes {
			chance := rapid.SampledFrom([]int{1, 50, 99, 100}).Draw(t, "chance")
			for i := range profiles {
				if rnd.IntN(100) < chance {
					profiles[i].add(class)
				}
			}
		}
		of := func(i int) profile { return profiles[i] }
		got, want := makeRows(n, of), slowRows(n, of)
		if got.n != want.n || got.full != want.full || got.some != want.some || len(got.words) != len(want.words) ||
			len(got.words) > 0 && !reflect.DeepEqual(got.words, want.words) ||
			len(got.count) > 0 && !reflect.DeepEqual(got.count, want.count) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

func BenchmarkMakeRows(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 1))
	profiles := make([]profile, chunkFill)
	for i := range profiles {
		profiles[i] = profile{rnd.Uint64() & rnd.Uint64() & (1<<40 - 1), rnd.Uint64() & 0xff00, rnd.Uint64() & 0xf}
	}
	for b.Loop() {
		makeRows(len(profiles), func(i int) profile { return profiles[i] })
	}
}
