//go:build unix

package sqlite

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	sqlite3 "modernc.org/sqlite/lib"
)

// ioCall is a call that reads or changes a file.
type ioCall string

const (
	reads     ioCall = "read"
	writes    ioCall = "write"
	syncs     ioCall = "sync"
	truncates ioCall = "truncate"
)

// disk is the file system that SQLite uses by default in tests, with faults. It stands before the usual one.
type disk struct {
	base uintptr // the usual one, a [sqlite3.Tsqlite3_vfs]
	open func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	// What files were before; the same for all kinds of them.
	read     func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	write    func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	sync     func(*libc.TLS, uintptr, int32) int32
	truncate func(*libc.TLS, uintptr, int64) int32
	kept     []any // what only SQLite has pointers to

	mu      sync.Mutex
	methods map[uintptr]uintptr // from those of the usual files to those with faults; guarded by mu
	names   map[uintptr]string  // of files; guarded by mu

	faults atomic.Pointer[faults]
}

// faults are what goes wrong with the files in a folder.
type faults struct {
	folder string
	// fails returns SQLite's code of what a call is to fail with, 0 for nothing.
	fails func(call ioCall, name string) int32
	// cache, if set, is told what is done.
	cache *cache
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
		d.read = callable[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](m.FxRead)
		d.write = callable[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](m.FxWrite)
		d.sync = callable[func(*libc.TLS, uintptr, int32) int32](m.FxSync)
		d.truncate = callable[func(*libc.TLS, uintptr, int64) int32](m.FxTruncate)
	}
	m.FxRead = d.pointer(func(tls *libc.TLS, file, to uintptr, n int32, offset int64) int32 {
		return cmp.Or(d.before(reads, file, extent{}), d.read(tls, file, to, n, offset))
	})
	m.FxWrite = d.pointer(func(tls *libc.TLS, file, from uintptr, n int32, offset int64) int32 {
		data := unsafe.Slice(at[byte](from), n)
		return cmp.Or(d.before(writes, file, extent{offset: offset, data: data}), d.write(tls, file, from, n, offset))
	})
	m.FxSync = d.pointer(func(tls *libc.TLS, file uintptr, flags int32) int32 {
		return cmp.Or(d.before(syncs, file, extent{}), d.sync(tls, file, flags))
	})
	m.FxTruncate = d.pointer(func(tls *libc.TLS, file uintptr, size int64) int32 {
		return cmp.Or(d.before(truncates, file, extent{offset: size}), d.truncate(tls, file, size))
	})
	return address, nil
}

// before returns what a call is to fail with.
func (d *disk) before(call ioCall, file uintptr, what extent) int32 {
	f := d.faults.Load()
	if f == nil {
		return sqlite3.SQLITE_OK
	}
	d.mu.Lock()
	name := d.names[file]
	d.mu.Unlock()
	if !strings.HasPrefix(name, f.folder) {
		return sqlite3.SQLITE_OK
	}
	if f.fails != nil {
		if code := f.fails(call, name); code != sqlite3.SQLITE_OK {
			return code
		}
	}
	if f.cache != nil && call != reads {
		f.cache.note(call, name, what)
	}
	return sqlite3.SQLITE_OK
}

// extent is a part of a file, or, without data, where a file ends.
type extent struct {
	offset int64
	data   []byte
}

// cache is what a disk has until it loses its power: the files as they were when they were last synced, and what of
// that which was written since chance has kept.
type cache struct {
	mu      sync.Mutex
	durable map[string][]byte   // guarded by mu
	pending map[string][]extent // guarded by mu
	// noted, if set, is called after each call.
	noted func()
}

func (c *cache) note(call ioCall, name string, what extent) {
	c.mu.Lock()
	if call == syncs {
		for _, p := range c.pending[name] {
			c.durable[name] = p.apply(c.durable[name])
		}
		delete(c.pending, name)
	} else {
		what.data = slices.Clone(what.data)
		c.pending[name] = append(c.pending[name], what)
	}
	c.mu.Unlock()
	if c.noted != nil {
		c.noted()
	}
}

// apply returns the content of a file with an extent.
func (p extent) apply(content []byte) []byte {
	end := p.offset + int64(len(p.data))
	if missing := end - int64(len(content)); missing > 0 {
		content = append(content, make([]byte, missing)...)
	}
	if p.data == nil {
		return content[:p.offset]
	}
	copy(content[p.offset:], p.data)
	return content
}

// left returns what is on the disk after a power cut at this moment: of what was not synced, some pieces, some halves of
// pieces, and some not.
func (c *cache) left() map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]byte{}
	for name, content := range c.durable {
		if _, err := os.Stat(name); err == nil { // the journal of when the file was made is gone
			all[name] = slices.Clone(content)
		}
	}
	for name, pieces := range c.pending {
		for _, p := range pieces {
			switch rand.IntN(4) {
			case 0:
				continue
			case 1:
				p.data = p.data[:len(p.data)/2]
			}
			all[name] = p.apply(all[name])
		}
	}
	return all
}
