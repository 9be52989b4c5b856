package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cores returns the cores that this process may run on.
func cores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var list []int
	for i := range len(set) * 64 {
		if set.IsSet(i) {
			list = append(list, i)
		}
	}
	return list
}

// onFirstCore runs fn, which starts a process, so that the process runs on the first core only.
func onFirstCore(fn func() error) error {
	list := cores()
	if len(list) < 2 {
		return fn()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := pinThread(0, list[:1]); err != nil {
		return err
	}
	return errors.Join(fn(), pinThread(0, list))
}

// offFirstCore keeps this process on the second core until the function that it returns is called.
func offFirstCore() (restore func() error, err error) {
	list := cores()
	if len(list) < 2 {
		return func() error { return nil }, nil
	}
	before := runtime.GOMAXPROCS(1)
	restore = func() error {
		runtime.GOMAXPROCS(before)
		return pinThreads(list)
	}
	return restore, pinThreads(list[1:2])
}

// pinThreads puts every thread of this process on some cores; threads that are started later follow.
func pinThreads(list []int) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, task := range tasks {
		id, err := strconv.Atoi(task.Name())
		if err == nil {
			err = pinThread(id, list)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) { // a thread may end meanwhile
			return err
		}
	}
	return nil
}

func pinThread(id int, list []int) error {
	var set unix.CPUSet
	for _, core := range list {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(id, &set); err != nil {
		return fmt.Errorf("pin a thread: %w", err)
	}
	return nil
}

// processorTime returns the user and system time of a process, to the hundredth of a second, 0 where there is none.
func processorTime(pid int) time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in parentheses, may have spaces. After it come the fields from the third on (proc_pid_stat(5)).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const utime, stime, tick = 14 - 3, 15 - 3, 10 * time.Millisecond
	if len(fields) <= stime {
		return 0
	}
	var sum time.Duration
	for _, field := range []string{fields[utime], fields[stime]} {
		ticks, _ := strconv.ParseInt(field, 10, 64)
		sum += time.Duration(ticks) * tick
	}
	return sum
}

// residentBytes returns the memory of a process: now, and the most that it ever was. They are 0 where it is gone.
func residentBytes(pid int) (now, most int64) {
	return memberOf(pid, "VmRSS:"), memberOf(pid, "VmHWM:")
}

// memberOf returns a size in /proc/PID/status.
func memberOf(pid int, name string) int64 {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) >= 2 && fields[0] == name {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// mostResident returns the most memory that a process which has ended ever had, 0 where that is not known: the kernel
// counts what its parent had when it made the process, so that no more than this process ever had says nothing.
func mostResident(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	most := usage.Maxrss << 10
	if _, own := residentBytes(os.Getpid()); most <= own {
		return 0
	}
	return most
}

// flush makes what was written to a file durable, as a database does it.
func flush(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// processorName returns what the processor calls itself.
func processorName() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
