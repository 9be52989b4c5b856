package index

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/roster-dev/roster"
)

// BenchmarkApplyBatch measures changes that create many users at once in a growing view, as an import does.
func BenchmarkApplyBatch(b *testing.B) {
	eachSize(b, func(b *testing.B, v *View) {
		b.Helper()
		for _, n := range []int{1, 100, 1000, 10_000} {
			b.Run(fmt.Sprintf("create/%d", n), func(b *testing.B) { benchBatch(b, v, n) })
		}
	})
}

func benchBatch(b *testing.B, v *View, n int) {
	b.Helper()
	rnd := rand.New(rand.NewPCG(4, 4))
	serial := v.users + 10
	ops := make([]roster.Op, n)
	for b.Loop() {
		b.StopTimer()
		for i := range ops {
			ops[i] = roster.Op{After: benchUser(rnd, serial)}
			serial++
		}
		b.StartTimer()
		next, err := v.Apply(roster.Change{Version: v.Version() + 1, Ops: ops})
		if err != nil {
			b.Fatal(err)
		}
		v = next
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*b.N), "us/user")
}
