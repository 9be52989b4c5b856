package bench

import (
	"math"
	"strings"
)

// Goal is a figure, or the ratio of two, that the project wants to reach.
type Goal struct {
	// Number is the goal that this is a part of, from 1 to 8.
	Number int    `json:"goal"`
	What   string `json:"what"`
	// Of and Per name figures. The goal's value is Of / Per or, without Per, Of.
	Of  string `json:"of"`
	Per string `json:"per,omitempty"`
	// Must and Stretch bound the value: from below or, with AtMost, from above.
	Must    float64 `json:"must"`
	Stretch float64 `json:"stretch"`
	AtMost  bool    `json:"at_most"`
}

// Goals returns the project's goals. Ratios of CPU are those of the processor time that a request costs the server.
// Most are about 100,000 and 1,000,000 users: a run without these sizes says nothing about them.
func Goals() []Goal {
	return []Goal{
		{1, "hot list of 100,000, to fixed bytes", "fixed.cpu", "hot@100000.cpu", 0.70, 0.95, false},
		{1, "any page of 100,000, to fixed bytes", "fixed.cpu", "pages@100000.cpu", 0.70, 0.95, false},
		{1, "hot list of 1,000,000, to fixed bytes", "fixed.cpu", "hot@1000000.cpu", 0.90, 0.90, false},
		{2, "three filters of 100,000, to fixed bytes", "fixed.cpu", "three filters@100000.cpu", 0.40, 0.60, false},
		{2, "three filters of 1,000,000, to fixed bytes", "fixed.cpu", "three filters@1000000.cpu", 0.25, 0.50, false},
		{3, "filters in process, 100,000, us", "view, filters@100000.p50", "", 40, 25, true},
		{3, "filters in process, 1,000,000, us", "view, filters@1000000.p50", "", 250, 100, true},
		{3, "p99 to p50, 100,000", "view, filters@100000.p99", "view, filters@100000.p50", 5, 5, true},
		{3, "p99 to p50, 1,000,000", "view, filters@1000000.p99", "view, filters@1000000.p50", 5, 5, true},
		{3, "search in process, 1,000,000, us", "view, search@1000000.p50", "", 1000, 300, true},
		{3, "typing errors in process, 1,000,000, us", "view, typing errors@1000000.p50", "", 5000, 5000, true},
		{3, "growth of pages, tenfold users", "pages@1000000.cpu", "pages@100000.cpu", 1.2, 1.2, true},
		{3, "growth of one filter, tenfold users", "one filter@1000000.cpu", "one filter@100000.cpu", 1.5, 1.5, true},
		against("PocketBase", "list", 80, 140),
		against("PocketBase", "deep page", 250, 500),
		against("PocketBase", "filters", 3000, 10000),
		against("PocketBase", "search", 100, 300),
		against("Kratos", "list", 60, 100),
		against("Supabase Auth", "deep page", 1000, 2000),
		{5, "live bytes per user, 1,000,000", "live bytes per user@1000000", "", 600, 450, true},
		{5, "resident under load, 1,000,000, MiB", "resident, benchmark set@1000000", "", 1024, 717, true},
		{5, "no pause in p99: p99 to p50, 1,000,000", "pages@1000000.p99", "pages@1000000.p50", 5, 5, true},
		{6, "cold start to the first list, 1,000,000, s", "cold start, list@1000000", "", 5, 2.5, true},
		{6, "cold start to the first search, 1,000,000, s", "cold start, search@1000000", "", 10, 5, true},
		{6, "one change in a view, 1,000,000, us", "view, change@1000000.p50", "", 150, 50, true},
		{7, "create, 1 client, to fdatasync", "create, 1 clients.p50", "fdatasync.p50", 4, 3, true},
		{7, "create, 64 clients, users a second", "create, 64 clients.rate", "", 8000, 15000, false},
		{7, "import, 1,000,000, s", "import@1000000", "", 30, 30, true},
		{8, "emulation of 10,000: start to the first list, s", "emulation, start@10000", "", 1, 0.5, true},
		{8, "emulation of 10,000: snapshot, us", "emulation, snapshot@10000.p50", "", 10_000, 1000, true},
		{8, "emulation of 10,000: restore, us", "emulation, restore@10000.p50", "", 10_000, 1000, true},
		{8, "emulation of 10,000: reset, us", "emulation, reset@10000.p50", "", 10_000, 1000, true},
		{8, "emulation of 10,000: resident, MiB", "emulation, resident@10000", "", 128, 96, true},
		{8, "emulation of 1,000,000: resident, MiB", "emulation, resident@1000000", "", 4096, 2048, true},
	}
}

// against is a goal that compares the CPU of a peer's requests with that of ours.
func against(peer, measure string, must, stretch float64) Goal {
	theirs := strings.ToLower(peer) + ", " + measure + "@100000.cpu"
	return Goal{4, peer + ", " + measure + " of 100,000", theirs, "for " + theirs, must, stretch, false}
}

// Verdict says how a goal was met.
type Verdict struct {
	Goal

	// Value is nil where the goal was not measured.
	Value *float64 `json:"value,omitempty"`
	// ByRate is the same ratio by requests per second, for goals about CPU; it is Value too where the system does not
	// tell the CPU.
	ByRate *float64 `json:"by_rate,omitempty"`
	// Result is "stretch", "must", "missed" or "not measured".
	Result string `json:"result"`
}

// judge compares what was measured with a goal. figure returns NaN for what was not.
func (g Goal) judge(figure func(string) float64) Verdict {
	v := Verdict{Goal: g, Result: "not measured"}
	value, rate := figure(g.Of), math.NaN()
	if g.Per != "" {
		value /= figure(g.Per)
	}
	if of, ok := strings.CutSuffix(g.Of, ".cpu"); ok {
		per, _ := strings.CutSuffix(g.Per, ".cpu")
		rate = figure(per+".rate") / figure(of+".rate")
	}
	if finite(rate) {
		v.ByRate = &rate
		if !finite(value) {
			value = rate
		}
	}
	if finite(value) {
		v.Value = &value
		v.Result = g.grade(value)
	}
	return v
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (g Goal) grade(value float64) string {
	reached := func(bound float64) bool {
		if g.AtMost {
			return value <= bound
		}
		return value >= bound
	}
	switch {
	case reached(g.Stretch):
		return "stretch"
	case reached(g.Must):
		return "must"
	default:
		return "missed"
	}
}
