package rostertest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/roster-dev/roster/internal/inspect"
)

// Request is what the client has asked, and how it was answered. Secrets are masked in it.
type Request struct {
	// Number is its place among all, from 1, in the order in which they were answered.
	Number int64
	At     time.Time
	Took   time.Duration
	// Method and URL are as the client sent them, URL with the path and the query only. Operation is the path on the
	// vendor's page, such as "/users/{user_uuid}"; "" where there is none.
	Method, URL, Operation string
	Header                 http.Header
	Body                   string // the beginning of it

	// Status is 0 where the connection was ended without an answer.
	Status         int
	ResponseHeader http.Header
	ResponseBody   string // the beginning of it

	// Faults are the faults that happened to it, by name or kind, and Findings the rules that it breaks.
	Faults, Findings []string
}

// Requests returns what was asked since the server was started or put back, of many the last 1,000: once an answer has
// been read to its end, its request is there.
func (s *Server) Requests() []Request {
	var list []Request
	for _, r := range s.instance.Inspector().Requests(0) {
		list = append(list, Request{
			Number: r.Number, At: r.At, Took: time.Duration(r.Milliseconds * float64(time.Millisecond)),
			Method: r.Method, URL: r.URL, Operation: r.Operation, Header: r.Header, Body: r.Body,
			Status: r.Response.Status, ResponseHeader: r.Response.Header, ResponseBody: r.Response.Body,
			Faults: r.Faults, Findings: r.Findings,
		})
	}
	return list
}

// Severity says how bad a finding is.
type Severity string

// The severities, the worst first.
const (
	Error   = Severity(inspect.Error)   // the client does not get what it asked for
	Warning = Severity(inspect.Warning) // it works here and now, and fails elsewhere or later
	Info    = Severity(inspect.Info)    // it is worth knowing
)

// Finding is a rule of the vendor's, or of HTTP, that the client breaks at one place, once or several times. The guide
// to inspecting lists the rules.
type Finding struct {
	Rule     string // such as "no-back-off"
	Severity Severity
	// Operation is the method and the path on the vendor's page, Where what is at fault, such as a parameter; "" for
	// the whole request.
	Operation, Where string
	// What says what the client did, Source what it should have kept to, and Fix what to do about it.
	What, Source, Fix string
	// Count is how often, and Requests has the numbers of the first requests where.
	Count    int
	Requests []int64
}

// String returns the finding in a line for people.
func (f Finding) String() string {
	at := f.Operation
	if f.Where != "" {
		at += ", " + f.Where
	}
	return fmt.Sprintf("%s: %s at %s (%d times, requests %v): %s. To fix it, %s.", f.Severity, f.Rule, at, f.Count,
		f.Requests, f.What, f.Fix)
}

// Findings returns what the client has done wrong since the server was started or put back, the worst first: what it
// would still have had to do among it, such as to ask for the other pages of a list.
func (s *Server) Findings() []Finding {
	var list []Finding
	for _, f := range s.instance.Inspector().Findings() {
		list = append(list, Finding{
			Rule: f.Rule, Severity: Severity(f.Severity), Operation: f.Operation, Where: f.Where,
			What: f.What, Source: f.Source, Fix: f.Fix, Count: f.Count, Requests: f.Requests,
		})
	}
	return list
}

// RequireClean fails the test, and lets it go on, where there are findings that are errors or warnings. It is for the
// end of a test or a case, when the client is done.
func (s *Server) RequireClean(t T) {
	t.Helper()
	var lines []string
	for _, f := range s.Findings() {
		if f.Severity != Info {
			lines = append(lines, f.String())
		}
	}
	if len(lines) > 0 {
		t.Errorf("the client does not keep to the vendor's rules:\n%s", strings.Join(lines, "\n"))
	}
}
