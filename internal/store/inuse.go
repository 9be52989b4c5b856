package store

import (
	"fmt"

	"github.com/roster-dev/roster"
)

// InUseError says that another process has a store open that only one may have. It is [roster.Unavailable].
type InUseError struct {
	// Path is the store's file.
	Path string
	// PID is the other process, or 0 where it is not known.
	PID int
}

// Error says who has the store and what to do.
func (e *InUseError) Error() string {
	who := "another roster process"
	if e.PID != 0 {
		who += fmt.Sprintf(" (pid %d)", e.PID)
	}
	return fmt.Sprintf("%s is in use by %s: stop that process, or send the request to it", e.Path, who)
}

// Unwrap returns the error with its code.
func (e *InUseError) Unwrap() error { return roster.Errorf(roster.Unavailable, "%s", e.Error()) }
