//go:build unix

package main

import "golang.org/x/sys/unix"

// fileLimit returns how many file descriptors the process may have, 0 where that is not known. The runtime has raised
// it as far as it may.
func fileLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Max) //nolint:unconvert // types differ between systems
}
