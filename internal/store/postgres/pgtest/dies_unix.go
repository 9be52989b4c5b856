//go:build unix && !linux

package pgtest

import "syscall"

// attributes are those of a process that goes on if this one is killed.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as}
}
