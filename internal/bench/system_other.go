//go:build !linux

package bench

import (
	"os"
	"time"
)

// Outside Linux nothing is pinned, and what the system does not tell is 0, which the report leaves out.

func cores() []int { return nil }

func onFirstCore(fn func() error) error { return fn() }

func offFirstCore() (restore func() error, err error) { return func() error { return nil }, nil }

func processorTime(int) time.Duration { return 0 }

func residentBytes(int) (now, most int64) { return 0, 0 }

func mostResident(*os.ProcessState) int64 { return 0 }

func flush(f *os.File) error { return f.Sync() }

func processorName() string { return "" }
