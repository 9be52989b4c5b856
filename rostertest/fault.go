package rostertest

import (
	"time"

	"github.com/roster-dev/roster/internal/fault"
)

// Fault is something that goes wrong, for some requests. The guide to faults describes the kinds and their members;
// Start and SetFaults refuse what makes no sense.
//
// Requests are numbered from 1 for each operation. At most one of Probability, Every and Requests says which of them
// the fault happens to; without any it happens to all.
type Fault struct {
	Kind FaultKind
	// Name is what the fault is counted by; optional: the kind.
	Name string

	// Method and Path restrict it to an operation; optional. Path is as the vendor's page has it, with {name} for
	// parameters, such as "/users/{user_uuid}".
	Method, Path string

	// Probability is how likely it is for each request, above 0 and at most 1. What happens follows from the
	// seed: see [Seed].
	Probability float64
	// Every n has it happen to the nth request, the 2nth and so on.
	Every int
	// Requests are the numbers of those that it happens to.
	Requests []int
	// For is how many requests in a row it happens to each time, from 1, which is also what 0 means.
	For int

	// Status is what is answered, for [Status] and [HTML], and RetryAfter what that says about when to try again.
	Status     int
	RetryAfter time.Duration
	// Mean is how long [Latency] and [Drip] wait, Distribution how waits are spread around it: "constant", which is
	// also what "" means, "uniform", "exponential" or "normal" with Deviation. They are held to between Min and Max.
	Distribution              string
	Mean, Deviation, Min, Max time.Duration
	// Bytes is how much of the body [Truncate] and [Reset] send, and how much at a time [Drip] does.
	Bytes int
	// By is what [ShiftPage] adds to the number of the page, or to the offset.
	By int64
	// Users is how many [Appear] or [Disappear]; 0 is 1.
	Users int
	// Shift is what [ShiftClock] adds to the clock.
	Shift time.Duration
}

// FaultKind is what a fault does.
type FaultKind string

// The kinds of faults.
const (
	Latency     = FaultKind(fault.Latency)     // the request waits
	Status      = FaultKind(fault.Status)      // it is refused with a status, in the vendor's form
	Truncate    = FaultKind(fault.Truncate)    // the body ends before its length is reached
	Malform     = FaultKind(fault.Malform)     // the body is complete, but no JSON
	HTML        = FaultKind(fault.HTML)        // a page of HTML takes the place of the answer
	Reset       = FaultKind(fault.Reset)       // the connection is reset
	Drip        = FaultKind(fault.Drip)        // the body comes in small pieces
	ShiftPage   = FaultKind(fault.ShiftPage)   // another page is answered than was asked for
	Appear      = FaultKind(fault.Appear)      // users are made before the request is looked at
	Disappear   = FaultKind(fault.Disappear)   // the users with the lowest numbers are deleted before that
	ExpireToken = FaultKind(fault.ExpireToken) // the request's token expires
	RevokeToken = FaultKind(fault.RevokeToken) // the request's token is revoked
	ShiftClock  = FaultKind(fault.ShiftClock)  // the API's clock is moved
)

// SetFaults has these faults happen from now on, in the place of all others, and requests numbered from 1 again.
// Without any nothing goes wrong any more.
func (s *Server) SetFaults(t T, faults ...Fault) {
	t.Helper()
	if err := s.instance.SetFaults(planOf(s.seed, faults)); err != nil {
		t.Fatalf("rostertest: %v", err)
	}
}

// Happened returns how often the faults of a name, or of a kind for those without one, have happened since they were
// set or put back.
func (s *Server) Happened(name string) int {
	n := 0
	for _, c := range s.instance.Faults() {
		if c.Rule == name {
			n += c.Requests
		}
	}
	return n
}

func planOf(seed uint64, faults []Fault) *fault.Plan {
	p := &fault.Plan{Seed: seed}
	for i := range faults {
		f := &faults[i]
		p.Rules = append(p.Rules, fault.Rule{
			Name: f.Name, Kind: fault.Kind(f.Kind), Method: f.Method, Path: f.Path,
			Probability: f.Probability, Every: f.Every, Requests: f.Requests, For: f.For,
			Status: f.Status, RetryAfter: fault.Duration(f.RetryAfter),
			Distribution: fault.Distribution(f.Distribution), Mean: fault.Duration(f.Mean),
			Deviation: fault.Duration(f.Deviation), Min: fault.Duration(f.Min), Max: fault.Duration(f.Max),
			Bytes: f.Bytes, By: f.By, Users: f.Users, Shift: fault.Duration(f.Shift),
		})
	}
	return p
}
