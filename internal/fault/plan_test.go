package fault_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/dialect"
	"github.com/roster-dev/roster/internal/dialect/all"
	"github.com/roster-dev/roster/internal/fault"
)

func list() fault.Route { return fault.Route{Dialect: "d3lay", Method: "GET", Path: "/users"} }

// happens returns the numbers of the first requests of a route to which any fault of a plan happens.
func happens(p *fault.Plan, route fault.Route, requests int) []int {
	var numbers []int
	for n := range requests {
		if len(p.Decide(route, n+1)) > 0 {
			numbers = append(numbers, n+1)
		}
	}
	return numbers
}

func TestWhen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int{
		"kind=reset":                              {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		"kind=reset,every=5":                      {5, 10},
		"kind=reset,every=5,for=3":                {5, 6, 7, 10, 11, 12},
		"kind=reset,requests=2,4,11":              {2, 4, 11},
		"kind=reset,requests=4,5,for=2":           {4, 5, 6},
		"kind=reset,probability=1":                {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		"kind=reset,dialect=d3lay,every=12":       {12},
		"kind=reset,method=GET,path=/users":       {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		"kind=reset,dialect=kaiten":               nil,
		"kind=reset,method=POST":                  nil,
		"kind=reset,path=/users/{user_uuid}":      nil,
		"kind=reset,probability=0.000000001":      nil,
		"kind=reset,requests=100,name=none of it": nil,
	} {
		rule, err := fault.ParseRule(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := happens(&fault.Plan{Rules: []fault.Rule{rule}}, list(), 12); !slices.Equal(got, want) {
			t.Errorf("%s happens to %v, want %v", text, got, want)
		}
	}
}

// Chance follows from the seed, the rule, the route and the number, whatever was asked before; it is as likely as the
// rule says, and another seed, rule or route has other chances.
func TestChance(t *testing.T) {
	t.Parallel()
	const requests = 10_000
	p := &fault.Plan{Seed: 7, Rules: []fault.Rule{{Kind: fault.Reset, Probability: 0.2}}}
	first := happens(p, list(), requests)
	if len(first) < 1850 || len(first) > 2150 {
		t.Errorf("it happens to %d of %d, want about a fifth", len(first), requests)
	}
	for n := requests; n >= 1; n-- {
		if got, want := len(p.Decide(list(), n)) > 0, slices.Contains(first, n); got != want {
			t.Fatalf("request %d: got %t, asked again %t", n, want, got)
		}
	}
	other := list()
	other.Path = "/other"
	second := &fault.Plan{Seed: 7, Rules: []fault.Rule{{Kind: fault.Drip, Dialect: "none"}, p.Rules[0]}}
	for what, got := range map[string][]int{
		"seed":  happens(&fault.Plan{Seed: 8, Rules: p.Rules}, list(), requests),
		"route": happens(p, other, requests),
		"rule":  happens(second, list(), requests),
	} {
		both := 0
		for _, n := range got {
			if _, found := slices.BinarySearch(first, n); found {
				both++
			}
		}
		if both < 300 || both > 500 {
			t.Errorf("of another %s %d are the same, want about a fifth of a fifth", what, both)
		}
	}
}

func TestDelays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]time.Duration{ // least, mean, most
		"kind=latency,mean=200ms":                                        {200 * time.Millisecond, 200 * time.Millisecond, 200 * time.Millisecond},
		"kind=latency,mean=200ms,distribution=uniform":                   {0, 200 * time.Millisecond, 400 * time.Millisecond},
		"kind=latency,mean=200ms,distribution=exponential":               {0, 200 * time.Millisecond, time.Hour},
		"kind=latency,mean=200ms,distribution=normal,deviation=20ms":     {0, 200 * time.Millisecond, 400 * time.Millisecond},
		"kind=latency,mean=1s,distribution=uniform,min=900ms,max=1100ms": {900 * time.Millisecond, time.Second, 1100 * time.Millisecond},
		"kind=drip,mean=1s,distribution=normal,deviation=1h,max=2s":      {0, time.Second, 2 * time.Second},
	} {
		rule, err := fault.ParseRule(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		p := &fault.Plan{Rules: []fault.Rule{rule}}
		const draws = 10_000
		var sum time.Duration
		for n := range draws {
			d := p.Decide(list(), n+1)[0].Delay()
			if d < want[0] || d > want[2] {
				t.Fatalf("%s waits %s, want %s to %s", text, d, want[0], want[2])
			}
			if again := p.Decide(list(), n+1)[0].Delay(); again != d {
				t.Fatalf("%s waits %s, and drawn again %s", text, d, again)
			}
			sum += d
		}
		if mean := sum / draws; mean < want[1]*95/100 || mean > want[1]*105/100 {
			t.Errorf("%s waits %s on average, want about %s", text, mean, want[1])
		}
	}
}

// A rule on a command line is the same as in a file.
func TestParse(t *testing.T) {
	t.Parallel()
	plan, err := fault.Parse([]byte(`{"seed": 3, "rules": [
		{"kind": "status", "status": 429, "retry_after": "2s", "requests": [3, 4], "for": 2, "path": "/users"},
		{"kind": "latency", "mean": "150ms", "distribution": "normal", "deviation": "50ms", "probability": 0.5},
		{"kind": "shift_clock", "shift": "-10m", "every": 9, "name": "back"}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{
		"kind=status,status=429,retry_after=2s,requests=3,4,for=2,path=/users",
		"kind=latency,mean=150ms,distribution=normal,deviation=50ms,probability=0.5",
		"kind=shift_clock,shift=-10m,every=9,name=back",
	} {
		rule, err := fault.ParseRule(text)
		if diff := cmp.Diff(plan.Rules[i], rule); err != nil || diff != "" {
			t.Errorf("%s: %v, -in JSON +in a flag:\n%s", text, err, diff)
		}
	}
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := fault.Parse(text); err != nil || cmp.Diff(plan, again) != "" {
		t.Errorf("%s is read as another plan: %v", text, err)
	}
}

func TestRefusedPlans(t *testing.T) {
	t.Parallel()
	for rule, want := range map[string]string{
		`{"kind":"rest"}`: "faults: rule 2: kind: must be one of latency, status, truncate, malform, html, reset, drip, " +
			`shift_page, appear, disappear, expire_token, revoke_token, shift_clock, not "rest"`,
		`{"kind":"reset","status":500}`:                        "faults: rule 2: status: does not count for the kind reset",
		`{"kind":"status"}`:                                    "faults: rule 2: status: is required for the kind status",
		`{"kind":"status","status":200}`:                       "faults: rule 2: status: must be from 400 to 599, not 200",
		`{"kind":"html","status":304}`:                         "faults: rule 2: status: must be one that has a body, not 304",
		`{"kind":"reset","probability":1.5}`:                   "faults: rule 2: probability: must be above 0 and at most 1, not 1.5",
		`{"kind":"reset","probability":0.5,"every":2}`:         "faults: rule 2: probability: must stand alone: only one of probability, every and requests counts",
		`{"kind":"reset","every":-1}`:                          "faults: rule 2: every: must be from 1, not -1",
		`{"kind":"reset","every":0}`:                           "faults: rule 2: every: must be from 1, not 0",
		`{"kind":"reset","probability":0}`:                     "faults: rule 2: probability: must be above 0 and at most 1, not 0",
		`{"kind":"reset","requests":[]}`:                       "faults: rule 2: requests: must have a number: leave it out for all requests",
		`["reset"]`:                                            "faults: are not written as they must be in rule 2: it must not be an array",
		`{"kind":"drip","mean":20}`:                            "faults: are not written as they must be in rule 2: mean must not be a number: it has a unit, such as 20ms",
		`{"kind":"reset","for":1001}`:                          "faults: rule 2: for: must be from 1 to 1000, not 1001",
		`{"kind":"reset","requests":[0]}`:                      "faults: rule 2: requests: must be numbers from 1",
		`{"kind":"status","status":429,"retry_after":"-1s"}`:   "faults: rule 2: retry_after: must not be negative",
		`{"kind":"truncate","bytes":-1}`:                       "faults: rule 2: bytes: must not be negative",
		`{"kind":"appear","users":1001}`:                       "faults: rule 2: users: must be from 1 to 1000, not 1001",
		`{"kind":"latency","mean":"-1s"}`:                      "faults: rule 2: mean: must, as deviation, min and max, not be negative",
		`{"kind":"latency","mean":"1s","min":"2s","max":"1s"}`: "faults: rule 2: max: must not be less than min",
		`{"kind":"latency","mean":"1s","distribution":"x"}`:    "faults: rule 2: distribution: must be one of constant, uniform, exponential and normal, not \"x\"",
		`{"kind":"reset","dialect":"x"}`:                       `faults: rule 2: dialect: must be one of d3lay, not "x"`,
		`{"kind":"reset","path":"/user"}`:                      `faults: rule 2: path: must be one of /users, not "/user"`,
		`{"kind":"reset","method":"get"}`:                      `faults: rule 2: method: must be one of GET, HEAD, not "get"`,
		`{"kind":"reset","colour":1}`:                          `faults: are not written as they must be in rule 2: unknown field "colour"`,
		`{"kind":"reset","every":"2"}`:                         "faults: are not written as they must be in rule 2: every must not be a string",
		"{\n\"kind\":;":                                        "faults: are not written as they must be at line 2, column 8: invalid character ';' looking for beginning of value",
		`{"kind":"reset"}]} {`:                                 "faults: are not written as they must be: there is more after the value",
	} {
		plan, err := fault.Parse([]byte(`{"rules":[{"kind":"reset"},` + rule + `]}`))
		if err == nil {
			err = plan.Check([]*dialect.Dialect{all.ByName("d3lay")})
		}
		if err == nil || err.Error() != want || roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%s: got %v, want %s", rule, err, want)
		}
	}
	for text, want := range map[string]string{
		"reset":                       `faults: must be name=value, separated by commas, not "reset"`,
		"kind=reset,kind=drip":        `faults: has kind twice in "kind=reset,kind=drip"`,
		"kind=reset,every=0":          "faults: every: must be from 1, not 0",
		"kind=reset,probability=0.0":  "faults: probability: must be above 0 and at most 1, not 0",
		"kind=drip,mean=Inf":          `faults: are not written as they must be: time: invalid duration "Inf"`,
		"kind=reset,requests=1,x":     "faults: are not written as they must be: requests must not be a string",
		"kind=reset,requests=1,2,a=b": `faults: are not written as they must be: unknown field "a"`,
	} {
		if _, err := fault.ParseRule(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// What is read from a command line never panics, and is refused as bad input where it is refused.
func TestAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`((kind|requests|every|mean|for)=?[a-z0-9.]*,?){0,5}`).Draw(t, "text")
		rule, err := fault.ParseRule(text)
		if err != nil && roster.CodeOf(err) != roster.Invalid {
			t.Errorf("%q: %v, want a refusal", text, err)
		}
		p := fault.Plan{Rules: []fault.Rule{rule}}
		if err == nil && p.Check(nil) == nil {
			p.Decide(list(), 3)
		}
	})
}
