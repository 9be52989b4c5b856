package sqlite

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/roster-dev/roster/internal/store"
)

// errLocked is what tryLock returns where somebody else has the lock.
var errLocked = errors.New("locked")

// lockFile takes the lock that keeps a second process from the store at path, and says in it who has it. The lock is on
// a file of its own because SQLite locks the database file in its own way; it lasts until the file is closed or the
// process ends, however it ends. The file stays: removing it would let two processes lock two files of one name.
func lockFile(path string) (*os.File, error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return nil, fmt.Errorf("lock the store %s: %w", path, err)
	}
	err = tryLock(lock)
	if errors.Is(err, errLocked) {
		err = &store.InUseError{Path: path, PID: readPID(lock)}
	}
	if err == nil {
		err = writePID(lock)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the store: %w", err), lock.Close())
	}
	return lock, nil
}

func writePID(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// readPID returns the process that a lock file names, or 0.
func readPID(lock *os.File) int {
	text, err := io.ReadAll(io.NewSectionReader(lock, 0, 20))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}
