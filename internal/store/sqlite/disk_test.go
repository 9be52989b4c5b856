//go:build unix

package sqlite

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// ioCall is a call that changes a file.
type ioCall string

const (
	writes    ioCall = "write"
	syncs     ioCall = "sync"
	truncates ioCall = "truncate"
)

// disk is the file system that SQLite uses by default in tests, with faults. It stands before the usual one.
type disk struct {
	base uintptr // the usual one, a [sqlite3.Tsqlite3_vfs]
	open func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	// What files were before; the same for all kinds of them.
	write    func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	sync     func(*libc.TLS, uintptr, int32) int32
	truncate func(*libc.TLS, uintptr, int64) int32
	kept     []any // what only SQLite has pointers to

	mu      sync.Mutex
	methods map[uintptr]uintptr // from those of the usual files to those with faults; guarded by mu
	names   map[uintptr]string  // of files; guarded by mu

	// fails returns SQLite's code of what a call on a file is to fail with, 0 for nothing.
	fails atomic.Pointer[func(call ioCall, name string) int32]
}

// theDisk returns the disk, of which there is one, since SQLite has one default.
var theDisk = sync.OnceValues(newDisk)

// at returns what is at an address.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// callable returns the function that SQLite has a pointer to.
func callable[F any](pointer uintptr) F { return *(*F)(unsafe.Pointer(&struct{ uintptr }{pointer})) }

// pointer returns a pointer to a function for SQLite, and keeps the function.
func (d *disk) pointer(function any) uintptr {
	d.kept = append(d.kept, function)
	return (*[2]uintptr)(unsafe.Pointer(&function))[1]
}

// replica returns a copy of what is at an address, outside of Go's memory.
func replica[T any](tls *libc.TLS, of uintptr) (uintptr, error) {
	address := libc.Xmalloc(tls, types.Size_t(unsafe.Sizeof(*new(T))))
	if address == 0 {
		return 0, fmt.Errorf("no memory")
	}
	*at[T](address) = *at[T](of)
	return address, nil
}

func newDisk() (*disk, error) {
	tls := libc.NewTLS()
	d := &disk{methods: map[uintptr]uintptr{}, names: map[uintptr]string{}}
	d.base = sqlite3.Xsqlite3_vfs_find(tls, 0)
	d.open = callable[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](at[sqlite3.Tsqlite3_vfs](d.base).FxOpen)
	mine, err := replica[sqlite3.Tsqlite3_vfs](tls, d.base)
	if err != nil {
		return nil, err
	}
	vfs := at[sqlite3.Tsqlite3_vfs](mine)
	if vfs.FzName, err = libc.CString("faulty"); err != nil {
		return nil, err
	}
	vfs.FxOpen = d.pointer(d.openFile)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, mine, 1); rc != sqlite3.SQLITE_OK {
		return nil, fmt.Errorf("register the disk: %d", rc)
	}
	return d, nil
}

// openFile opens a file, and puts itself before what it does.
//
//nolint:revive // SQLite says what it is called with
func (d *disk) openFile(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := d.open(tls, d.base, name, file, flags, out)
	before := at[sqlite3.Tsqlite3_file](file)
	if rc != sqlite3.SQLITE_OK || name == 0 || before.FpMethods == 0 {
		return rc
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	methods, known := d.methods[before.FpMethods]
	if !known {
		var err error
		if methods, err = d.newMethods(tls, before.FpMethods); err != nil {
			return sqlite3.SQLITE_NOMEM
		}
		d.methods[before.FpMethods] = methods
	}
	before.FpMethods = methods
	d.names[file] = libc.GoString(name)
	return rc
}

// newMethods returns the methods of a kind of files, with faults. The caller holds mu.
func (d *disk) newMethods(tls *libc.TLS, before uintptr) (uintptr, error) {
	address, err := replica[sqlite3.Tsqlite3_io_methods](tls, before)
	if err != nil {
		return 0, err
	}
	m := at[sqlite3.Tsqlite3_io_methods](address)
	if d.write == nil {
		d.write = callable[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](m.FxWrite)
		d.sync = callable[func(*libc.TLS, uintptr, int32) int32](m.FxSync)
		d.truncate = callable[func(*libc.TLS, uintptr, int64) int32](m.FxTruncate)
	}
	m.FxWrite = d.pointer(func(tls *libc.TLS, file, from uintptr, n int32, offset int64) int32 {
		return cmp.Or(d.failure(writes, file), d.write(tls, file, from, n, offset))
	})
	m.FxSync = d.pointer(func(tls *libc.TLS, file uintptr, flags int32) int32 {
		return cmp.Or(d.failure(syncs, file), d.sync(tls, file, flags))
	})
	m.FxTruncate = d.pointer(func(tls *libc.TLS, file uintptr, size int64) int32 {
		return cmp.Or(d.failure(truncates, file), d.truncate(tls, file, size))
	})
	return address, nil
}

// failure returns what a call is to fail with.
func (d *disk) failure(call ioCall, file uintptr) int32 {
	fails := d.fails.Load()
	if fails == nil {
		return sqlite3.SQLITE_OK
	}
	d.mu.Lock()
	name := d.names[file]
	d.mu.Unlock()
	return (*fails)(call, name)
}

// fail has calls on the files in a folder fail that what says so about, by SQLite's code, until the next call of fail;
// nil for none.
func (d *disk) fail(folder string, what func(call ioCall, name string) int32) {
	if what == nil {
		d.fails.Store(nil)
		return
	}
	fails := func(call ioCall, name string) int32 {
		if !strings.HasPrefix(name, folder) {
			return sqlite3.SQLITE_OK
		}
		return what(call, name)
	}
	d.fails.Store(&fails)
}
