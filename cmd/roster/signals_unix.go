//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// keepWriting has a write that goes beyond the limit of the size of files (ulimit -f, LimitFSIZE=) fail as one to a
// full disk does, where the process would otherwise end.
func keepWriting() { signal.Ignore(syscall.SIGXFSZ) }
