package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/roster-dev/roster"
	"github.com/roster-dev/roster/internal/store"
)

// The exit codes.
const (
	exitOK       = 0
	exitFailed   = 1
	exitUsage    = 2
	exitNotFound = 3
	exitRefused  = 4
	exitConflict = 5
)

// usageError is a command line that can't be carried out.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

// usage returns an error about a command line, which says where to look.
func usage(cmd *cobra.Command, format string, args ...any) error {
	path := cmd.CommandPath()
	what := fmt.Errorf(format, args...).Error()
	return usageError{message: fmt.Sprintf("%s; see `%s --help`", what, path)}
}

// misused makes a usage error of what is wrong with the values of flags, and leaves other errors alone.
func misused(cmd *cobra.Command, err error) error {
	if roster.CodeOf(err) == roster.Invalid {
		return usage(cmd, "%w", err)
	}
	return err
}

// failure is an error whose exit code does not follow from a code, or to which there is something to add.
type failure struct {
	err  error
	exit int // 0: as err says
	hint string
}

func (e *failure) Error() string { return e.err.Error() }

func (e *failure) Unwrap() error { return e.err }

// hint adds to an error what to do about it.
func hint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &failure{err: err, hint: fmt.Sprintf(format, args...)}
}

// exitCode returns the exit code for the error of run.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return exitUsage
	}
	if f, ok := errors.AsType[*failure](err); ok && f.exit != 0 {
		return f.exit
	}
	switch roster.CodeOf(err) {
	case roster.Invalid:
		return exitUsage
	case roster.NotFound:
		return exitNotFound
	case roster.Unauthenticated, roster.Forbidden, roster.WrongTokenKind:
		return exitRefused
	case roster.Conflict, roster.PreconditionFailed:
		return exitConflict
	default:
		return exitFailed
	}
}

// explain says what failed, why, and what to do.
func explain(err error) string {
	text := err.Error()
	if f, ok := errors.AsType[*failure](err); ok && f.hint != "" {
		text += "; " + f.hint
	} else if advice := advise(err); advice != "" {
		text += "; " + advice
	}
	return printable(text)
}

// printable returns a message on one line, without what could make a terminal do something.
func printable(message string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ReplaceAll(message, "\n", "; "))
}

// advise returns what to do about errors that many commands can end with.
func advise(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return "it was interrupted"
	case errors.Is(err, syscall.EADDRINUSE):
		return "stop what listens there, or choose another address (port 0 takes any that is free)"
	default:
		return ""
	}
}

// inUse says which process holds a store, and the way around.
func inUse(err error) error {
	held, ok := errors.AsType[*store.InUseError](err)
	if !ok {
		return err
	}
	return &failure{
		err:  fmt.Errorf("open the store: %s is in use by %s", held.Path, held.Who()),
		exit: exitFailed,
		hint: "stop it, or, if it serves, reach it with --url URL --token TOKEN instead",
	}
}

// doing puts what was attempted before why it failed. The layers between, which speak of ids, are left out where the
// reason is meant for people.
func doing(what string, err error) error {
	switch roster.CodeOf(err) {
	case "":
		return nil
	case roster.Internal, roster.Unavailable:
		return fmt.Errorf("%s: %w", what, err)
	default:
		return fmt.Errorf("%s: %w", what, roster.AsError(err))
	}
}
