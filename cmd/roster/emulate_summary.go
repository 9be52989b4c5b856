package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/roster-dev/roster/internal/fault"
	"github.com/roster-dev/roster/internal/inspect"
)

// emulationSummary is what is shown at the end, in JSON.
type emulationSummary struct {
	Requests []inspect.Count   `json:"requests"`
	Faults   []fault.Count     `json:"faults,omitempty"`
	Findings []inspect.Finding `json:"findings,omitempty"`
}

func encodeSummary(w io.Writer, s emulationSummary) error { return json.NewEncoder(w).Encode(s) }

func printSummary(w io.Writer, s emulationSummary) error {
	var b strings.Builder
	b.WriteString("Requests:\n")
	for _, c := range s.Requests {
		fmt.Fprintf(&b, "%8d  %s  %d  %s %s\n", c.Requests, c.Dialect, c.Status, c.Method, c.Path)
	}
	if len(s.Requests) == 0 {
		b.WriteString("  none\n")
	}
	if len(s.Faults) > 0 {
		b.WriteString("Faults:\n")
	}
	for _, c := range s.Faults {
		fmt.Fprintf(&b, "%8d  %s\n", c.Requests, c.Rule)
	}
	writeFindings(&b, s.Findings)
	_, err := io.WriteString(w, b.String())
	return err
}
