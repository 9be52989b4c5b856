package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/roster-dev/roster/internal/store"
)

// machine is what a process may use; 0 of what is not known.
type machine struct {
	memory int64  // bytes
	files  uint64 // file descriptors
}

// thisMachine returns what this process may use.
func thisMachine() machine {
	m := machine{memory: memoryOf(os.ReadFile), files: fileLimit()}
	return m
}

// memoryOf returns the memory that there is, or less where the process is in a group that may use less.
func memoryOf(read func(name string) ([]byte, error)) int64 {
	const kib = 1 << 10
	total := int64(0)
	text, err := read("/proc/meminfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
				n, _ := strconv.ParseInt(fields[1], 10, 64)
				total = n * kib
			}
		}
	}
	text, err = read("/sys/fs/cgroup/memory.max")
	if err != nil {
		return total
	}
	most, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no number
	if err != nil || total > 0 && most > total {
		return total
	}
	return most
}

// foundMemory compares what organizations take up, all together and the largest, with what they may.
func (m machine) foundMemory(limit, total, largest int64) store.Finding {
	f := store.Finding{Check: "memory", Severity: store.OK}
	all, most, there := size(total), size(largest), size(m.memory)
	f.Found = fmt.Sprintf("all organizations take up %s, the largest %s", &all, &most)
	if m.memory > 0 {
		f.Found += fmt.Sprintf("; there are %s", &there)
	}
	if limit > 0 {
		given := size(limit)
		f.Found += fmt.Sprintf(", of which --memory gives them %s", &given)
	}
	switch {
	case limit > 0 && largest > limit:
		f.Severity, f.Advice = store.Fail, "the largest organization can't be loaded: give --memory more"
	case limit > 0 && m.memory > 0 && limit > m.memory/4*3:
		f.Severity = store.Warn
		f.Advice = "give --memory three quarters of what there is at most: requests and garbage need the rest"
	case limit > 0 && total > limit:
		f.Severity = store.Warn
		f.Advice = "not all fit at once: those that are not used are forgotten and loaded again; more memory is faster"
	case limit == 0 && m.memory > 0 && total > m.memory/2:
		f.Severity = store.Warn
		f.Advice = "with the cache and garbage it may not be enough: set --memory, or have more of it"
	}
	return f
}

// foundFiles compares the limit of file descriptors with the connections that a server takes.
func (m machine) foundFiles() store.Finding {
	const enough = 10_000 + 256 // the default of --max-connections, and everything else
	f := store.Finding{Check: "files", Severity: store.OK, Found: "the limit of file descriptors is not known"}
	if m.files == 0 {
		return f
	}
	f.Found = fmt.Sprintf("%d file descriptors", m.files)
	if m.files < enough {
		f.Severity = store.Warn
		f.Advice = fmt.Sprintf("raise the limit (ulimit -n, LimitNOFILE) to %d, or lower --max-connections", enough)
	}
	return f
}
