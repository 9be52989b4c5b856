package store

import (
	"context"
	"fmt"
	"time"
)

// Examiner is what a [Store] may be besides: one that can tell how it stands, for an operator.
type Examiner interface {
	// Examine looks at what the store is, whether it can be written to and what acknowledged changes survive. It
	// changes nothing that anybody could see. What can't be found out is a finding, too.
	Examine(ctx context.Context) []Finding
}

// Severity says how bad a [Finding] is.
type Severity string

// The severities: all is well; it works, and should not stay as it is; it does not work, or may lose what was written.
const (
	OK   Severity = "OK"
	Warn Severity = "WARN"
	Fail Severity = "FAIL"
)

// Finding is something that was found out about a store or what it runs on.
type Finding struct {
	// Check names what was looked at, in a word or two.
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Found says how things are, and Advice what to do where they are not well.
	Found  string `json:"found"`
	Advice string `json:"advice,omitempty"`
}

// slowCommit is how long a commit takes on a disk, or in a database, that is too slow for interactive use.
const slowCommit = 250 * time.Millisecond

// FoundWrite returns what it says about a store that a commit took so long, or has failed.
func FoundWrite(took time.Duration, err error) Finding {
	f := Finding{Check: "write", Severity: OK, Found: fmt.Sprintf("a commit takes %s", took.Round(10*time.Microsecond))}
	switch {
	case err != nil:
		f.Severity, f.Found = Fail, "nothing can be written: "+err.Error()
		f.Advice = "look whether the disk is full or read-only, or whether the database lets this user write"
	case took > slowCommit:
		f.Severity = Warn
		f.Advice = "nobody gets an answer to a write sooner: look for what else uses the disk, or for a faster one"
	}
	return f
}
