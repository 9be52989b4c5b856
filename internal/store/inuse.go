package store

import (
	"fmt"

	"github.com/roster-dev/roster"
)

// InUseError says that another process has a store open that only one may have. It is [roster.Unavailable].
type InUseError struct {
	// Path is the store's file, or what its database is called.
	Path string
	// PID is the other process, or 0 where it is not known.
	PID int
	// Host is the machine that the process runs on where that may be another one.
	Host string
}

// Error says who has the store and what to do.
func (e *InUseError) Error() string {
	return fmt.Sprintf("%s is in use by %s: stop that process, or send the request to it", e.Path, e.Who())
}

// Who says which process has the store.
func (e *InUseError) Who() string {
	switch {
	case e.PID != 0 && e.Host != "":
		return fmt.Sprintf("another roster process (pid %d on %s)", e.PID, e.Host)
	case e.PID != 0:
		return fmt.Sprintf("another roster process (pid %d)", e.PID)
	default:
		return "another roster process"
	}
}

// Unwrap returns the error with its code.
func (e *InUseError) Unwrap() error { return roster.Errorf(roster.Unavailable, "%s", e.Error()) }
