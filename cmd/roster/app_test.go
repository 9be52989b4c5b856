package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/roster-dev/roster"
)

// walk calls fn with a command and all below it.
func walk(cmd *cobra.Command, fn func(*cobra.Command)) {
	fn(cmd)
	for _, child := range cmd.Commands() {
		walk(child, fn)
	}
}

func TestEveryFlagOfServeHasAVariable(t *testing.T) {
	t.Parallel()
	a := &app{}
	checked := 0
	a.serve().Flags().VisitAll(func(f *pflag.Flag) {
		checked++
		want := "ROSTER_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if got := strings.Join(f.Annotations[fromEnvironment], " "); got != want {
			t.Errorf("--%s is set by %q, want %q", f.Name, got, want)
		}
	})
	if checked < 10 {
		t.Errorf("serve has only %d flags", checked)
	}
}

func TestEveryCommandSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	walk((&app{}).root(), func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.RunE == nil && cmd.Name() != "help" {
			t.Errorf("%s has no short description, or does nothing", cmd.CommandPath())
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s is not described", cmd.CommandPath(), f.Name)
			}
		})
	})
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk full"), 1},
		{roster.Errorf(roster.Unavailable, "x"), 1},
		{usageError{"x"}, 2},
		{roster.Errorf(roster.Invalid, "x"), 2},
		{fmt.Errorf("a: %w", hint(roster.Errorf(roster.NotFound, "x"), "y")), 3},
		{roster.Errorf(roster.Forbidden, "x"), 4},
		{roster.Errorf(roster.Unauthenticated, "x"), 4},
		{roster.Errorf(roster.WrongTokenKind, "x"), 4},
		{errors.Join(roster.Errorf(roster.Conflict, "x"), nil), 5},
		{roster.Errorf(roster.PreconditionFailed, "x"), 5},
		{&failure{err: roster.Errorf(roster.Conflict, "x"), exit: 1}, 1},
	}
	for _, tt := range tests {
		if got := exitCode(tt.err); got != tt.want {
			t.Errorf("exitCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}

func TestExplainCantBeMisusedByWhatItQuotes(t *testing.T) {
	t.Parallel()
	got := explain(hint(roster.FieldErrorf("a\x1b[2J\r", "is\nwrong"), "do %d", 1))
	if want := "a\uFFFD[2J\uFFFD: is; wrong; do 1"; got != want {
		t.Errorf("explain = %q, want %q", got, want)
	}
}
