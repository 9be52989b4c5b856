package fault

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// Distribution is how the lengths of waits are spread.
type Distribution string

// The distributions. All are held to between Min and Max, where these are set.
const (
	Constant    Distribution = "constant"    // Mean each time, which is also what "" means
	Uniform     Distribution = "uniform"     // any between 0 and twice the Mean is as likely
	Exponential Distribution = "exponential" // around Mean, with a long tail
	Normal      Distribution = "normal"      // around Mean, with Deviation as the standard deviation; never below 0
)

func distributions() []Distribution { return []Distribution{Constant, Uniform, Exponential, Normal} }

// Route is which counter a request is counted by: that of its dialect, its method and its path in the dialect's table.
// All requests that no operation is for are one route, with the path "".
type Route struct{ Dialect, Method, Path string }

// Fault is a rule that applies to a request.
type Fault struct {
	*Rule

	// Index is the rule's place in the plan, from 0.
	Index int
	// Dice are the request's own: what is drawn from them follows from the seed, the rule, the route and the number.
	Dice *rand.Rand
}

// Decide returns the faults of the nth request, from 1, of a route, in the order of the plan. The same plan, route and
// n give the same.
func (p *Plan) Decide(route Route, n int) []Fault {
	var list []Fault
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.isFor(route) && p.fires(i, route, n) {
			list = append(list, Fault{Rule: r, Index: i, Dice: p.dice(i, route, -n)})
		}
	}
	return list
}

func (r *Rule) isFor(route Route) bool {
	return (r.Dialect == "" || r.Dialect == route.Dialect) && (r.Method == "" || r.Method == route.Method) &&
		(r.Path == "" || r.Path == route.Path)
}

// fires reports whether a rule begins to apply at the nth request, or began at one so shortly before that it still
// does.
func (p *Plan) fires(i int, route Route, n int) bool {
	for at := n; at >= 1 && at > n-max(1, p.Rules[i].For); at-- {
		if p.begins(i, route, at) {
			return true
		}
	}
	return false
}

func (p *Plan) begins(i int, route Route, n int) bool {
	switch r := &p.Rules[i]; {
	case len(r.Requests) > 0:
		return slices.Contains(r.Requests, n)
	case r.Every > 0:
		return n%r.Every == 0
	case r.Probability > 0:
		return p.dice(i, route, n).Float64() < r.Probability
	default:
		return true
	}
}

// dice returns the randomness of a rule and a request. Those that decide whether a fault happens have the number n, and
// those of the fault itself -n.
func (p *Plan) dice(i int, route Route, n int) *rand.Rand {
	h := fnv.New64a()
	for _, s := range []string{route.Dialect, route.Method, route.Path} {
		_, _ = h.Write(append([]byte(s), 0)) // a hash does not fail
	}
	_, _ = h.Write([]byte{byte(i), byte(i >> 8)}) //nolint:gosec // two rules of one number would be 65,536 apart
	//nolint:gosec // chance that can be foretold is what it is for
	return rand.New(rand.NewPCG(p.Seed^h.Sum64(), uint64(n)))
}

// Delay draws how long to wait.
func (f Fault) Delay() time.Duration {
	mean := float64(f.Mean)
	var d float64
	switch f.Distribution {
	case Uniform:
		d = 2 * mean * f.Dice.Float64()
	case Exponential:
		d = mean * f.Dice.ExpFloat64()
	case Normal:
		d = mean + float64(f.Deviation)*f.Dice.NormFloat64()
	default:
		d = mean
	}
	d = max(d, float64(f.Min), 0)
	if f.Max > 0 {
		d = min(d, float64(f.Max))
	}
	return time.Duration(d)
}
